//! Parses the Markdown of a note into events, with images as links and line ends as line breaks.

use std::borrow::Cow;
use std::iter::{Peekable, repeat_n};
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

const TAB_COLUMNS: usize = 4;

/// The events of a note. Adjacent texts are merged.
pub(super) fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    let mut images = ImagesAsLinks::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let parser = Parser::new_ext(markdown, options).into_offset_iter();
    let shown = parser.filter_map(move |(event, range)| Some((images.convert(event)?, range)));
    TaskMarkers::new(markdown, TextMergeWithOffset::new(shown))
}

/// Replaces each tab before a quote marker at the start of a line by spaces.
///
/// The parser accepts `>` after a tab as the marker of an open quote, although a tab is as wide as four
/// spaces. The browser does the same replacement, so that both render the same.
pub(super) fn without_tabs_before_quotes(markdown: &str) -> Cow<'_, str> {
    if !markdown.contains('\t') {
        return Cow::Borrowed(markdown);
    }
    let mut result = String::with_capacity(markdown.len());
    for line in markdown.split_inclusive('\n') {
        let start = line.trim_start_matches([' ', '\t', '>']);
        let (prefix, text) = line.split_at(line.len() - start.len());
        let (quotes, indent) = prefix.split_at(prefix.rfind('>').map_or(0, |at| at + 1));
        let line_start = result.len();
        for letter in quotes.chars() {
            let column = result.len() - line_start;
            let width = if letter == '\t' { TAB_COLUMNS - column % TAB_COLUMNS } else { 0 };
            if width == 0 {
                result.push(letter);
            }
            result.extend(repeat_n(' ', width));
        }
        result.push_str(indent);
        result.push_str(text);
    }
    Cow::Owned(result)
}

/// Whether `event` ends the current line.
pub(super) fn ends_line(event: &Event<'_>) -> bool {
    match event {
        Event::HardBreak | Event::Rule => true,
        Event::Start(tag) => !is_inline(tag.to_end()),
        Event::End(tag) => !is_inline(*tag),
        _ => false,
    }
}

/// Whether the element that `tag` ends is part of a line.
pub(super) fn is_inline(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

/// Converts images to links: loading an image would reveal the reader to its server.
#[derive(Default)]
struct ImagesAsLinks {
    links_open: usize,
    images_open: usize,
}

impl ImagesAsLinks {
    /// The event to render instead of `event`; `None` to skip it. The description of an image becomes
    /// plain text. An image inside a link or another image is reduced to its description.
    fn convert<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(Tag::Image { dest_url, title, id, .. }) if self.is_outermost() => {
                self.images_open = 1;
                Some(Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id }))
            }
            Event::Start(Tag::Image { .. }) => {
                self.images_open += 1;
                Some(event)
            }
            Event::End(TagEnd::Image) => {
                self.images_open -= 1;
                Some(if self.is_outermost() { Event::End(TagEnd::Link) } else { event })
            }
            Event::Start(_) | Event::End(_) if self.images_open > 0 => None,
            Event::Code(code) => {
                let code = single_spaced(&code).into();
                Some(if self.images_open > 0 { Event::Text(code) } else { Event::Code(code) })
            }
            Event::SoftBreak | Event::HardBreak if self.images_open > 0 => {
                Some(Event::Text(CowStr::Borrowed(" ")))
            }
            Event::SoftBreak => Some(Event::HardBreak),
            Event::Start(Tag::Link { .. }) => {
                self.links_open += 1;
                Some(event)
            }
            Event::End(TagEnd::Link) => {
                self.links_open -= 1;
                Some(event)
            }
            _ => Some(event),
        }
    }

    fn is_outermost(&self) -> bool {
        self.links_open == 0 && self.images_open == 0
    }
}

/// Inline code. Browsers show consecutive spaces as one, and parsers differ in how many they keep.
fn single_spaced(code: &str) -> String {
    let mut result = String::with_capacity(code.len());
    for letter in code.chars() {
        match letter {
            ' ' | '\t' | '\n' if result.ends_with(' ') => {}
            ' ' | '\t' | '\n' => result.push(' '),
            _ => result.push(letter),
        }
    }
    result
}

const TASK_MARKER_LENGTH: usize = "[ ]".len();

/// Converts `[ ]` or `[x]` at the start of a list item to a task list marker.
///
/// The parser's own extension would also convert a bracket that starts a link.
struct TaskMarkers<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> {
    markdown: &'a str,
    events: Peekable<I>,
    /// The text after a marker, which is the next event.
    rest: Option<Event<'a>>,
    is_at_item_start: bool,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> TaskMarkers<'a, I> {
    fn new(markdown: &'a str, events: I) -> Self {
        Self { markdown, events: events.peekable(), rest: None, is_at_item_start: false }
    }

    /// Whether the text at `start` begins with the marker of a completed task; `None` if it begins with
    /// no marker.
    fn task(&mut self, text: &str, start: usize) -> Option<bool> {
        let marker = text.get(..TASK_MARKER_LENGTH)?;
        let is_done = match marker {
            "[ ]" => false,
            "[x]" | "[X]" => true,
            _ => return None,
        };
        let is_followed = match text.as_bytes().get(TASK_MARKER_LENGTH) {
            Some(next) => matches!(next, b' ' | b'\t'),
            None => self.events.peek().is_none_or(|(next, _)| ends_line(next)),
        };
        // A marker that contains an escape or a character reference is text.
        let is_literal =
            self.markdown[start..].starts_with(marker) && !self.markdown[..start].ends_with('\\');
        (is_followed && is_literal).then_some(is_done)
    }
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Iterator for TaskMarkers<'a, I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if self.rest.is_some() {
            return self.rest.take();
        }
        let (event, range) = self.events.next()?;
        let was_at_item_start = std::mem::take(&mut self.is_at_item_start);
        match &event {
            Event::Start(Tag::Item) => self.is_at_item_start = true,
            Event::Start(Tag::Paragraph) => self.is_at_item_start = was_at_item_start,
            Event::Text(text) if was_at_item_start => {
                if let Some(is_done) = self.task(text, range.start) {
                    self.rest = Some(Event::Text(text[TASK_MARKER_LENGTH..].to_owned().into()));
                    return Some(Event::TaskListMarker(is_done));
                }
            }
            _ => {}
        }
        Some(event)
    }
}
