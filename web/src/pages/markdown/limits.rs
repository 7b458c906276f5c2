//! Limits on the cost of rendering a note. A note over a limit is rendered as plain text.
//!
//! The browser has the same limits (`assets/js/markdown/limits.js`), so both render the same.

/// Nesting depth of quotes, lists, tables, emphasis, links and images.
pub(super) const DEPTH_MAX: usize = 40;
pub(super) const ELEMENTS_MAX: usize = 20_000;
/// Bytes of all link targets and titles: a reference may be used many times.
pub(super) const LINK_BYTES_MAX: usize = 65_536;

const TAB_COLUMNS: usize = 4;
/// Markers of quotes and list items at the start of a line, and the columns up to the last marker.
const MARKERS_MAX: usize = DEPTH_MAX;
const MARKER_COLUMNS_MAX: usize = 200;

/// Whether a parser can read `markdown` in time and memory proportional to its length.
///
/// For each line, parsers visit the open containers, and they complete the rows of a table.
pub(super) fn is_cheap_to_parse(markdown: &str) -> bool {
    let mut cells = 0;
    let mut columns = 0;
    for line in markdown.split('\n') {
        let markers = Markers::at_start_of(line);
        if markers.count > MARKERS_MAX || markers.columns > MARKER_COLUMNS_MAX {
            return false;
        }
        if line.bytes().all(|it| matches!(it, b' ' | b'\t' | b'>')) {
            columns = 0;
        }
        cells += columns;
        columns = columns.max(delimiter_columns(line));
        if cells > ELEMENTS_MAX {
            return false;
        }
    }
    true
}

/// The markers of quotes and list items at the start of a line.
#[derive(Default)]
struct Markers {
    count: usize,
    /// The column after the last marker.
    columns: usize,
}

impl Markers {
    fn at_start_of(line: &str) -> Self {
        let mut rest = line.as_bytes();
        let (mut markers, mut column) = (Self::default(), 0);
        loop {
            let (length, columns) = match (rest.first(), marker_length(rest)) {
                (Some(b' '), _) => (1, 1),
                (Some(b'\t'), _) => (1, TAB_COLUMNS),
                (Some(_), Some(length)) => {
                    markers.count += 1;
                    markers.columns = column + length;
                    (length, length)
                }
                _ => return markers,
            };
            column += columns;
            rest = &rest[length..];
        }
    }
}

fn marker_length(rest: &[u8]) -> Option<usize> {
    let digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    let length = match (digits, rest.get(digits)?) {
        (0, b'>') => return Some(1),
        (0, b'-' | b'+' | b'*') => 1,
        (1..=9, b'.' | b')') => digits + 1,
        _ => return None,
    };
    matches!(rest.get(length), None | Some(b' ' | b'\t')).then_some(length)
}

/// The maximum number of columns of a table whose delimiter row is `line`; 0 if it is not one.
fn delimiter_columns(line: &str) -> usize {
    let is_delimiter =
        line.bytes().all(|it| matches!(it, b'|' | b'-' | b':' | b'>' | b' ' | b'\t'));
    let pipes = line.bytes().filter(|it| *it == b'|').count();
    if is_delimiter && pipes > 0 { pipes + 1 } else { 0 }
}

/// The depth, elements and link bytes that were used so far.
#[derive(Default)]
pub(super) struct Budget {
    depth: usize,
    elements: usize,
    link_bytes: usize,
}

/// The note exceeds a limit.
#[derive(Debug)]
pub(super) struct OverBudget;

impl Budget {
    pub(super) fn enter(&mut self) -> Result<(), OverBudget> {
        self.depth += 1;
        within(self.depth, DEPTH_MAX)
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn element(&mut self) -> Result<(), OverBudget> {
        self.elements += 1;
        within(self.elements, ELEMENTS_MAX)
    }

    pub(super) fn link(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.link_bytes += bytes;
        within(self.link_bytes, LINK_BYTES_MAX)
    }
}

fn within(used: usize, max: usize) -> Result<(), OverBudget> {
    if used <= max { Ok(()) } else { Err(OverBudget) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_counted_up_to_the_text() {
        for (line, count, columns) in [
            ("", 0, 0),
            ("text > - ", 0, 0),
            ("> a", 1, 1),
            ("  > - 12) [ ] a", 3, 9),
            ("\t- a", 1, 5),
            ("-", 1, 1),
            ("---", 0, 0),
            ("-a", 0, 0),
            ("1234567890. a", 0, 0),
        ] {
            let markers = Markers::at_start_of(line);
            assert_eq!((markers.count, markers.columns), (count, columns), "{line:?}");
        }
    }

    #[test]
    fn a_table_costs_its_columns_for_each_row() {
        let table = |columns: usize, rows: usize| {
            format!("{}|\n{}|\n{}", "|a".repeat(columns), "|-".repeat(columns), "|\n".repeat(rows))
        };
        assert!(is_cheap_to_parse(&table(10, 1_000)));
        assert!(!is_cheap_to_parse(&table(1_000, 30)));
        assert!(is_cheap_to_parse(&format!("{}\n{}", table(1_000, 10), "a\n".repeat(1_000))));
    }
}
