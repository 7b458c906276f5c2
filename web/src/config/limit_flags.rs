//! The flags for limits, as text.

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Maximum size of a note's text
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_NOTE_BYTES",
        default_value = "64KiB",
        global = true
    )]
    pub note_bytes: String,
    /// Maximum number of notes on a board, including those in its trash
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARD_NOTES",
        default_value = "1000",
        global = true
    )]
    pub board_notes: String,
    /// Maximum size of the text of all notes of a board
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_BOARD_BYTES",
        default_value = "8MiB",
        global = true
    )]
    pub board_bytes: String,
    /// Maximum number of share links of a board
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARD_LINKS",
        default_value = "100",
        global = true
    )]
    pub board_links: String,
    /// Maximum number of open connections
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS",
        default_value = "10000",
        global = true
    )]
    pub connections: String,
    /// Maximum number of open connections from one address. No effect behind a trusted proxy
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_SOCKETS_PER_ADDRESS",
        default_value = "200",
        global = true
    )]
    pub sockets_per_address: String,
    /// Maximum number of live connections (WebSocket) from one address
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS_PER_ADDRESS",
        default_value = "50",
        global = true
    )]
    pub connections_per_address: String,
    /// Maximum number of live connections of one person
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS_PER_PERSON",
        default_value = "10",
        global = true
    )]
    pub connections_per_person: String,
    /// Maximum number of boards joined over one live connection
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARDS_PER_CONNECTION",
        default_value = "64",
        global = true
    )]
    pub boards_per_connection: String,
    /// Maximum size of one message from a client
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_MESSAGE_BYTES",
        default_value = "256KiB",
        global = true
    )]
    pub message_bytes: String,
    /// Messages per second from one live connection, on average
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_MESSAGES_PER_SECOND",
        default_value = "20",
        global = true
    )]
    pub messages_per_second: String,
    /// Messages from one live connection in a burst
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_MESSAGES_BURST",
        default_value = "60",
        global = true
    )]
    pub messages_burst: String,
    /// HTTP requests per second from one address, on average
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_REQUESTS_PER_SECOND",
        default_value = "50",
        global = true
    )]
    pub requests_per_second: String,
    /// HTTP requests from one address in a burst
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_REQUESTS_BURST",
        default_value = "300",
        global = true
    )]
    pub requests_burst: String,
    /// Maximum number of messages queued for one client. A client over the limit is disconnected
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_OUTGOING_MESSAGES",
        default_value = "256",
        global = true
    )]
    pub outgoing_messages: String,
    /// Maximum size of all messages queued for one client. A client over the limit is disconnected
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_OUTGOING_BYTES",
        default_value = "1MiB",
        global = true
    )]
    pub outgoing_bytes: String,
    /// Maximum size of all messages queued for all clients of a process
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_OUTGOING_BYTES_TOTAL",
        default_value = "256MiB",
        global = true
    )]
    pub outgoing_bytes_total: String,
}
