//! The new rank of a note that is moved by one place.

use serde::Deserialize;
use sockbit_domain::{Note, NoteId, Rank, RankError};

/// One place towards the beginning or the end of the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    Earlier,
    Later,
}

/// The rank that puts a note on the other side of its neighbour; `None` if it is already at the
/// edge. Nothing fits between notes of equal rank, so the note moves past all of them.
pub(super) fn rank_after_move<'a>(
    mut live: impl DoubleEndedIterator<Item = &'a Note> + Clone,
    note: NoteId,
    direction: Direction,
) -> Result<Option<Rank>, RankError> {
    match direction {
        Direction::Earlier => {
            let mut before = live.by_ref().rev().skip_while(|it| it.id != note).skip(1);
            let Some(neighbour) = before.next() else { return Ok(None) };
            let beyond = before.find(|it| it.rank < neighbour.rank);
            Rank::between(beyond.map(|it| &it.rank), Some(&neighbour.rank)).map(Some)
        }
        Direction::Later => {
            let mut after = live.skip_while(|it| it.id != note).skip(1);
            let Some(neighbour) = after.next() else { return Ok(None) };
            let beyond = after.find(|it| it.rank > neighbour.rank);
            Rank::between(Some(&neighbour.rank), beyond.map(|it| &it.rank)).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use sockbit_domain::{Actor, ActorId, Colour, NoteState, Seq, Text, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn note(id: u128, rank: &str) -> Note {
        Note {
            id: NoteId(Uuid::from_u128(id)),
            text: Text::default(),
            colour: Colour::Paper,
            rank: Rank::try_from(rank.to_owned()).expect("a rank"),
            state: NoteState::Live,
            seq: Seq(1),
            edited_by: Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 0 },
            edited_at: Timestamp(0),
        }
    }

    /// The order of ids after this note was moved.
    fn order_after_move(ranks: &[&str], id: u128, direction: Direction) -> Vec<u128> {
        let mut notes: Vec<Note> = (1..).zip(ranks).map(|(id, rank)| note(id, rank)).collect();
        let id = NoteId(Uuid::from_u128(id));
        let rank = rank_after_move(notes.iter(), id, direction).expect("there is a rank between");
        for note in notes.iter_mut().filter(|it| it.id == id) {
            if let Some(rank) = &rank {
                note.rank = rank.clone();
            }
        }
        notes.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        notes.iter().map(|note| note.id.0.as_u128()).collect()
    }

    #[test]
    fn a_note_swaps_places_with_its_neighbour() {
        let ranks = ["B", "D", "F", "H"];
        assert_eq!(order_after_move(&ranks, 3, Direction::Earlier), [1, 3, 2, 4]);
        assert_eq!(order_after_move(&ranks, 2, Direction::Later), [1, 3, 2, 4]);
        assert_eq!(order_after_move(&ranks, 2, Direction::Earlier), [2, 1, 3, 4]);
        assert_eq!(order_after_move(&ranks, 3, Direction::Later), [1, 2, 4, 3]);
    }

    #[test]
    fn a_note_at_the_edge_stays() {
        assert_eq!(order_after_move(&["B", "D"], 1, Direction::Earlier), [1, 2]);
        assert_eq!(order_after_move(&["B", "D"], 2, Direction::Later), [1, 2]);
        assert_eq!(order_after_move(&["B"], 7, Direction::Later), [1]);
    }

    #[test]
    fn a_note_moves_past_all_neighbours_of_equal_rank() {
        assert_eq!(order_after_move(&["B", "D", "D", "H"], 4, Direction::Earlier), [1, 4, 2, 3]);
        assert_eq!(order_after_move(&["B", "D", "D", "H"], 1, Direction::Later), [2, 3, 1, 4]);
    }
}
