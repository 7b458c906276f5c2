//! Why a connection ends.

use sockbit_application::gateway::CloseReason;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConnectionEnd {
    /// The peer cannot be reached.
    Disconnected,
    /// The peer closed the connection, with this code.
    ClosedByPeer { code: Option<u16> },
    /// The session ended.
    SessionClosed(CloseReason),
    /// The peer violated the protocol or a limit.
    PeerError { code: CloseCode, reason: &'static str },
}

impl ConnectionEnd {
    pub const BINARY: Self =
        Self::PeerError { code: CloseCode::Unsupported, reason: "only text frames are accepted" };
    pub const NOT_UTF8: Self =
        Self::PeerError { code: CloseCode::Invalid, reason: "a text frame must be UTF-8" };
    pub const PROTOCOL: Self =
        Self::PeerError { code: CloseCode::Protocol, reason: "WebSocket protocol error" };
    pub const SILENT: Self =
        Self::PeerError { code: CloseCode::Policy, reason: "nothing received for too long" };
    pub const TOO_LARGE: Self =
        Self::PeerError { code: CloseCode::Size, reason: "the message is too large" };
}
