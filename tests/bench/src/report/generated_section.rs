//! The part of a document that this program writes; the rest is written by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- begin: written by cargo xtask bench -->";
const END: &str = "<!-- end: written by cargo xtask bench -->";

/// Replaces the generated part of a document, or creates a document of it.
pub fn write(path: &Path, title: &str, section: &str) -> Result<()> {
    let old = fs::read_to_string(path).unwrap_or_else(|_| format!("# {title}\n\n{BEGIN}\n{END}\n"));
    let name = path.display();
    let text = replaced(&old, section).with_context(|| format!("{name} has no generated part"))?;
    fs::write(path, text).with_context(|| format!("{name} cannot be written"))
}

fn replaced(old: &str, section: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", section.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_generated_part_is_replaced() {
        let old = format!("Mine.\n{BEGIN}\nold\n{END}\nMine too.\n");
        let new = replaced(&old, "new").expect("a generated part");
        assert_eq!(new, format!("Mine.\n{BEGIN}\n\nnew\n\n{END}\nMine too.\n"));
        assert_eq!(replaced("Nothing generated.", "new"), None);
    }
}
