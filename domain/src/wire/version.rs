//! The version of the protocol.

/// The version that every message carries as `v`.
pub const VERSION: u32 = 1;
