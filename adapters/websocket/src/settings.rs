//! The limits and timeouts of a connection.

use std::time::Duration;

/// The limits and timeouts of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The size of an incoming message, and of one frame of it.
    pub message_bytes_max: usize,
    /// Between two pings.
    pub ping_interval: Duration,
    /// How long nothing may be received, not even a pong.
    pub silence_max: Duration,
    /// The timeout of a write, beside the time that its bytes take at the lowest rate allowed.
    pub write_timeout: Duration,
    /// The lowest rate at which a peer may read, in bytes a second.
    pub bytes_per_second_min: u32,
    /// How long the peer has to answer a close frame.
    pub close_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes_max: 256 * 1024,
            ping_interval: Duration::from_secs(15),
            silence_max: Duration::from_secs(30),
            write_timeout: Duration::from_secs(5),
            bytes_per_second_min: 8 * 1024,
            close_timeout: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// The timeout for writing this many bytes, so that a slow connection is not taken for a dead
    /// one.
    pub(crate) fn write_timeout_for(&self, bytes: usize) -> Duration {
        let seconds = bytes as u64 / u64::from(self.bytes_per_second_min.max(1));
        self.write_timeout.saturating_add(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_of_a_write_grows_with_its_size() {
        let settings = Settings::default();
        assert_eq!(settings.write_timeout_for(100), Duration::from_secs(5));
        assert_eq!(settings.write_timeout_for(1024 * 1024), Duration::from_secs(133));
    }
}
