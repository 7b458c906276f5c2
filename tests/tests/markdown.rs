//! The HTML of notes is harmless and of bounded size.

use std::collections::{HashMap, HashSet};

use ammonia::Builder;
use sockbit_tests::markdown_examples::{hostile_examples, random_examples, specification_examples};
use sockbit_web::markdown::to_html;

const RANDOM_NOTES: u64 = 2_000;
const SCHEMES: [&str; 3] = ["http:", "https:", "mailto:"];
/// As `ELEMENTS_MAX` in the limits of the renderer.
const ELEMENTS_MAX: usize = 20_000;
/// Less than 70 bytes for each element, besides the text.
const HTML_BYTES_MAX: usize = 1_500_000;

#[test]
fn a_sanitiser_finds_nothing_to_remove() {
    let strict = sanitiser();
    let examples = [specification_examples(), random_examples(RANDOM_NOTES)];
    for example in examples.concat() {
        let html = to_html(&example.markdown);
        let clean = strict.clean(&html).to_string();
        let tags = |html: &str| html.matches('<').count();
        assert_eq!(tags(&html), tags(&clean), "{}: {html}\n{clean}", example.name);
        let mut targets = html.split(" href=\"").skip(1).map(str::to_ascii_lowercase);
        assert!(targets.all(|it| SCHEMES.iter().any(|scheme| it.starts_with(scheme))), "{html}");
    }
}

#[test]
fn the_html_of_a_note_has_bounded_size() {
    for example in hostile_examples() {
        let html = to_html(&example.markdown);
        let elements = html.match_indices('<').filter(|(at, _)| !html[at + 1..].starts_with('/'));
        assert!(elements.count() <= ELEMENTS_MAX, "{}", example.name);
        assert!(html.len() <= HTML_BYTES_MAX, "{}: {} bytes", example.name, html.len());
    }
}

#[test]
fn all_examples_of_the_specifications_are_included() {
    assert_eq!(specification_examples().len(), 652 + 673);
}

/// Allows the elements and attributes that the renderer writes.
fn sanitiser() -> Builder<'static> {
    let elements = [
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
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let mut builder = Builder::default();
    builder
        .tags(HashSet::from(elements))
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
            ("li", HashSet::from(["class"])),
            ("p", HashSet::from(["class"])),
            ("input", HashSet::from(["checked", "disabled", "type"])),
            ("td", HashSet::from(["align"])),
            ("th", HashSet::from(["align"])),
        ]))
        .link_rel(Some("nofollow noopener"));
    builder
}
