//! The syntax of comments and strings in each kind of file.

use std::path::Path;

/// The kinds of files that are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    Rust,
    JavaScript,
    Sql,
    Css,
    Shell,
    Toml,
    Html,
    Markdown,
}

impl Syntax {
    /// The syntax by the file's extension; `None` if such files are not checked.
    pub fn of_path(path: &str) -> Option<Self> {
        Some(match Path::new(path).extension()?.to_str()? {
            "rs" => Self::Rust,
            "js" | "mjs" => Self::JavaScript,
            "sql" => Self::Sql,
            "css" => Self::Css,
            "sh" => Self::Shell,
            "toml" => Self::Toml,
            "html" => Self::Html,
            "md" => Self::Markdown,
            _ => return None,
        })
    }

    /// The start of a comment that ends with its line.
    pub fn line_comment(self) -> Option<&'static str> {
        match self {
            Self::Rust | Self::JavaScript => Some("//"),
            Self::Sql => Some("--"),
            Self::Shell | Self::Toml => Some("#"),
            Self::Css | Self::Html | Self::Markdown => None,
        }
    }

    /// The starts and ends of block comments.
    pub fn block_comments(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust | Self::JavaScript | Self::Sql | Self::Css => &[("/*", "*/")],
            Self::Html => &[("{#", "#}"), ("<!--", "-->")],
            Self::Shell | Self::Toml | Self::Markdown => &[],
        }
    }

    /// The characters that a string literal can begin and end with.
    pub fn quotes(self) -> &'static [char] {
        match self {
            Self::Rust => &['"'],
            Self::JavaScript => &['"', '\'', '`'],
            Self::Sql => &['\''],
            Self::Css | Self::Shell | Self::Toml => &['"', '\''],
            Self::Html | Self::Markdown => &[],
        }
    }
}
