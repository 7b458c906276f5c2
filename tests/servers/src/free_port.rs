//! Free ports, below the range that the system uses for outgoing connections.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use crate::ServerError;
use crate::folder::random_number;

const PORTS: Range<u16> = 10_000..20_000;

/// A port that is free on loopback. Another process may take it before it is used, so callers retry
/// with another port if the server cannot bind it.
pub fn free_port() -> Result<u16, ServerError> {
    let count = u64::from(PORTS.end - PORTS.start);
    let offset = u16::try_from(random_number() % count).unwrap_or_default();
    let first = PORTS.start + offset;
    (first..PORTS.end)
        .chain(PORTS.start..first)
        .find(|port| is_free(*port))
        .ok_or(ServerError::NoPort)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
