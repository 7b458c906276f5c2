//! Walking through a text, or through the steps of a delta, in pieces of chosen length.

use super::{DeltaError, Op};
use crate::text::len_utf16;

/// What is left of a text.
pub(super) struct Rest<'a> {
    text: &'a str,
}

impl<'a> Rest<'a> {
    pub fn of(text: &'a str) -> Self {
        Self { text }
    }

    /// The next `units` of it.
    pub fn take(&mut self, units: u32) -> Result<&'a str, DeltaError> {
        let (taken, rest) = split_units(self.text, units)?;
        self.text = rest;
        Ok(taken)
    }

    pub fn take_all(self) -> &'a str {
        self.text
    }
}

fn split_units(text: &str, units: u32) -> Result<(&str, &str), DeltaError> {
    let mut left = units as usize;
    for (index, c) in text.char_indices() {
        if left == 0 {
            return Ok(text.split_at(index));
        }
        left = left.checked_sub(c.len_utf16()).ok_or(DeltaError::SplitsPair)?;
    }
    if left > 0 {
        return Err(DeltaError::BeyondEnd);
    }
    Ok((text, ""))
}

/// A part of a step.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    Retain(u32),
    Insert(&'a str),
    Delete(u32),
}

/// What is left of a delta. After its last step it retains without end.
pub(super) struct Pieces<'a> {
    ops: core::slice::Iter<'a, Op>,
    current: Option<(Piece<'a>, u32)>,
}

impl<'a> Pieces<'a> {
    pub fn of(ops: &'a [Op]) -> Self {
        let mut pieces = Self { ops: ops.iter(), current: None };
        pieces.advance();
        pieces
    }

    pub fn is_done(&self) -> bool {
        self.current.is_none()
    }

    pub fn is_insert(&self) -> bool {
        matches!(self.current, Some((Piece::Insert(_), _)))
    }

    pub fn is_delete(&self) -> bool {
        matches!(self.current, Some((Piece::Delete(_), _)))
    }

    /// The units left of the current step.
    pub fn len(&self) -> u32 {
        self.current.map_or(u32::MAX, |(_, len)| len)
    }

    /// The rest of the current step.
    pub fn take_step(&mut self) -> Piece<'a> {
        let piece = self.current.map_or(Piece::Retain(u32::MAX), |(piece, _)| piece);
        self.advance();
        piece
    }

    /// The next `units`, of no more than the current step has.
    pub fn take(&mut self, units: u32) -> Result<Piece<'a>, DeltaError> {
        let Some((piece, len)) = self.current else { return Ok(Piece::Retain(units)) };
        if units >= len {
            return Ok(self.take_step());
        }
        let rest = len - units;
        let (taken, left) = match piece {
            Piece::Retain(_) => (Piece::Retain(units), Piece::Retain(rest)),
            Piece::Delete(_) => (Piece::Delete(units), Piece::Delete(rest)),
            Piece::Insert(text) => {
                let (taken, left) = split_units(text, units)?;
                (Piece::Insert(taken), Piece::Insert(left))
            }
        };
        self.current = Some((left, rest));
        Ok(taken)
    }

    fn advance(&mut self) {
        self.current = self.ops.next().map(|op| match op {
            Op::Retain(units) => (Piece::Retain(*units), *units),
            Op::Delete(units) => (Piece::Delete(*units), *units),
            Op::Insert(text) => {
                (Piece::Insert(text), u32::try_from(len_utf16(text)).unwrap_or(u32::MAX))
            }
        });
    }
}
