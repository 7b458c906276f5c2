//! Writes parsed Markdown as HTML. The HTML contains only the elements and attributes that are written
//! here.

use std::fmt::Write;

use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Tag, TagEnd};

use super::autolinks::autolinks;
use super::limits::{Budget, OverBudget};
use super::parse::{events, is_inline};

const SCHEMES: [&str; 3] = ["http:", "https:", "mailto:"];
const BREAK: &str = "<br>\n";
const TASK: &str = "input type=\"checkbox\" disabled";
const TASK_DONE: &str = "input type=\"checkbox\" disabled checked";

/// The HTML of a note, unless it exceeds a limit.
pub(super) fn write_html(markdown: &str) -> Result<String, OverBudget> {
    let html = String::with_capacity(markdown.len() * 3 / 2);
    let mut writer = Writer { html, ..Writer::default() };
    for event in events(markdown) {
        writer.write(event)?;
    }
    Ok(writer.html)
}

/// A paragraph of plain text, which the style sheet shows with its line breaks.
pub(super) fn write_plain(text: &str) -> String {
    let mut html = String::from("<p class=\"plain\">");
    escape(&mut html, text);
    html.push_str("</p>");
    html
}

#[derive(Default)]
struct Writer {
    html: String,
    budget: Budget,
    /// The content of the open HTML block so far.
    html_block: Option<String>,
    links_open: usize,
    is_in_code_block: bool,
    table: Table,
}

/// The open table. Tables do not nest.
#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    is_in_head: bool,
    has_body: bool,
}

impl Writer {
    fn write(&mut self, event: Event<'_>) -> Result<(), OverBudget> {
        match event {
            Event::Html(html) | Event::Text(html) if self.html_block.is_some() => {
                self.html_block.get_or_insert_default().push_str(&html);
            }
            Event::Start(tag) => {
                self.budget.enter()?;
                if !is_inline(tag.to_end()) {
                    self.trim_line();
                }
                self.start(tag)?;
            }
            Event::End(tag) => {
                self.budget.leave();
                if !is_inline(tag) && tag != TagEnd::CodeBlock {
                    self.trim_line();
                }
                self.end(tag)?;
            }
            Event::Text(code) if self.is_in_code_block => {
                escape(&mut self.html, code.strip_suffix('\n').unwrap_or(&code));
            }
            Event::Text(text) => self.text(&text)?,
            Event::TaskListMarker(is_done) => self.task(is_done)?,
            Event::Code(code) => {
                self.open("code")?;
                escape(&mut self.html, &code);
                self.html.push_str("</code>");
            }
            Event::HardBreak => self.line_break()?,
            Event::InlineHtml(html) => self.lines(&html)?,
            Event::Rule => self.open("hr")?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<(), OverBudget> {
        self.budget.element()?;
        // Writing to a string cannot fail.
        let _ = write!(self.html, "<{name}>");
        Ok(())
    }

    /// The checkbox of a task, at the start of a list item that is marked as a task.
    fn task(&mut self, is_done: bool) -> Result<(), OverBudget> {
        let before = self.html.strip_suffix("<p>").unwrap_or(&self.html);
        if before.ends_with("<li>") {
            let end_of_name = before.len() - ">".len();
            self.html.insert_str(end_of_name, " class=\"task\"");
        }
        self.open(if is_done { TASK_DONE } else { TASK })
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), OverBudget> {
        match tag {
            Tag::Paragraph => self.open("p"),
            Tag::HtmlBlock => {
                self.html_block = Some(String::new());
                self.open("p")
            }
            Tag::Heading { level, .. } => self.open(heading(level)),
            Tag::BlockQuote(_) => self.open("blockquote"),
            Tag::CodeBlock(_) => {
                self.is_in_code_block = true;
                self.open("pre")?;
                self.open("code")
            }
            Tag::List(None) => self.open("ul"),
            Tag::List(Some(1)) => self.open("ol"),
            Tag::List(Some(start)) => self.open(&format!("ol start=\"{start}\"")),
            Tag::Item => self.open("li"),
            Tag::Table(alignments) => {
                self.table = Table { alignments, ..Table::default() };
                self.open("table")
            }
            Tag::TableHead => {
                self.table.is_in_head = true;
                self.open("thead")?;
                self.open("tr")
            }
            Tag::TableRow => self.start_row(),
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => self.open("em"),
            Tag::Strong => self.open("strong"),
            Tag::Strikethrough => self.open("del"),
            Tag::Link { link_type, dest_url, title, .. } => {
                self.links_open += 1;
                if self.links_open > 1 {
                    return Ok(());
                }
                let prefix = if link_type == LinkType::Email { "mailto:" } else { "" };
                self.start_link(prefix, &dest_url, &title)
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), OverBudget> {
        if let Some(html) = self.html_block.take() {
            self.lines(html.trim_end_matches([' ', '\t', '\n']))?;
        }
        let closing = match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => "</p>",
            TagEnd::Heading(level) => {
                // Writing to a string cannot fail.
                let _ = write!(self.html, "</{}>", heading(level));
                return Ok(());
            }
            TagEnd::BlockQuote(_) => "</blockquote>",
            TagEnd::CodeBlock => {
                self.is_in_code_block = false;
                "</code></pre>"
            }
            TagEnd::List(true) => "</ol>",
            TagEnd::List(false) => "</ul>",
            TagEnd::Item => "</li>",
            TagEnd::Table if self.table.has_body => "</tbody></table>",
            TagEnd::Table => "</table>",
            TagEnd::TableHead => {
                self.table.is_in_head = false;
                "</tr></thead>"
            }
            TagEnd::TableRow => "</tr>",
            TagEnd::TableCell if self.table.is_in_head => "</th>",
            TagEnd::TableCell => "</td>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Strong => "</strong>",
            TagEnd::Strikethrough => "</del>",
            TagEnd::Link => {
                self.links_open -= 1;
                if self.links_open > 0 { "" } else { "</a>" }
            }
            _ => "",
        };
        self.html.push_str(closing);
        Ok(())
    }

    fn start_row(&mut self) -> Result<(), OverBudget> {
        self.table.column = 0;
        if !self.table.has_body {
            self.table.has_body = true;
            self.open("tbody")?;
        }
        self.open("tr")
    }

    fn start_cell(&mut self) -> Result<(), OverBudget> {
        let alignment = self.table.alignments.get(self.table.column);
        self.table.column += 1;
        let name = if self.table.is_in_head { "th" } else { "td" };
        match alignment {
            Some(Alignment::Left) => self.open(&format!("{name} align=\"left\"")),
            Some(Alignment::Center) => self.open(&format!("{name} align=\"center\"")),
            Some(Alignment::Right) => self.open(&format!("{name} align=\"right\"")),
            Some(Alignment::None) | None => self.open(name),
        }
    }

    /// A link to a web or mail address. Any other link has no target.
    fn start_link(&mut self, prefix: &str, target: &str, title: &str) -> Result<(), OverBudget> {
        self.budget.element()?;
        self.budget.link(prefix.len() + target.len() + title.len())?;
        self.html.push_str("<a");
        if is_allowed(prefix) || is_allowed(target) {
            self.html.push_str(" href=\"");
            self.html.push_str(prefix);
            escape(&mut self.html, target);
            self.html.push('"');
        }
        if !title.is_empty() {
            self.html.push_str(" title=\"");
            escape(&mut self.html, title);
            self.html.push('"');
        }
        self.html.push_str(" rel=\"nofollow noopener\">");
        Ok(())
    }

    fn line_break(&mut self) -> Result<(), OverBudget> {
        self.budget.element()?;
        self.trim_line();
        self.html.push_str(BREAK);
        Ok(())
    }

    /// Removes white space at the end of a line: browsers do not show it, and parsers differ in whether
    /// they keep it.
    fn trim_line(&mut self) {
        self.html.truncate(self.html.trim_end_matches([' ', '\t']).len());
    }

    /// HTML is shown as text.
    fn lines(&mut self, html: &str) -> Result<(), OverBudget> {
        for (index, line) in html.split('\n').enumerate() {
            if index > 0 {
                self.line_break()?;
            }
            escape(&mut self.html, line.trim_matches([' ', '\t']));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), OverBudget> {
        let mut from = 0;
        if self.links_open == 0 {
            for autolink in autolinks(text) {
                escape(&mut self.html, &text[from..autolink.range.start]);
                let address = &text[autolink.range.clone()];
                self.budget.enter()?;
                self.start_link(autolink.prefix, address, "")?;
                escape(&mut self.html, address);
                self.html.push_str("</a>");
                self.budget.leave();
                from = autolink.range.end;
            }
        }
        escape(&mut self.html, &text[from..]);
        Ok(())
    }
}

fn is_allowed(target: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        let start = target.as_bytes().get(..scheme.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(scheme.as_bytes()))
    })
}

fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h1",
        HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}

/// Appends `text` as the content of an element or of a quoted attribute.
fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            // An HTML parser would convert it to a line feed.
            '\r' => html.push_str("&#13;"),
            _ if is_invalid(letter) => html.push(char::REPLACEMENT_CHARACTER),
            _ => html.push(letter),
        }
    }
}

/// Control characters and Unicode noncharacters, which come from character references such as `&#1;`.
fn is_invalid(letter: char) -> bool {
    let code = u32::from(letter);
    let is_control = letter.is_control() && !matches!(letter, '\t' | '\n' | '\u{c}' | '\r');
    is_control || matches!(code, 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}
