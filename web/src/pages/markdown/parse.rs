//! The events of a note's Markdown, with pictures as links and each line end as a line break.

use std::borrow::Cow;
use std::iter::{Peekable, repeat_n};
use std::ops::Range;

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset};

const TAB_COLUMNS: usize = 4;

/// The events, with texts merged that touch.
pub(super) fn events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    let mut pictures = Pictures::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let parser = Parser::new_ext(markdown, options).into_offset_iter();
    let shown = parser.filter_map(move |(event, range)| Some((pictures.as_link(event)?, range)));
    Tasks::new(markdown, TextMergeWithOffset::new(shown))
}

/// `markdown` with spaces for each tab before a quote mark at the start of a line.
///
/// The parser takes `>` after a tab for the mark of an open quote, although a tab is as wide as four
/// spaces. The browser does the same with its text, so that both show the same.
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

/// Whether `event` is not part of the line before it.
pub(super) fn ends_line(event: &Event<'_>) -> bool {
    match event {
        Event::HardBreak | Event::Rule => true,
        Event::Start(tag) => !is_inline(tag.to_end()),
        Event::End(tag) => !is_inline(*tag),
        _ => false,
    }
}

/// Whether what `tag` ends is part of a line.
pub(super) fn is_inline(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

/// Pictures become links: loading one would tell its server who reads the note.
#[derive(Default)]
struct Pictures {
    links_open: usize,
    pictures_open: usize,
}

impl Pictures {
    /// What is shown of `event`. The description of a picture is text without marks, and a picture
    /// in a link or in another picture is only its description.
    fn as_link<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(Tag::Image { dest_url, title, id, .. }) if self.is_alone() => {
                self.pictures_open = 1;
                Some(Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, title, id }))
            }
            Event::Start(Tag::Image { .. }) => {
                self.pictures_open += 1;
                Some(event)
            }
            Event::End(TagEnd::Image) => {
                self.pictures_open -= 1;
                Some(if self.is_alone() { Event::End(TagEnd::Link) } else { event })
            }
            Event::Start(_) | Event::End(_) if self.pictures_open > 0 => None,
            Event::Code(code) => {
                let code = single_spaced(&code).into();
                Some(if self.pictures_open > 0 { Event::Text(code) } else { Event::Code(code) })
            }
            Event::SoftBreak | Event::HardBreak if self.pictures_open > 0 => {
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

    fn is_alone(&self) -> bool {
        self.links_open == 0 && self.pictures_open == 0
    }
}

/// Code within a line. Browsers show one space for many, and parsers differ in how many they keep.
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

const TASK_MARK_LENGTH: usize = "[ ]".len();

/// Makes a task list marker of the mark that a list item begins with.
///
/// The parser would make one of any mark, also of one that begins a link.
struct Tasks<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> {
    markdown: &'a str,
    events: Peekable<I>,
    /// The text behind a mark.
    rest: Option<Event<'a>>,
    is_at_item_start: bool,
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Tasks<'a, I> {
    fn new(markdown: &'a str, events: I) -> Self {
        Self { markdown, events: events.peekable(), rest: None, is_at_item_start: false }
    }

    /// Whether a text that starts at `start` begins with the mark of a task that is done; none if
    /// it begins with no mark.
    fn task(&mut self, text: &str, start: usize) -> Option<bool> {
        let mark = text.get(..TASK_MARK_LENGTH)?;
        let is_done = match mark {
            "[ ]" => false,
            "[x]" | "[X]" => true,
            _ => return None,
        };
        let is_followed = match text.as_bytes().get(TASK_MARK_LENGTH) {
            Some(next) => matches!(next, b' ' | b'\t'),
            None => self.events.peek().is_none_or(|(next, _)| ends_line(next)),
        };
        // A mark with an escape or a reference in it is text.
        let is_literal =
            self.markdown[start..].starts_with(mark) && !self.markdown[..start].ends_with('\\');
        (is_followed && is_literal).then_some(is_done)
    }
}

impl<'a, I: Iterator<Item = (Event<'a>, Range<usize>)>> Iterator for Tasks<'a, I> {
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
                    self.rest = Some(Event::Text(text[TASK_MARK_LENGTH..].to_owned().into()));
                    return Some(Event::TaskListMarker(is_done));
                }
            }
            _ => {}
        }
        Some(event)
    }
}
