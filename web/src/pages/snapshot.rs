//! The snapshot that a page carries for its script. The client machine starts from it and joins at its
//! position, so that the board is not pulled a second time.

use serde::Serialize;
use sockbit_domain::{
    Actor, BoardId, Colour, Note, NoteId, NoteState, Position, Rank, Role, Seq, Text, Timestamp,
    Title,
};

/// `page-snapshot.js` converts it to a `board_page` reply. Texts that are in the page's markup are
/// left out and read from there.
#[derive(Serialize)]
struct Snapshot<'a> {
    board: BoardId,
    /// The positions at which the notes were read. The client joins at the first.
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

/// The content of the page's `<script type="application/json">`. `shows_text` returns whether the
/// markup contains exactly the note's text.
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
    // All keys are strings, so encoding cannot fail.
    html_safe(&serde_json::to_string(&snapshot).unwrap_or_default())
}

/// Escapes `<`, which occurs only in strings, so that the JSON cannot end a `<script>` element.
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
