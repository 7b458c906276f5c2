//! The command line: commands, flags and environment variables, as text.

use clap::Parser;

use super::limit_flags::LimitFlags;

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "sockbit",
    version,
    about = "Shared notes that people edit together, live",
    max_term_width = 100
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// The commands of the program.
#[derive(Clone, Debug, Default, clap::Subcommand)]
pub(super) enum Command {
    /// Run everything in one process (default)
    #[default]
    Serve,
    /// Serve pages and live connections; workers do the rest. Needs --bus
    Gateway,
    /// Process commands and queries from the bus. Needs --bus and --store
    Worker,
    /// Migrate the database to this version and exit
    Migrate,
    /// Print a token with which a program can send commands over the bus, and exit
    Token {
        /// Name of the program, as people see it
        #[arg(long)]
        name: String,
    },
    /// List, show, replay or drop messages that could not be processed
    DeadLetters {
        #[command(subcommand)]
        action: DeadLetterAction,
    },
}

/// What to do with dead letters.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum DeadLetterAction {
    /// List dead letters: id, time, queue and reason
    List,
    /// Print the content of a dead letter
    Show {
        /// Id from `list`
        id: String,
    },
    /// Send its commands again, with new message ids
    Replay {
        /// Id from `list`
        id: String,
    },
    /// Delete it for good
    Drop {
        /// Id from `list`
        id: String,
    },
}

/// All values are text here: validation reports every invalid one, not only the first.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Settings (flag or environment variable)")]
pub(super) struct SettingFlags {
    /// Address and port to listen on; port 0 picks a free one. A worker serves only health and
    /// metrics there [default: 127.0.0.1:3000, worker: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDRESS", env = "SOCKBIT_LISTEN", global = true)]
    pub listen: Option<String>,
    /// Database: `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE`, or `memory:` (all boards
    /// are lost on exit) [default: sqlite:data/sockbit.db]
    #[arg(long, value_name = "URL", env = "SOCKBIT_STORE", hide_env_values = true, global = true)]
    pub store: Option<String>,
    /// Message bus between gateways and workers: `amqp://USER:PASSWORD@HOST/VHOST`, or `memory:`
    /// within one process [default: memory:]
    #[arg(long, value_name = "URL", env = "SOCKBIT_BUS", hide_env_values = true, global = true)]
    pub bus: Option<String>,
    /// Keys that sign messages on the bus, the same for all processes. The first signs, all are
    /// accepted; each secret needs at least 32 characters
    #[arg(
        long,
        value_name = "ID:SECRET,…",
        env = "SOCKBIT_BUS_KEYS",
        hide_env_values = true,
        global = true
    )]
    pub bus_keys: Option<String>,
    /// Prefix of queue names, so that several installations can share a broker
    #[arg(
        long,
        value_name = "NAME",
        env = "SOCKBIT_BUS_NAMESPACE",
        default_value = "sockbit",
        global = true
    )]
    pub bus_namespace: String,
    /// Number of queues for commands, 1 to 256. The first worker stores it in the database, and all
    /// processes must use the same
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_WORK_QUEUES",
        default_value = "16",
        global = true
    )]
    pub work_queues: String,
    /// Whether a worker deletes a work queue that the broker cannot serve, and declares it again: on
    /// or off. The commands in it are lost, and clients resend them
    #[arg(
        long,
        value_name = "on|off",
        env = "SOCKBIT_DELETE_BROKEN_QUEUES",
        default_value = "on",
        global = true
    )]
    pub delete_broken_queues: String,
    /// URL that people use to open this server, as in `https://notes.example.org`. Needed behind a
    /// proxy with another host name, and for cookies over TLS only
    #[arg(long, value_name = "URL", env = "SOCKBIT_PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// Secret that signs cookies, at least 32 random characters, the same for all gateways
    #[arg(
        long,
        value_name = "TEXT",
        env = "SOCKBIT_SECRET",
        hide_env_values = true,
        global = true
    )]
    pub secret: Option<String>,
    /// File with the secret, created if missing [default: sockbit.secret beside the SQLite
    /// database]
    #[arg(long, value_name = "FILE", env = "SOCKBIT_SECRET_FILE", global = true)]
    pub secret_file: Option<String>,
    /// Log level: error, warn, info, debug or trace, or levels by module as in
    /// `sockbit_web=debug,info`
    #[arg(long, value_name = "LEVELS", env = "SOCKBIT_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Log format: human or json
    #[arg(
        long,
        value_name = "FORMAT",
        env = "SOCKBIT_LOG_FORMAT",
        default_value = "human",
        global = true
    )]
    pub log_format: String,
    /// Number of your own proxies in front of this server that set X-Forwarded-For, 0 to 10
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SOCKBIT_TRUST_PROXY",
        default_value = "0",
        global = true
    )]
    pub trust_proxy: String,
    /// Age at which a person's successive edits of a note are merged into one history entry, as in
    /// 90min, 36h or 30d, or `never`
    #[arg(
        long,
        value_name = "TIME",
        env = "SOCKBIT_COMPACT_AFTER",
        default_value = "7d",
        global = true
    )]
    pub compact_after: String,
    /// Time for a graceful shutdown after SIGTERM, 6s to 1h: clients are asked to reconnect
    /// elsewhere and work in progress is finished. A supervisor must wait longer before it kills
    /// the process
    #[arg(
        long,
        value_name = "TIME",
        env = "SOCKBIT_DRAIN_WITHIN",
        default_value = "10s",
        global = true
    )]
    pub drain_within: String,
    #[command(flatten)]
    pub limits: LimitFlags,
}
