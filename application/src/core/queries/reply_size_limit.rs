//! The size of one page of a reply.

/// Bytes of JSON in one reply, without its envelope.
pub(super) const PAGE_BYTES_MAX: usize = 192 * 1024;
