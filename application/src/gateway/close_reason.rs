//! Why a gateway closes a connection, and the close codes.

/// Why the gateway closes a connection. The client connects again and resumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The process stops; another one serves.
    GoingAway,
    /// The client did not read fast enough.
    TooSlow,
    /// The store has another history, as after a restored backup.
    HistoryChanged,
}

impl CloseReason {
    /// The close code of the protocol, for transports that have close codes.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooSlow => 4001,
            Self::HistoryChanged => 4002,
        }
    }

    /// The reason as text.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "going away",
            Self::TooSlow => "too slow",
            Self::HistoryChanged => "history changed",
        }
    }
}
