//! The sizes of replies.

/// Bytes of JSON in one reply, without its envelope.
pub(super) const PAGE_BYTES_MAX: usize = 192 * 1024;

/// Bytes of JSON in the reply to a batch, without its envelopes.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of JSON in one of several pages. A smaller page would cost its client more queries.
const SHARED_PAGE_BYTES_MIN: usize = 16 * 1024;

/// Bytes of JSON in each of `pages` pages that are sent in one reply.
pub(super) fn page_bytes_max(pages: usize) -> usize {
    (BATCH_BYTES_MAX / pages.max(1)).clamp(SHARED_PAGE_BYTES_MIN, PAGE_BYTES_MAX)
}
