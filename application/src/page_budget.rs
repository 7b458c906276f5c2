//! The byte budget of one page of results.

use serde::Serialize;

use crate::json_size::json_bytes;

/// Bounds a page by the bytes of its items as JSON.
///
/// A page always has room for its first item, so that reading page by page always advances.
#[derive(Debug)]
pub struct PageBudget {
    bytes_left: usize,
    is_empty: bool,
}

impl PageBudget {
    /// The budget of an empty page of at most `bytes_max` bytes of JSON.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_left: bytes_max, is_empty: true }
    }

    /// Takes an item's bytes from the budget, and returns whether the item belongs on the page.
    ///
    /// The first item always does. After one that does not, none does.
    pub fn try_add(&mut self, item: &impl Serialize) -> bool {
        let bytes_left = self.bytes_left.checked_sub(json_bytes(item));
        let fits = self.is_empty || bytes_left.is_some();
        self.is_empty = false;
        self.bytes_left = bytes_left.unwrap_or(0);
        fits
    }
}
