//! The snapshot that a page carries for its script: the client machine starts from it and joins at
//! its position, so that the board is not pulled a second time.

use serde::Serialize;
use sockbit_domain::{
    Actor, BoardId, Colour, Note, NoteId, NoteState, Position, Rank, Role, Seq, Text, Timestamp,
    Title,
};

/// What `page-snapshot.js` turns into a `board_page` reply. A text that the page shows in its markup
/// is left out, and read from there.
#[derive(Serialize)]
struct Snapshot<'a> {
    board: BoardId,
    /// Where the notes were read; the first is where to join.
    positions: &'a [Position],
    title: &'a Title,
    role: Role,
    /// The authors, each once.
    people: Vec<&'a Actor>,
    notes: Vec<SnapshotNote<'a>>,
}

#[derive(Serialize)]
struct SnapshotNote<'a> {
    id: NoteId,
    colour: Colour,
    rank: &'a Rank,
    state: NoteState,
    seq: Seq,
    /// The index of its last author in `people`.
    edited_by: usize,
    edited_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a Text>,
}

/// The content of the page's `<script type="application/json">`. `shows_text` tells whether the
/// markup has a note's text exactly.
pub(super) fn encode<'a>(
    positions: &'a [Position],
    (board, title, role): (BoardId, &'a Title, Role),
    notes: impl IntoIterator<Item = &'a Note>,
    shows_text: impl Fn(&Note) -> bool,
) -> String {
    let mut snapshot =
        Snapshot { board, positions, title, role, people: Vec::new(), notes: Vec::new() };
    for note in notes {
        let known = snapshot.people.iter().position(|person| **person == note.edited_by);
        let edited_by = known.unwrap_or_else(|| {
            snapshot.people.push(&note.edited_by);
            snapshot.people.len() - 1
        });
        snapshot.notes.push(SnapshotNote {
            id: note.id,
            colour: note.colour,
            rank: &note.rank,
            state: note.state,
            seq: note.seq,
            edited_by,
            edited_at: note.edited_at,
            text: (!shows_text(note)).then_some(&note.text),
        });
    }
    // Nothing in it has a key that is not a string, so encoding cannot fail.
    html_safe(&serde_json::to_string(&snapshot).unwrap_or_default())
}

/// JSON that ends no `<script>` element: `<` occurs in strings only, where it can be escaped.
fn html_safe(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_a_script_element_contains_no_tag() {
        let json = html_safe(r#"{"title":"</script><!--<script>"}"#);
        assert_eq!(json, r#"{"title":"\u003c/script>\u003c!--\u003cscript>"}"#);
    }
}
