//! Random Markdown documents.

/// Prefixes of a line.
const PREFIXES: &[&str] = &[
    "", "", "", "", "> ", ">", "- ", "* ", "+ ", "-", "1. ", "2) ", "10. ", "  ", "   ", "    ",
    "\t", "     ", "# ", "### ", "- [ ] ", "- [x] ", "1. [X] ", "> - ", "- > ", "- - ", "  - ",
    "    - ", "> > ",
];

/// Complete lines, which follow a prefix.
const LINES: &[&str] = &[
    "",
    "",
    "",
    "---",
    "***",
    "- - -",
    "===",
    "```",
    "~~~",
    "``` rust",
    "````",
    "| a | b |",
    "|---|---|",
    "|:-|-:|",
    "--|--",
    "a | b",
    "|-|",
    "[a]: /u",
    "[b]: <https://b.example/x> \"t\"",
    "[a]:",
    "<div>",
    "</div>",
    "<!-- c",
    "-->",
    "<pre>",
    "</pre>",
    "<?php ?>",
    "#",
    "##",
    "Heading",
    "a  ",
    "a\\",
    "[ ]",
    "[x]",
    "===a",
    ":-:",
    "|",
];

/// Fragments of a line of text.
const PIECES: &[&str] = &[
    "a",
    "foo",
    "bar baz",
    " ",
    " ",
    " ",
    "  ",
    "*",
    "*",
    "**",
    "**",
    "***",
    "_",
    "_",
    "__",
    "~",
    "~~",
    "~~~",
    "`",
    "`",
    "``",
    "[",
    "[",
    "]",
    "]",
    "(",
    ")",
    "![",
    "](",
    "](/u)",
    "](https://a.example)",
    "](<b c>)",
    "](/u \"t\")",
    "[a]",
    "[b]",
    "[a][b]",
    "[]",
    "<",
    ">",
    "<b>",
    "</b>",
    "<b c=\"d\">",
    "<!-- x -->",
    "<https://a.example/b>",
    "<a@b.example>",
    "<javascript:x>",
    "&amp;",
    "&copy;",
    "&#35;",
    "&#x1f600;",
    "&#0;",
    "&nosuch;",
    "&ouml",
    "&",
    "\\",
    "\\*",
    "\\[",
    "\\|",
    "\\`",
    "|",
    "|",
    "!",
    "\"",
    "'",
    "http://a.example/b",
    "https://a.example.",
    "www.a.example/c_d",
    "www.b",
    "a@b.example",
    "ftp://a.example",
    "é",
    "“",
    "”",
    "。",
    "😀",
    "1.",
    "#",
    "+",
    "-",
    "=",
    ":",
    "\t",
    ".",
];

/// A document, the same for the same seed.
#[must_use]
pub fn random_markdown(seed: u64) -> String {
    let mut random = Random(seed);
    let lines = 1 + random.below(8);
    let mut document = String::new();
    for index in 0..lines {
        if index > 0 {
            document.push('\n');
        }
        for _ in 0..=random.below(2) {
            document.push_str(random.pick(PREFIXES));
        }
        if random.below(3) == 0 {
            document.push_str(random.pick(LINES));
        } else {
            for _ in 0..=random.below(9) {
                document.push_str(random.pick(PIECES));
            }
        }
    }
    document
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }
}
