//! The requests of a batch as arrays, which a statement reads with `unnest`.

/// One column of the requests, or of their items.
pub(crate) fn column<T, C>(items: &[T], value: impl Fn(&T) -> C) -> Vec<C> {
    items.iter().map(value).collect()
}

/// The position in an array whose indices start at 1.
pub(crate) fn position(index: impl Into<i64>) -> Option<usize> {
    usize::try_from(index.into()).ok()?.checked_sub(1)
}
