//! The part of a document that this program writes; the rest is written by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What writes a generated part of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The load scenarios, or growth in its own document.
    Load,
    /// The board page in a browser.
    Browser,
}

impl Part {
    fn command(self) -> &'static str {
        match self {
            Self::Load => "cargo xtask bench",
            Self::Browser => "cargo xtask bench --browser",
        }
    }

    /// The lines around it.
    fn marks(self) -> [String; 2] {
        ["begin", "end"].map(|it| format!("<!-- {it}: written by {} -->", self.command()))
    }
}

/// Replaces a generated part of a document, or creates a document of it.
pub fn write(path: &Path, part: Part, title: &str, section: &str) -> Result<()> {
    let [begin, end] = part.marks();
    let old = fs::read_to_string(path).unwrap_or_else(|_| format!("# {title}\n"));
    let old = if old.contains(&begin) { old } else { format!("{old}\n{begin}\n{end}\n") };
    let name = path.display();
    let text = replaced(&old, part, section)
        .with_context(|| format!("{name} has the beginning of a generated part and not its end"))?;
    fs::write(path, text).with_context(|| format!("{name} cannot be written"))
}

fn replaced(old: &str, part: Part, section: &str) -> Option<String> {
    let [begin, end] = part.marks();
    let (before, rest) = old.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", section.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_generated_part_is_replaced() {
        let [begin, end] = Part::Browser.marks();
        let [other, other_end] = Part::Load.marks();
        let rest = format!("{other}\nother\n{other_end}\nMine.\n{begin}");
        let old = format!("{rest}\nold\n{end}\nMine too.\n");
        let new = replaced(&old, Part::Browser, "new").expect("a generated part");
        assert_eq!(new, format!("{rest}\n\nnew\n\n{end}\nMine too.\n"));
        assert_eq!(replaced("Nothing generated.", Part::Load, "new"), None);
    }
}
