//! Renders the Markdown of notes as safe HTML.
//!
//! The browser renders the same elements (`assets/js/markdown`). Tests compare both on the examples of
//! the specifications and on random documents.

mod autolinks;
mod html;
mod limits;
mod parse;

use std::borrow::Cow;

use pulldown_cmark::Event;

/// The HTML of a note. HTML in the note is shown as text.
#[must_use]
pub fn to_html(markdown: &str) -> String {
    if !limits::is_cheap_to_parse(markdown) {
        return html::write_plain(markdown);
    }
    let untabbed = parse::without_tabs_before_quotes(markdown);
    html::write_html(&untabbed).unwrap_or_else(|_| html::write_plain(markdown))
}

/// The first line of a note with text, without markup, shortened to `chars_max`; empty if there is
/// none.
pub(super) fn first_line(markdown: &str, chars_max: usize) -> String {
    // Enough for the first line of an ordinary note.
    const PARSED_CHARS_MAX: usize = 1_000;
    let start: String = markdown.trim_start().chars().take(PARSED_CHARS_MAX).collect();
    let mut line = String::new();
    for event in parse::events(&start) {
        if parse::ends_line(&event) && !line.trim().is_empty() {
            break;
        }
        if let Event::Text(it) | Event::Code(it) | Event::Html(it) | Event::InlineHtml(it) = event {
            line.push_str(&it);
        }
    }
    shortened(line.trim(), chars_max).into_owned()
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
    fn a_line_end_is_a_line_break() {
        assert_eq!(to_html("one\ntwo"), "<p>one<br>\ntwo</p>");
    }

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            to_html("# A\n\n*b* **c** ~~d~~ `e`"),
            "<h1>A</h1><p><em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>"
        );
        assert_eq!(
            to_html("|a|b|\n|:-:|-|\n|c|"),
            "<table><thead><tr><th align=\"center\">a</th><th>b</th></tr></thead>\
             <tbody><tr><td align=\"center\">c</td><td></td></tr></tbody></table>"
        );
    }

    #[test]
    fn tasks_have_disabled_checkboxes() {
        assert_eq!(
            to_html("- [x] done\n- [ ] open\n- [X]\n- \\[ ] no\n- [ ]no"),
            "<ul><li class=\"task\"><input type=\"checkbox\" disabled checked> done</li>\
             <li class=\"task\"><input type=\"checkbox\" disabled> open</li>\
             <li class=\"task\"><input type=\"checkbox\" disabled checked></li>\
             <li>[ ] no</li><li>[ ]no</li></ul>"
        );
    }

    #[test]
    fn typed_html_is_shown_as_text() {
        assert_eq!(
            to_html("a <b>bold</b>\n\n<script>\nalert(\"1\")\n</script>\n\n<img src=x>"),
            "<p>a &lt;b&gt;bold&lt;/b&gt;</p>\
             <p>&lt;script&gt;<br>\nalert(&quot;1&quot;)<br>\n&lt;/script&gt;</p>\
             <p>&lt;img src=x&gt;</p>"
        );
    }

    #[test]
    fn a_note_beyond_the_limits_is_plain_text() {
        let is_plain = |markdown: &str| {
            let html = to_html(markdown);
            html.starts_with("<p class=\"plain\">") && html.matches('<').count() == 2
        };
        assert!(is_plain(&format!("{}deep", "> ".repeat(limits::DEPTH_MAX + 1))));
        assert!(is_plain(&format!("{}deep", "- ".repeat(20_000))));
        assert!(is_plain(&"a\n".repeat(limits::ELEMENTS_MAX + 2)));
        let emphasis = |depth| format!("{}b{}", "*a ".repeat(depth), " a*".repeat(depth));
        assert!(is_plain(&emphasis(limits::DEPTH_MAX)));
        assert!(!is_plain(&emphasis(limits::DEPTH_MAX - 1)));
        let bomb = format!("[a]: https://a.example/{}\n\n{}", "b".repeat(9_000), "[a] ".repeat(8));
        assert!(is_plain(&bomb));
        assert!(!is_plain(&format!("{}deep", "> ".repeat(limits::DEPTH_MAX - 1))));
    }

    #[test]
    fn links_lead_only_to_the_web_and_to_mailboxes() {
        for target in ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example"] {
            let html = to_html(&format!("[a]({target})"));
            assert!(!html.contains("href"), "{html}");
        }
        assert_eq!(
            to_html("[a](https://example.org \"t\") <b@c.example>"),
            "<p><a href=\"https://example.org\" title=\"t\" rel=\"nofollow noopener\">a</a> \
             <a href=\"mailto:b@c.example\" rel=\"nofollow noopener\">b@c.example</a></p>"
        );
    }

    #[test]
    fn quotes_in_a_link_do_not_end_its_attribute() {
        let html =
            to_html("[a](<https://b.example/\" onclick=\"c>) [a](https://b.example '\"><i>')");
        assert_eq!(html.matches('<').count(), 6, "{html}");
        assert_eq!(html.matches('"').count(), 10, "{html}");
    }

    #[test]
    fn a_picture_becomes_a_link_to_it() {
        let html = to_html("![a *cat*](https://example.org/cat.png)");
        assert!(html.contains("<a href=\"https://example.org/cat.png\""), "{html}");
        assert!(html.contains(">a cat</a>") && !html.contains("<img"), "{html}");
        let nested = to_html("[![a cat](https://a.example/cat.png)](https://b.example)");
        assert_eq!(nested.matches("<a ").count(), 1, "{nested}");
        assert!(nested.contains("https://b.example"), "{nested}");
    }

    #[test]
    fn control_characters_of_character_references_are_replaced() {
        assert_eq!(
            to_html("&#1;&#0;&#x85;&#xfffe;&#9;&#13;."),
            "<p>\u{fffd}\u{fffd}\u{fffd}\u{fffd}\t&#13;.</p>"
        );
    }

    #[test]
    fn the_first_line_has_no_markup() {
        for (markdown, line) in [
            ("# Packing list\n\nsocks", "Packing list"),
            ("- [ ] *buy* milk\n- eggs", "buy milk"),
            ("> said **she**\nand more", "said she"),
            ("one\ntwo", "one"),
            ("  \n\n", ""),
            ("---\n\nafter", "after"),
            ("<b>x</b>", "<b>x</b>"),
            ("|a|b|\n|-|-|", "a"),
        ] {
            assert_eq!(first_line(markdown, 60), line, "{markdown:?}");
        }
    }

    #[test]
    fn a_long_first_line_is_shortened() {
        let line = first_line(&"word ".repeat(40), 60);
        assert!(line.chars().count() <= 60 && line.ends_with('…'), "{line}");
    }
}
