//! Formatting, language, clippy and docs, with warnings as errors.

use anyhow::Result;

use super::check_language;
use crate::cargo::{cargo, cargo_with};

pub fn lint() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    check_language()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])?;
    let doc = ["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"];
    cargo_with(&doc, &[("RUSTDOCFLAGS", "--deny warnings")])
}
