//! Cursors that read a text or the ops of a delta in pieces of a given length.

use super::{DeltaError, Op};
use crate::text::len_utf16;

/// Reads a text.
pub(super) struct TextCursor<'a> {
    text: &'a str,
}

impl<'a> TextCursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text }
    }

    /// The next `units`.
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

/// A part of an op.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    Retain(u32),
    Insert(&'a str),
    Delete(u32),
}

/// Reads a delta. After the last op it yields retains without end.
pub(super) struct OpCursor<'a> {
    ops: core::slice::Iter<'a, Op>,
    current: Option<(Piece<'a>, u32)>,
}

impl<'a> OpCursor<'a> {
    pub fn new(ops: &'a [Op]) -> Self {
        let mut cursor = Self { ops: ops.iter(), current: None };
        cursor.advance();
        cursor
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

    /// The remaining units of the current op.
    pub fn len(&self) -> u32 {
        self.current.map_or(u32::MAX, |(_, len)| len)
    }

    /// The rest of the current op.
    pub fn take_op(&mut self) -> Piece<'a> {
        let piece = self.current.map_or(Piece::Retain(u32::MAX), |(piece, _)| piece);
        self.advance();
        piece
    }

    /// The next `units`, at most the rest of the current op.
    pub fn take(&mut self, units: u32) -> Result<Piece<'a>, DeltaError> {
        let Some((piece, len)) = self.current else { return Ok(Piece::Retain(units)) };
        if units >= len {
            return Ok(self.take_op());
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
