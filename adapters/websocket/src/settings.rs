//! What a connection is held to.

use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;

/// Limits and times of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// One incoming message, and one frame of it.
    pub message_bytes_max: usize,
    /// How often the peer is pinged.
    pub ping_every: Duration,
    /// How long the peer may say nothing, not even a pong.
    pub silence_max: Duration,
    /// How long a write may take, besides what its bytes take at the slowest pace allowed.
    pub write_within: Duration,
    /// The slowest pace at which a peer may read, in bytes a second.
    pub pace_min: u32,
    /// How long the peer gets to answer a close frame.
    pub farewell: Duration,
}

/// The library's own would cost every connection 128 KiB in each direction.
const BUFFER_BYTES: usize = 4096;
/// Only a flood of pings can let more than one message wait here.
const WRITE_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes_max: 256 * 1024,
            ping_every: Duration::from_secs(15),
            silence_max: Duration::from_secs(30),
            write_within: Duration::from_secs(5),
            pace_min: 8 * 1024,
            farewell: Duration::from_secs(1),
        }
    }
}

impl Settings {
    pub(crate) fn limit(&self, upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
        upgrade
            .max_message_size(self.message_bytes_max)
            .max_frame_size(self.message_bytes_max)
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BYTES_MAX)
    }

    /// How long it may take to write this much: more for more, so that a slow line is not a dead one.
    pub(crate) fn deadline(&self, bytes: usize) -> Duration {
        let seconds = bytes as u64 / u64::from(self.pace_min.max(1));
        self.write_within.saturating_add(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_write_gets_the_time_that_a_slow_line_takes_for_it() {
        let settings = Settings::default();
        assert_eq!(settings.deadline(100), Duration::from_secs(5));
        assert_eq!(settings.deadline(1024 * 1024), Duration::from_secs(133));
    }
}
