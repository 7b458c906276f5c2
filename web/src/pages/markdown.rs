//! Notes as HTML that cannot do harm.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// The HTML of a note. HTML that somebody typed is shown as they typed it.
pub(super) fn to_html(markdown: &str) -> String {
    let (mut nesting, mut pictures) = (Nesting::default(), Pictures::default());
    let options = Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(markdown, options)
        .filter(|event| nesting.keeps(event))
        .map(line_as_typed)
        .filter_map(|event| pictures.tame(event));
    let mut written = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut written, events);
    SANITISER.clean(&written).to_string()
}

/// Whoever presses Enter in a note wants a new line, unlike in `CommonMark`.
fn line_as_typed(event: Event<'_>) -> Event<'_> {
    match event {
        Event::SoftBreak => Event::HardBreak,
        other => other,
    }
}

/// Nobody's notes are deeper, and the time to sanitise grows with the square of it.
const DEPTH_MAX: usize = 40;

/// What stands too deep stays, without the marks around it.
#[derive(Default)]
struct Nesting {
    depth: usize,
}

impl Nesting {
    fn keeps(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Start(_) => {
                self.depth += 1;
                self.depth <= DEPTH_MAX
            }
            Event::End(_) => {
                let is_kept = self.depth <= DEPTH_MAX;
                self.depth = self.depth.saturating_sub(1);
                is_kept
            }
            _ => true,
        }
    }
}

/// Pictures from elsewhere would tell others who reads a note, so each becomes a link to itself.
#[derive(Default)]
struct Pictures {
    links_open: usize,
    linked: Vec<bool>,
}

impl Pictures {
    fn tame<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Html(typed) | Event::InlineHtml(typed) => Some(Event::Text(typed)),
            Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Image { dest_url, title, id, .. }) => {
                let is_free = self.links_open == 0;
                self.linked.push(is_free);
                let link_type = pulldown_cmark::LinkType::Inline;
                is_free.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
            }
            Event::End(TagEnd::Image) => {
                self.linked.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link))
            }
            Event::Start(Tag::Link { .. }) => {
                self.links_open += 1;
                Some(event)
            }
            Event::End(TagEnd::Link) => {
                self.links_open = self.links_open.saturating_sub(1);
                Some(event)
            }
            other => Some(other),
        }
    }
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "input",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "ul",
    ];
    let mut builder = Builder::default();
    builder
        .tags(HashSet::from(tags))
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
            ("input", HashSet::from(["checked", "disabled"])),
        ]))
        .tag_attribute_values(HashMap::from([(
            "input",
            HashMap::from([("type", HashSet::from(["checkbox"]))]),
        )]))
        .set_tag_attribute_value("input", "disabled", "")
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener"));
    builder
});

/// The first words of a note without their marks, as far as `chars_max`; empty where it has none.
pub(super) fn first_line(markdown: &str, chars_max: usize) -> String {
    // Whatever the marks are, the first line of a sensible note lies within this.
    const LOOK_AT_CHARS: usize = 1_000;
    let start: String = markdown.trim_start().chars().take(LOOK_AT_CHARS).collect();
    let mut line = String::new();
    for event in Parser::new_ext(&start, Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH)
    {
        match event {
            Event::Text(it) | Event::Code(it) | Event::Html(it) | Event::InlineHtml(it) => {
                line.push_str(&it);
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_)
                if is_said(&line) && ends(&event) =>
            {
                break;
            }
            _ => {}
        }
    }
    shortened(line.trim(), chars_max).into_owned()
}

fn is_said(line: &str) -> bool {
    !line.trim().is_empty()
}

/// Emphasis ends within a line; blocks and breaks end the line itself.
fn ends(event: &Event<'_>) -> bool {
    !matches!(
        event,
        Event::End(
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image
        )
    )
}

fn shortened(line: &str, chars_max: usize) -> Cow<'_, str> {
    let line = line.split('\n').next().unwrap_or_default();
    if line.chars().count() <= chars_max {
        return Cow::Borrowed(line);
    }
    let cut: String = line.chars().take(chars_max.saturating_sub(1)).collect();
    Cow::Owned(format!("{}…", cut.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_a_line_end() {
        assert_eq!(to_html("one\ntwo"), "<p>one<br>\ntwo</p>\n");
    }

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            to_html("# A\n\n*b* **c** `d`"),
            "<h1>A</h1>\n<p><em>b</em> <strong>c</strong> <code>d</code></p>\n"
        );
    }

    #[test]
    fn tasks_have_boxes_that_nobody_can_press() {
        let html = to_html("- [x] done\n- [ ] open\n");
        assert_eq!(html.matches("type=\"checkbox\"").count(), 2, "{html}");
        assert_eq!(html.matches("disabled").count(), 2, "{html}");
        assert_eq!(html.matches("checked").count(), 1, "{html}");
    }

    #[test]
    fn typed_html_is_shown_and_not_obeyed() {
        let html =
            to_html("a <b>bold</b>\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>");
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("<b>"),
            "{html}"
        );
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    }

    #[test]
    fn what_stands_too_deep_stays_without_its_marks() {
        for mark in [">", "- ", "1) "] {
            let html = to_html(&format!("{}deep\n\n*after*", mark.repeat(20_000)));
            assert!(html.matches('<').count() <= 2 * DEPTH_MAX + 6, "{mark}");
            assert!(html.contains("deep") && html.contains("<em>after</em>"), "{mark}");
        }
    }

    #[test]
    fn links_go_only_where_the_web_is() {
        for scheme in ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example"] {
            let html = to_html(&format!("[a]({scheme})"));
            assert!(!html.contains("href"), "{html}");
        }
        let html = to_html("[a](https://example.org)");
        assert_eq!(
            html,
            "<p><a href=\"https://example.org\" rel=\"nofollow noopener\">a</a></p>\n"
        );
    }

    #[test]
    fn a_picture_becomes_a_link_to_it() {
        let html = to_html("![a cat](https://example.org/cat.png)");
        assert!(html.contains("<a href=\"https://example.org/cat.png\""), "{html}");
        assert!(html.contains(">a cat</a>") && !html.contains("<img"), "{html}");
        let nested = to_html("[![a cat](https://a.example/cat.png)](https://b.example)");
        assert_eq!(nested.matches("<a ").count(), 1, "{nested}");
        assert!(nested.contains("https://b.example"), "{nested}");
    }

    #[test]
    fn the_first_line_is_told_without_its_marks() {
        for (markdown, line) in [
            ("# Packing list\n\nsocks", "Packing list"),
            ("- [ ] *buy* milk\n- eggs", "buy milk"),
            ("> said **she**\nand more", "said she"),
            ("one\ntwo", "one"),
            ("  \n\n", ""),
            ("---\n\nafter", "after"),
            ("<b>x</b>", "<b>x</b>"),
        ] {
            assert_eq!(first_line(markdown, 60), line, "{markdown:?}");
        }
    }

    #[test]
    fn a_long_first_line_is_cut() {
        let line = first_line(&"word ".repeat(40), 60);
        assert!(line.chars().count() <= 60 && line.ends_with('…'), "{line}");
    }
}
