//! Ranks order the notes of a board: fractions in base 62, so that a move changes one note only.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u8 = 62;
const BYTES_MAX: usize = 256;
/// The leading digits that an append increments: millions of appends without a longer rank.
const HEAD_DIGITS: usize = 8;
const STEP: u64 = 62 * 62 * 62 * 62;

/// A fraction between 0 and 1 in base 62, without its leading "0." and without trailing zeros.
///
/// Byte order is the order of the fractions. Notes with equal ranks are ordered by id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rank(String);

/// Why there is no such rank.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RankError {
    /// It has no digit.
    #[error("a rank has at least one digit")]
    Empty,
    /// No rank fits between the two neighbours.
    #[error("there is no rank between these two")]
    NoRoom,
    /// It has more digits than the limit.
    #[error("a rank has at most 256 digits")]
    TooLong,
    /// It has a character that is not a base-62 digit.
    #[error("a rank has only the digits 0-9, A-Z and a-z")]
    NotADigit,
    /// It ends in a zero, so no rank would fit directly before it.
    #[error("a rank does not end in 0")]
    TrailingZero,
}

impl Rank {
    /// The rank of the first note of an empty board.
    #[must_use]
    pub fn middle() -> Self {
        Self(String::from("V"))
    }

    /// A rank between two neighbours; `None` is the start or the end of the board.
    ///
    /// Fails if `after` is not below `before`, or if the gap is used up.
    pub fn between(after: Option<&Self>, before: Option<&Self>) -> Result<Self, RankError> {
        let digits = match (after, before) {
            (None, None) => return Ok(Self::middle()),
            (Some(after), None) => {
                stepped(after, u64::checked_add).unwrap_or_else(|| midpoint(&after.digits(), None))
            }
            (None, Some(before)) => stepped(before, u64::checked_sub)
                .unwrap_or_else(|| midpoint(&[], Some(&before.digits()))),
            (Some(after), Some(before)) if after < before => {
                midpoint(&after.digits(), Some(&before.digits()))
            }
            (Some(_), Some(_)) => return Err(RankError::NoRoom),
        };
        Self::try_from(
            digits.into_iter().map(|digit| char::from(letter(digit))).collect::<String>(),
        )
    }

    /// Its base-62 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn digits(&self) -> Vec<u8> {
        self.0.bytes().filter_map(value).collect()
    }
}

impl TryFrom<String> for Rank {
    type Error = RankError;

    fn try_from(text: String) -> Result<Self, RankError> {
        match text.as_bytes() {
            [] => Err(RankError::Empty),
            bytes if bytes.len() > BYTES_MAX => Err(RankError::TooLong),
            bytes if bytes.iter().any(|byte| value(*byte).is_none()) => Err(RankError::NotADigit),
            [.., b'0'] => Err(RankError::TrailingZero),
            _ => Ok(Self(text)),
        }
    }
}

impl From<Rank> for String {
    fn from(rank: Rank) -> Self {
        rank.0
    }
}

fn letter(digit: u8) -> u8 {
    DIGITS.get(usize::from(digit)).copied().unwrap_or(b'z')
}

fn value(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'A'..=b'Z' => Some(letter - b'A' + 10),
        b'a'..=b'z' => Some(letter - b'a' + 36),
        _ => None,
    }
}

/// The rank one step beyond the last (or first) note: repeated appends do not lengthen ranks.
fn stepped(edge: &Rank, step: fn(u64, u64) -> Option<u64>) -> Option<Vec<u8>> {
    let digits = edge.digits();
    let head = (0..HEAD_DIGITS)
        .fold(0, |head, i| head * u64::from(BASE) + u64::from(digits.get(i).copied().unwrap_or(0)));
    let next = step(head, STEP).filter(|next| *next > 0)?;
    let mut digits = [0; HEAD_DIGITS];
    let mut rest = next;
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % u64::from(BASE)).unwrap_or(0);
        rest /= u64::from(BASE);
    }
    let used = digits.iter().rposition(|digit| *digit != 0)? + 1;
    (rest == 0).then(|| digits.iter().take(used).copied().collect())
}

/// The shortest fraction near the middle of two. `before` = `None` is 1.
fn midpoint(after: &[u8], before: Option<&[u8]>) -> Vec<u8> {
    let mut middle = Vec::new();
    let mut bound = before;
    for i in 0.. {
        let low = after.get(i).copied().unwrap_or(0);
        let high = bound.map_or(BASE, |digits| digits.get(i).copied().unwrap_or(0));
        if high > low + 1 {
            middle.push(low.midpoint(high));
            break;
        }
        middle.push(low);
        if high > low {
            bound = None;
        }
        if middle.len() > BYTES_MAX {
            break;
        }
    }
    middle
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn rank(text: &str) -> Rank {
        Rank::try_from(text.to_string()).expect("a rank")
    }

    #[test]
    fn the_first_note_gets_the_middle_rank() {
        assert_eq!(Rank::between(None, None), Ok(rank("V")));
    }

    #[test]
    fn a_rank_between_two_neighbours_is_between_them() {
        let (low, high) = (rank("V"), rank("W"));
        let middle = Rank::between(Some(&low), Some(&high)).expect("room");
        assert!(low < middle && middle < high, "{middle:?}");
    }

    #[test]
    fn a_thousand_notes_added_at_the_end_keep_short_ranks() {
        let mut last = Rank::middle();
        for _ in 0..1_000 {
            let next = Rank::between(Some(&last), None).expect("room");
            assert!(last < next && next.as_str().len() <= 8, "{last:?} {next:?}");
            last = next;
        }
    }

    #[test]
    fn a_thousand_notes_added_at_the_front_keep_short_ranks() {
        let mut first = Rank::middle();
        for _ in 0..1_000 {
            let next = Rank::between(None, Some(&first)).expect("room");
            assert!(next < first && next.as_str().len() <= 8, "{first:?} {next:?}");
            first = next;
        }
    }

    #[test]
    fn a_gap_can_be_halved_a_thousand_times() {
        let (low, mut high) = (rank("V"), rank("W"));
        for _ in 0..1_000 {
            let middle = Rank::between(Some(&low), Some(&high)).expect("room");
            assert!(low < middle && middle < high);
            high = middle;
        }
    }

    #[test]
    fn a_used_up_gap_is_an_error_and_not_a_wrong_rank() {
        let (low, mut high) = (rank("V"), rank("W"));
        let error = loop {
            match Rank::between(Some(&low), Some(&high)) {
                Ok(middle) => high = middle,
                Err(error) => break error,
            }
        };
        assert_eq!(error, RankError::TooLong);
    }

    #[test]
    fn there_is_a_rank_beyond_the_last_step() {
        let last = rank("zzzzzzzz");
        let next = Rank::between(Some(&last), None).expect("room");
        assert!(last < next);
        let first = rank("00000001");
        let next = Rank::between(None, Some(&first)).expect("room");
        assert!(next < first);
    }

    #[test]
    fn there_is_no_rank_between_equal_ranks() {
        assert_eq!(Rank::between(Some(&rank("V")), Some(&rank("V"))), Err(RankError::NoRoom));
    }

    #[test]
    fn a_string_that_is_not_a_rank_is_an_error() {
        for (text, error) in [
            ("", RankError::Empty),
            ("a-b", RankError::NotADigit),
            ("é", RankError::NotADigit),
            ("V0", RankError::TrailingZero),
        ] {
            assert_eq!(Rank::try_from(text.to_string()), Err(error), "{text}");
        }
        assert_eq!(Rank::try_from("1".repeat(257)), Err(RankError::TooLong));
    }
}
