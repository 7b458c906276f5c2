//! Formatting, language, clippy and docs, with warnings as errors.

use anyhow::Result;

use crate::cargo::{cargo, cargo_with};

pub fn lint() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"])?;
    let doc = ["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"];
    cargo_with(&doc, &[("RUSTDOCFLAGS", "--deny warnings")])
}
