//! Turns the command line into a `Config`, and collects all problems on the way.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;

use super::command_line::{Args, Command, SettingFlags};
use super::errors::{ConfigError, ConfigProblems};
use super::limit_flags::LimitFlags;
use super::problem_collector::ProblemCollector;
use super::role::SecretSource;
use super::role_requirements::{Resources, task};
use super::settings::{Config, ServerLimits};
use super::value_parsers;

/// Shorter than the timeout of a page, so that a form can show what happened.
const OUTCOME_WITHIN: Duration = Duration::from_secs(8);

/// The largest command that our clients send. They keep a larger edit as a draft.
const COMMAND_BYTES_MAX: usize = 250 * 1024;
/// The rest of a command's message: ids, link key, position.
const ENVELOPE_BYTES: usize = 6 * 1024;

impl Config {
    /// Reads the command line and the environment.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, ConfigError> {
        Ok(validate(Args::try_parse_from(args)?)?)
    }
}

fn validate(args: Args) -> Result<Config, ConfigProblems> {
    let Args { command, settings } = args;
    let command = command.unwrap_or_default();
    let mut problems = ProblemCollector::default();
    let listen = settings.listen.as_deref().filter(|it| !it.is_empty());
    let listen = listen.unwrap_or(default_listen_address(&command));
    let listen = problems.parse("--listen", listen, value_parsers::listen_address);
    let resources = resources(&mut problems, &settings);
    let task = task(&mut problems, command, resources);
    let public_url = problems.optional("--public-url", settings.public_url.as_deref());
    let log = problems.parse("--log", &settings.log, value_parsers::log_filter);
    let log_format =
        problems.parse("--log-format", &settings.log_format, value_parsers::log_format);
    let trusted_proxies = problems.number("--trust-proxy", &settings.trust_proxy, 0..=10);
    let compact_after = problems.parse(
        "--compact-after",
        &settings.compact_after,
        value_parsers::duration_or_never,
    );
    let drain_within =
        problems.parse("--drain-within", &settings.drain_within, value_parsers::drain_duration);
    let limits = board_limits(&mut problems, &settings.limits);
    let gateway = gateway_settings(&mut problems, &settings.limits);
    let server = server_limits(&mut problems, &settings.limits);
    if let (Some(limits), Some(server)) = (&limits, &server) {
        check_message_size(&mut problems, server.message_bytes_max, limits.note_bytes_max);
    }
    let config = || {
        Some(Config {
            task: task?,
            listen: listen?,
            public_url,
            log: log?,
            log_format: log_format?,
            trusted_proxies: trusted_proxies?,
            compact_after: compact_after?,
            drain_within: drain_within?,
            limits: limits?,
            gateway: gateway?,
            server: server?,
        })
    };
    problems.finish(config())
}

fn resources(problems: &mut ProblemCollector, settings: &SettingFlags) -> Resources {
    let secret = problems.optional("--secret", settings.secret.as_deref());
    let file = settings.secret_file.as_deref().filter(|it| !it.is_empty());
    Resources {
        store: problems.optional("--store", settings.store.as_deref()),
        bus: problems.optional("--bus", settings.bus.as_deref()),
        bus_keys: problems.parse_optional(
            "--bus-keys",
            settings.bus_keys.as_deref(),
            value_parsers::bus_keys,
        ),
        bus_namespace: settings.bus_namespace.clone(),
        work_queues: problems.number("--work-queues", &settings.work_queues, 1..=256),
        delete_broken_queues: problems.parse(
            "--delete-broken-queues",
            &settings.delete_broken_queues,
            value_parsers::on_or_off,
        ),
        secret: match (secret, file) {
            (Some(secret), _) => Some(SecretSource::Given(secret)),
            (None, Some(path)) => Some(SecretSource::File(PathBuf::from(path))),
            (None, None) => None,
        },
    }
}

fn default_listen_address(command: &Command) -> &'static str {
    match command {
        Command::Worker => "127.0.0.1:3001",
        _ => "127.0.0.1:3000",
    }
}

/// The server closes the connection of a client that sends a larger message, so every command must
/// fit.
fn check_message_size(
    problems: &mut ProblemCollector,
    message_bytes_max: usize,
    note_bytes_max: usize,
) {
    let longest_edit = 2 * note_bytes_max;
    let required = COMMAND_BYTES_MAX.max(longest_edit) + ENVELOPE_BYTES;
    if message_bytes_max < required {
        let problem = format!(
            "{message_bytes_max} bytes are too few: a command may have {COMMAND_BYTES_MAX} bytes, \
             an edit of a note of {note_bytes_max} bytes (--note-bytes) may have {longest_edit}, \
             plus {ENVELOPE_BYTES} for its envelope; use at least {required}"
        );
        problems.add("--message-bytes", problem);
    }
}

fn board_limits(problems: &mut ProblemCollector, flags: &LimitFlags) -> Option<Limits> {
    const GIB: usize = 1 << 30;
    let note_bytes_max = problems.number("--note-bytes", &flags.note_bytes, 1..=16 << 20);
    let notes_max = problems.number("--board-notes", &flags.board_notes, 1..=100_000);
    let board_bytes_max = problems.number("--board-bytes", &flags.board_bytes, 1..=GIB as u64);
    let links_max = problems.number("--board-links", &flags.board_links, 1..=10_000);
    Some(Limits {
        note_bytes_max: note_bytes_max?,
        notes_max: notes_max?,
        board_bytes_max: board_bytes_max?,
        links_max: links_max?,
        ..Limits::default()
    })
}

fn gateway_settings(
    problems: &mut ProblemCollector,
    flags: &LimitFlags,
) -> Option<GatewaySettings> {
    let per_address =
        problems.number("--connections-per-address", &flags.connections_per_address, 1..=1_000_000);
    let per_person =
        problems.number("--connections-per-person", &flags.connections_per_person, 1..=1_000_000);
    let boards =
        problems.number("--boards-per-connection", &flags.boards_per_connection, 1..=10_000);
    let rate = problems.number("--messages-per-second", &flags.messages_per_second, 1..=1_000_000);
    let burst = problems.number("--messages-burst", &flags.messages_burst, 1..=1_000_000);
    let messages = problems.number("--outgoing-messages", &flags.outgoing_messages, 16..=1_000_000);
    let bytes = problems.number("--outgoing-bytes", &flags.outgoing_bytes, 64 << 10..=1 << 30);
    let total =
        problems.number("--outgoing-bytes-total", &flags.outgoing_bytes_total, 1 << 20..=1 << 40);
    Some(GatewaySettings {
        connections_per_address_max: per_address?,
        connections_per_actor_max: per_person?,
        boards_per_connection_max: boards?,
        messages_per_second: rate?,
        messages_burst: burst?,
        outgoing_messages_max: messages?,
        outgoing_bytes_max: bytes?,
        outgoing_bytes_total_max: total?,
        outcome_within: OUTCOME_WITHIN,
        ..GatewaySettings::default()
    })
}

fn server_limits(problems: &mut ProblemCollector, flags: &LimitFlags) -> Option<ServerLimits> {
    let connections = problems.number("--connections", &flags.connections, 1..=1_000_000);
    let sockets =
        problems.number("--sockets-per-address", &flags.sockets_per_address, 1..=1_000_000);
    let rate = problems.number("--requests-per-second", &flags.requests_per_second, 1..=1_000_000);
    let burst = problems.number("--requests-burst", &flags.requests_burst, 1..=1_000_000);
    let message = problems.number("--message-bytes", &flags.message_bytes, 4 << 10..=64 << 20);
    Some(ServerLimits {
        connections_max: connections?,
        sockets_per_address_max: sockets?,
        requests_per_second: rate?,
        requests_burst: burst?,
        message_bytes_max: message?,
    })
}

#[cfg(test)]
mod tests;
