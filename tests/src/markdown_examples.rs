//! Notes for comparing the Markdown renderers of the server and the browser.

use serde::{Deserialize, Serialize};

use crate::random_markdown::random_markdown;

/// An example note.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MarkdownExample {
    /// A description.
    pub name: String,
    /// The text of the note.
    pub markdown: String,
}

impl MarkdownExample {
    fn new(name: impl Into<String>, markdown: impl Into<String>) -> Self {
        Self { name: name.into(), markdown: markdown.into() }
    }
}

/// All examples of the specifications of `CommonMark` and GFM.
#[must_use]
pub fn specification_examples() -> Vec<MarkdownExample> {
    let texts = [
        include_str!("../vectors/markdown/commonmark.json"),
        include_str!("../vectors/markdown/gfm.json"),
    ];
    let parse = |text| serde_json::from_str::<Vec<MarkdownExample>>(text).expect("valid examples");
    texts.into_iter().flat_map(parse).collect()
}

/// Random documents, the same each time.
#[must_use]
pub fn random_examples(count: u64) -> Vec<MarkdownExample> {
    let example = |seed| MarkdownExample::new(format!("random {seed}"), random_markdown(seed));
    (1..=count).map(example).collect()
}

/// Notes of at most 64 KiB that are designed to be slow to render.
#[must_use]
pub fn hostile_examples() -> Vec<MarkdownExample> {
    let mut examples: Vec<_> =
        REPEATED.iter().map(|piece| repeated(piece, NOTE_BYTES_MAX)).collect();
    examples.extend(nested());
    examples.extend(tables());
    examples.extend(references());
    examples
}

const NOTE_BYTES_MAX: usize = 65_536;

/// Fragments that are repeated to fill a note.
const REPEATED: &[&str] = &[
    ">",
    "> ",
    "- ",
    "1) ",
    "* * * x\n",
    "* * * x ",
    "[",
    "![",
    "[]",
    "[a](",
    "[*a]",
    "*",
    "*a",
    "*a ",
    "a**b",
    "**a *b ",
    "*a _b ",
    "_a*b",
    "a_ _b",
    "*[a](b) ",
    "~a ",
    "~~a",
    "~a~~b",
    "a&",
    "&copy;",
    "&#1;",
    "<",
    "<!--",
    "<a ",
    "<a b=\"c\" ",
    "<?",
    "<!A ",
    "<![CDATA[",
    "<div>\n",
    "<p>a\n\n",
    "<http:",
    "`a``",
    "` ",
    "```\n",
    "```a",
    "> ```\n",
    "    a\n\n",
    "|",
    "a|",
    "|a\n|-\n",
    ":-|",
    "[a]: u\n",
    "[a]:\n",
    "[a\n",
    "[a]: u \"",
    "[a]: u \"\n",
    "[a](b \"",
    "[a](<b",
    "\n",
    "\t",
    "a\n",
    "a\n=\n",
    "\\\n",
    "---\n",
    ">\n",
    "> a\nb\n",
    "-\n",
    "- a\n\n",
    "- a\n  b\n",
    "http://",
    "http://a_b",
    "www.",
    "(www.a_b",
    "www.a.b ",
    "a@",
    ".@",
    "a@b.c ",
    "&a;",
];

fn repeated(piece: &str, bytes: usize) -> MarkdownExample {
    MarkdownExample::new(format!("{piece:?} repeated"), piece.repeat(bytes / piece.len()))
}

fn nested() -> Vec<MarkdownExample> {
    let around = |opening: &str, closing: &str, depth: usize| {
        let name = format!("{depth} times {opening:?} around text");
        MarkdownExample::new(name, format!("{}a{}", opening.repeat(depth), closing.repeat(depth)))
    };
    let after = |name: &str, start: &str, piece: &str| {
        let count = (NOTE_BYTES_MAX - start.len()) / piece.len();
        MarkdownExample::new(name, format!("{start}{}", piece.repeat(count)))
    };
    let steps = |indent: &str, count: usize| {
        let lines = (0..count).map(|depth| format!("{}- a\n", indent.repeat(depth)));
        lines.collect::<Vec<_>>().concat()
    };
    vec![
        around("[", "]", 10_000),
        around("[", "](u)", 10_000),
        around("*a **a ", "a** a*", 4_500),
        around("*_", "_*", 10_000),
        around("~~*", "*~~", 10_000),
        around("*", "*", 16_000),
        around("> ", "", 10_000),
        after("lists, then blank lines", &format!("{}a\n", "- ".repeat(10_000)), "\n"),
        after("allowed quotes, then lines", &format!("{}a\n", "> ".repeat(38)), "a\n"),
        after("allowed lists, then lines", &format!("{}a\n", "- ".repeat(19)), "a\n"),
        after("allowed lists, then blank lines", &format!("{}a\n", "- ".repeat(40)), "\n"),
        after("a quote on each line", "", &format!("{}a\n", ">".repeat(38))),
        MarkdownExample::new("lists by indent", steps("  ", 250)),
        MarkdownExample::new("lists by tabs", steps("\t", 250)),
        after("spaces in a line", "a", " "),
        after("hashes of a heading", "# a", "#"),
        after("parentheses of a link", "[a](", "("),
        after("an address with dots", "www.", "a."),
        after("an address with parentheses", "www.a.b", ")"),
        after("an address with entities", "www.a.b", "&a;"),
        MarkdownExample::new("a mail address", format!("{}@", "a".repeat(65_000))),
        MarkdownExample::new(
            "runs of backquotes",
            (1..350).map(|length| format!("{} ", "`".repeat(length))).collect::<Vec<_>>().concat(),
        ),
        MarkdownExample::new(
            "unknown entities",
            (0..8_000).map(|number| format!("&a{number};")).collect::<Vec<_>>().concat(),
        ),
    ]
}

fn tables() -> Vec<MarkdownExample> {
    let table = |columns: usize, rows: usize, row: &str| {
        format!("{}|\n{}|\n{}\n", "|a".repeat(columns), "|-".repeat(columns), row.repeat(rows))
    };
    vec![
        MarkdownExample::new("a wide table", table(8_000, 8_000, "|a\n")),
        MarkdownExample::new("many wide tables", table(500, 300, "|a\n").repeat(20)),
        MarkdownExample::new("a long table", table(2, 10_000, "|a|b|\n")),
        MarkdownExample::new(
            "a table with too many columns for its limits",
            table(10_000, 1, "|a\n"),
        ),
        MarkdownExample::new("delimiter rows", format!("|a|\n{}", "|-|\n".repeat(10_000))),
    ]
}

fn references() -> Vec<MarkdownExample> {
    let long = "b".repeat(30_000);
    let definitions =
        (0..6_000).map(|number| format!("[{number}]: u\n")).collect::<Vec<_>>().concat();
    vec![
        MarkdownExample::new(
            "a long target that is used often",
            format!("[a]: https://a.example/{long}\n\n{}", "[a] ".repeat(8_000)),
        ),
        MarkdownExample::new(
            "a long title that is used often",
            format!("[a]: u \"{long}\"\n\n{}", "[a] ".repeat(8_000)),
        ),
        MarkdownExample::new("many definitions", definitions),
        MarkdownExample::new(
            "nested pictures by reference",
            format!("[a]: u\n\n{}a{}", "![".repeat(16_000), "]".repeat(16_000)),
        ),
    ]
}
