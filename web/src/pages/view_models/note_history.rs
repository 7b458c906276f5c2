//! The history of a note: one entry for each change, with a diff.

use sockbit_domain::wire::{HistoryEntry, NoteHistory};
use sockbit_domain::{Change, Delta, Op, Text, Timestamp};

use super::person::PersonView;
use super::relative_time::TimeView;

/// Characters of unchanged text shown on either side of a change.
const CONTEXT_CHARS: usize = 60;
/// Limits the whole texts on one page. Older texts are on the next pages.
const TEXTS_BYTES_MAX: usize = 256 * 1024;

/// One change of a note.
pub(crate) struct HistoryEntryView {
    pub seq: u64,
    pub who: PersonView,
    pub when: TimeView,
    pub what: String,
    pub diff: Vec<DiffPart>,
    pub text: Option<String>,
}

/// A part of a diff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DiffPart {
    /// `same`, `insert`, `delete`, or `gap` for unchanged text that is left out.
    pub kind: String,
    pub text: String,
}

/// One page of history, the newest entry first, each with the text after it.
pub(crate) fn history_views(history: NoteHistory, now: Timestamp) -> Vec<HistoryEntryView> {
    let mut text = Some(history.text_before);
    let mut views: Vec<HistoryEntryView> = history
        .entries
        .into_iter()
        .map(|entry| {
            let diff = text.as_ref().map(|text| diff(text, &entry.change)).unwrap_or_default();
            text = text.take().and_then(|text| after(text, &entry.change));
            view(&entry, diff, text.as_ref(), now)
        })
        .collect();
    views.reverse();
    offer_texts(&mut views);
    views
}

fn view(
    entry: &HistoryEntry,
    diff: Vec<DiffPart>,
    text: Option<&Text>,
    now: Timestamp,
) -> HistoryEntryView {
    let is_text = matches!(entry.change, Change::NoteCreated { .. } | Change::NoteEdited { .. });
    HistoryEntryView {
        seq: entry.seq.0,
        who: PersonView::new(&entry.actor),
        when: TimeView::new(entry.at, now),
        what: description(&entry.change),
        diff,
        text: text.filter(|_| is_text).map(ToString::to_string),
    }
}

fn offer_texts(views: &mut [HistoryEntryView]) {
    let mut bytes = 0;
    for view in views {
        bytes += view.text.as_ref().map_or(0, String::len);
        if bytes > TEXTS_BYTES_MAX {
            view.text = None;
        }
    }
}

/// The text after a change; `None` if the change does not apply, so that no text is shown that
/// never existed.
fn after(text: Text, change: &Change) -> Option<Text> {
    match change {
        Change::NoteCreated { text, .. } => Some(text.clone()),
        Change::NoteEdited { delta, .. } => delta.apply(&text).ok(),
        _ => Some(text),
    }
}

/// What the user did; the page shows it after their name.
fn description(change: &Change) -> String {
    match change {
        Change::NoteCreated { .. } => "wrote this note".to_owned(),
        Change::NoteEdited { .. } => "changed the text".to_owned(),
        Change::NoteMoved { .. } => "moved it".to_owned(),
        Change::NoteRecoloured { colour, .. } => format!("made it {}", colour.as_str()),
        Change::NoteTrashed { .. } => "put it in the trash".to_owned(),
        Change::NoteRestored { .. } => "took it out of the trash".to_owned(),
        Change::NoteDeleted { .. } => "deleted it".to_owned(),
        Change::BoardCreated { .. }
        | Change::BoardRenamed { .. }
        | Change::LinkAdded { .. }
        | Change::MemberJoined { .. } => "changed the board".to_owned(),
    }
}

fn diff(before: &Text, change: &Change) -> Vec<DiffPart> {
    match change {
        Change::NoteCreated { text, .. } if text.len_bytes() > 0 => {
            vec![part("insert", text.as_str())]
        }
        Change::NoteEdited { delta, .. } => delta_parts(before.as_str(), delta),
        _ => Vec::new(),
    }
}

fn delta_parts(before: &str, delta: &Delta) -> Vec<DiffPart> {
    let mut rest = before;
    let mut parts = Vec::new();
    for op in delta.ops() {
        match op {
            Op::Retain(units) => {
                let (kept, after) = split_utf16(rest, *units);
                let is_first = parts.is_empty();
                parts.extend(context(kept, !is_first, true));
                rest = after;
            }
            Op::Insert(text) => parts.push(part("insert", text)),
            Op::Delete(units) => {
                let (gone, after) = split_utf16(rest, *units);
                // Deleted text is shown before the text that replaced it.
                let at = parts.len() - usize::from(is_insert(parts.last()));
                parts.insert(at, part("delete", gone));
                rest = after;
            }
        }
    }
    if !parts.is_empty() {
        parts.extend(context(rest, true, false));
    }
    parts
}

fn is_insert(part: Option<&DiffPart>) -> bool {
    part.is_some_and(|part| part.kind == "insert")
}

/// Unchanged text. Only the ends next to a change are shown.
fn context(kept: &str, after_change: bool, before_change: bool) -> Vec<DiffPart> {
    let sides = usize::from(after_change) + usize::from(before_change);
    if kept.is_empty() {
        return Vec::new();
    }
    if kept.chars().count() <= CONTEXT_CHARS * sides.max(1) {
        return vec![part("same", kept)];
    }
    let head = kept.char_indices().nth(CONTEXT_CHARS).map_or(kept.len(), |(at, _)| at);
    let tail = kept.char_indices().nth_back(CONTEXT_CHARS - 1).map_or(0, |(at, _)| at);
    let mut parts = Vec::new();
    if after_change {
        parts.extend(kept.get(..head).map(|text| part("same", text)));
    }
    parts.push(part("gap", ""));
    if before_change {
        parts.extend(kept.get(tail..).map(|text| part("same", text)));
    }
    parts
}

fn part(kind: &str, text: &str) -> DiffPart {
    DiffPart { kind: kind.to_owned(), text: text.to_owned() }
}

/// Splits after this many UTF-16 code units, or at the end of a shorter text.
fn split_utf16(text: &str, units: u32) -> (&str, &str) {
    let units = usize::try_from(units).unwrap_or(usize::MAX);
    let mut seen = 0;
    let at = text
        .char_indices()
        .find(|(_, c)| {
            let is_reached = seen >= units;
            seen += c.len_utf16();
            is_reached
        })
        .map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use sockbit_domain::{Actor, ActorId, NoteId, Seq};
    use uuid::Uuid;

    use super::*;

    fn entry(seq: u64, change: Change) -> HistoryEntry {
        let actor = Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 3 };
        HistoryEntry { seq: Seq(seq), actor, at: Timestamp(0), change }
    }

    fn edited(delta: Delta) -> Change {
        Change::NoteEdited { note: NoteId(Uuid::nil()), delta }
    }

    fn views_of(before: &str, changes: Vec<Change>) -> Vec<HistoryEntryView> {
        let entries = (1..).zip(changes).map(|(seq, change)| entry(seq, change)).collect();
        let text_before = Text::normalise(before);
        history_views(NoteHistory { text_before, entries, earlier: None }, Timestamp(0))
    }

    fn kinds(view: &HistoryEntryView) -> Vec<(&str, &str)> {
        view.diff.iter().map(|part| (part.kind.as_str(), part.text.as_str())).collect()
    }

    #[test]
    fn an_edit_shows_deleted_text_before_inserted_text() {
        let delta = Delta::new().retain(4).insert("green").delete(3);
        let views = views_of("the red 🦊 sock", vec![edited(delta)]);
        assert_eq!(
            views.first().map(kinds),
            Some(vec![
                ("same", "the "),
                ("delete", "red"),
                ("insert", "green"),
                ("same", " 🦊 sock")
            ])
        );
        assert_eq!(views.first().and_then(|it| it.text.as_deref()), Some("the green 🦊 sock"));
    }

    #[test]
    fn the_latest_change_comes_first_and_each_edit_has_its_text() {
        let note = NoteId(Uuid::nil());
        let views = views_of(
            "a",
            vec![
                edited(Delta::new().retain(1).insert("b")),
                Change::NoteTrashed { note },
                edited(Delta::new().delete(1)),
            ],
        );
        let texts: Vec<_> = views.iter().map(|it| (it.seq, it.text.as_deref())).collect();
        assert_eq!(texts, [(3, Some("b")), (2, None), (1, Some("ab"))]);
    }

    #[test]
    fn unchanged_text_far_from_a_change_is_left_out() {
        let before = "x".repeat(500);
        let views = views_of(&before, vec![edited(Delta::new().retain(250).insert("!"))]);
        let kinds: Vec<_> = views
            .iter()
            .flat_map(|it| &it.diff)
            .map(|it| (it.kind.as_str(), it.text.len()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("gap", 0),
                ("same", CONTEXT_CHARS),
                ("insert", 1),
                ("same", CONTEXT_CHARS),
                ("gap", 0)
            ]
        );
    }

    #[test]
    fn a_change_that_does_not_apply_shows_no_text() {
        let views = views_of("a", vec![edited(Delta::new().retain(9).insert("b"))]);
        assert!(views.iter().all(|it| it.text.is_none()));
    }
}
