//! The flags and environment variables, as they were written.

use clap::Parser;

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "sockbit",
    version,
    about = "Notes that people write together, live",
    max_term_width = 100
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: Settings,
}

/// What the program is to do.
#[derive(Clone, Debug, Default, clap::Subcommand)]
pub(super) enum Command {
    /// Serve the web app, all in one process (the default)
    #[default]
    Serve,
    /// Hold connections and show pages, and leave the work to workers
    Gateway,
    /// Work off what gateways put on the bus
    Worker,
    /// Bring the database to this version, and end
    Migrate,
    /// Print a token that a program sends commands with, and end
    Token {
        /// What people see as the program's name
        #[arg(long)]
        name: String,
    },
    /// See to messages on the bus that could not be dealt with
    DeadLetters {
        #[command(subcommand)]
        wish: DeadLetterWish,
    },
}

/// What is to become of dead letters.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum DeadLetterWish {
    /// One line for each: its id, when and where it was set aside, and why
    List,
    /// All that is in it
    Show {
        /// As it is listed
        id: String,
    },
    /// Send its commands again, under new ids
    Replay {
        /// As it is listed
        id: String,
    },
    /// Throw it away for good
    Drop {
        /// As it is listed
        id: String,
    },
}

/// All values are texts here, so that every mistake can be told at once and by name.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Settings (each also as an environment variable)")]
pub(super) struct Settings {
    /// Address and port to listen on; port 0 takes a free one. A worker shows only its health there
    /// [default: 127.0.0.1:3000, for a worker 127.0.0.1:3001]
    #[arg(long, value_name = "ADDRESS", env = "SOCKBIT_LISTEN", global = true)]
    pub listen: Option<String>,
    /// What keeps the boards: `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE`, or `memory:`
    /// to forget everything at the end [default: sqlite:data/sockbit.db]
    #[arg(long, value_name = "URL", env = "SOCKBIT_STORE", hide_env_values = true, global = true)]
    pub store: Option<String>,
    /// What connects gateways and workers: `amqp://USER:PASSWORD@HOST/VHOST`, or `memory:` for those
    /// in one process [default: memory:]
    #[arg(long, value_name = "URL", env = "SOCKBIT_BUS", hide_env_values = true, global = true)]
    pub bus: Option<String>,
    /// What messages on the bus are signed with: secrets with a name each, of which the first signs
    /// and all are accepted
    #[arg(
        long,
        value_name = "ID:SECRET,…",
        env = "SOCKBIT_BUS_KEYS",
        hide_env_values = true,
        global = true
    )]
    pub bus_keys: Option<String>,
    /// What the names of queues begin with, so that several installations can share a bus
    #[arg(
        long,
        value_name = "NAME",
        env = "SOCKBIT_BUS_NAMESPACE",
        default_value = "sockbit",
        global = true
    )]
    pub bus_namespace: String,
    /// Over how many queues on the bus commands are spread; the first worker on a database fixes it
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_WORK_QUEUES",
        default_value = "16",
        global = true
    )]
    pub work_queues: String,
    /// How people reach this server, as in `https://notes.example.org`
    #[arg(long, value_name = "URL", env = "SOCKBIT_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// What cookies are signed with: at least 32 characters that nobody can guess
    #[arg(
        long,
        value_name = "TEXT",
        env = "SOCKBIT_SECRET",
        hide_env_values = true,
        global = true
    )]
    pub secret: Option<String>,
    /// File with the secret, made at the first start [default: sockbit.secret beside the data]
    #[arg(long, value_name = "FILE", env = "SOCKBIT_SECRET_FILE", global = true)]
    pub secret_file: Option<String>,
    /// What to log: error, warn, info, debug, trace, or levels by module
    #[arg(long, value_name = "LEVELS", env = "SOCKBIT_LOG", default_value = "info", global = true)]
    pub log: String,
    /// How to log: human or json
    #[arg(
        long,
        value_name = "FORMAT",
        env = "SOCKBIT_LOG_FORMAT",
        default_value = "human",
        global = true
    )]
    pub log_format: String,
    /// How many proxies of yours stand in front and set X-Forwarded-For
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_TRUST_PROXY",
        default_value = "0",
        global = true
    )]
    pub trust_proxy: String,
    /// How old edits are when those that one person made in one go become one in the history: a time
    /// as in 90min, 36h or 30d, or `never`
    #[arg(
        long,
        value_name = "TIME",
        env = "SOCKBIT_COMPACT_AFTER",
        default_value = "7d",
        global = true
    )]
    pub compact_after: String,
    /// How long going away may take on SIGTERM, in which people are told to move and what is under way
    /// is finished. Whoever ends the process otherwise has to wait longer than that
    #[arg(
        long,
        value_name = "TIME",
        env = "SOCKBIT_DRAIN_WITHIN",
        default_value = "10s",
        global = true
    )]
    pub drain_within: String,
    #[command(flatten)]
    pub limits: Limits,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(super) struct Limits {
    /// Text of one note
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_NOTE_BYTES",
        default_value = "64KiB",
        global = true
    )]
    pub note_bytes: String,
    /// Notes on a board, those in its trash included
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARD_NOTES",
        default_value = "1000",
        global = true
    )]
    pub board_notes: String,
    /// Text of all notes of a board
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_BOARD_BYTES",
        default_value = "8MiB",
        global = true
    )]
    pub board_bytes: String,
    /// Links into one board
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARD_LINKS",
        default_value = "100",
        global = true
    )]
    pub board_links: String,
    /// Connections open at once
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS",
        default_value = "10000",
        global = true
    )]
    pub connections: String,
    /// Connections of any kind from one address; without effect behind a proxy
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_SOCKETS_PER_ADDRESS",
        default_value = "200",
        global = true
    )]
    pub sockets_per_address: String,
    /// Live connections from one address
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS_PER_ADDRESS",
        default_value = "50",
        global = true
    )]
    pub connections_per_address: String,
    /// Live connections of one person
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_CONNECTIONS_PER_PERSON",
        default_value = "10",
        global = true
    )]
    pub connections_per_person: String,
    /// Boards looked at over one live connection
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_BOARDS_PER_CONNECTION",
        default_value = "64",
        global = true
    )]
    pub boards_per_connection: String,
    /// One message from a client
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_MESSAGE_BYTES",
        default_value = "256KiB",
        global = true
    )]
    pub message_bytes: String,
    /// Messages a second over one live connection
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_MESSAGES_PER_SECOND",
        default_value = "20",
        global = true
    )]
    pub messages_per_second: String,
    /// Messages at once over one live connection
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_MESSAGES_BURST",
        default_value = "60",
        global = true
    )]
    pub messages_burst: String,
    /// Pages and posts a second from one address
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_REQUESTS_PER_SECOND",
        default_value = "50",
        global = true
    )]
    pub requests_per_second: String,
    /// Pages and posts at once from one address
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_REQUESTS_BURST",
        default_value = "300",
        global = true
    )]
    pub requests_burst: String,
    /// Messages waiting for one client
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_OUTGOING_MESSAGES",
        default_value = "256",
        global = true
    )]
    pub outgoing_messages: String,
    /// Bytes waiting for one client
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_OUTGOING_BYTES",
        default_value = "1MiB",
        global = true
    )]
    pub outgoing_bytes: String,
    /// Bytes waiting for all clients together
    #[arg(
        long,
        value_name = "BYTES",
        env = "SOCKBIT_OUTGOING_BYTES_TOTAL",
        default_value = "256MiB",
        global = true
    )]
    pub outgoing_bytes_total: String,
}
