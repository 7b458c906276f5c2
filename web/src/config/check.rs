//! From what was written to what is meant, gathering every mistake on the way.

use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;
use tracing_subscriber::EnvFilter;

use super::args::{self, Args, Command};
use super::roles::{self, Given};
use super::values;
use super::{Config, LogFormat, Mistake, Mistakes, SecretSource, ServerLimits};

/// Below the time that a page may take, so that a form can say what became of it.
const OUTCOME_WITHIN: Duration = Duration::from_secs(8);

/// What our clients freeze as one command. One that is larger they keep as a draft.
const COMMAND_BYTES_MAX: usize = 250 * 1024;
/// The rest of a command's message: ids, a link's key, where a note stands.
const ENVELOPE_BYTES: usize = 6 * 1024;

pub(super) fn check(args: Args) -> Result<Config, Mistakes> {
    let Args { command, settings } = args;
    let command = command.unwrap_or_default();
    let mut found = Found::default();
    let listen = settings.listen.as_deref().filter(|it| !it.is_empty());
    let listen = found.read("--listen", listen.unwrap_or(default_listen(&command)), listen_address);
    let given = given(&mut found, &settings);
    let task = roles::task(&mut found, command, given);
    let public_url = found.optional("--public-url", settings.public_url.as_deref());
    let log = found.read("--log", &settings.log, log);
    let log_format = found.read("--log-format", &settings.log_format, log_format);
    let trusted_proxies = found.number("--trust-proxy", &settings.trust_proxy, 0..=10);
    let compact_after =
        found.read("--compact-after", &settings.compact_after, values::time_or_never);
    let drain_within = found.read("--drain-within", &settings.drain_within, values::drain_time);
    let limits = board_limits(&mut found, &settings.limits);
    let gateway = gateway_settings(&mut found, &settings.limits);
    let server = server_limits(&mut found, &settings.limits);
    if let (Some(limits), Some(server)) = (&limits, &server) {
        found.room_for_commands(server.message_bytes_max, limits.note_bytes_max);
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
    config().filter(|_| found.0.is_empty()).ok_or(Mistakes(found.0))
}

fn given(found: &mut Found, settings: &args::Settings) -> Given {
    let secret = found.optional("--secret", settings.secret.as_deref());
    let file = settings.secret_file.as_deref().filter(|it| !it.is_empty());
    Given {
        store: found.optional("--store", settings.store.as_deref()),
        bus: found.optional("--bus", settings.bus.as_deref()),
        bus_keys: found.given("--bus-keys", settings.bus_keys.as_deref(), values::bus_keys),
        bus_namespace: settings.bus_namespace.clone(),
        work_queues: found.number("--work-queues", &settings.work_queues, 1..=256),
        secret: match (secret, file) {
            (Some(secret), _) => Some(SecretSource::Given(secret)),
            (None, Some(path)) => Some(SecretSource::File(PathBuf::from(path))),
            (None, None) => None,
        },
    }
}

fn default_listen(command: &Command) -> &'static str {
    match command {
        Command::Worker => "127.0.0.1:3001",
        _ => "127.0.0.1:3000",
    }
}

/// The mistakes so far.
#[derive(Default)]
pub(super) struct Found(Vec<Mistake>);

impl Found {
    pub fn problem(&mut self, flag: &'static str, problem: impl Into<String>) {
        self.0.push(Mistake { flag, problem: problem.into() });
    }

    /// Something is needed and not there, unless it was given and could not be read.
    pub fn missing(&mut self, flag: &'static str, problem: &str) {
        if !self.0.iter().any(|mistake| mistake.flag == flag) {
            self.problem(flag, problem);
        }
    }

    /// A message that is too big for the server costs its sender the connection.
    fn room_for_commands(&mut self, message_bytes_max: usize, note_bytes_max: usize) {
        let needed = COMMAND_BYTES_MAX.max(2 * note_bytes_max) + ENVELOPE_BYTES;
        if message_bytes_max < needed {
            let problem = format!(
                "{message_bytes_max} bytes hold not every command: clients send up to \
                 {COMMAND_BYTES_MAX} bytes in one, a note of {note_bytes_max} bytes (--note-bytes) \
                 can take {}, and there is {ENVELOPE_BYTES} around them; at least {needed} are needed",
                2 * note_bytes_max
            );
            self.problem("--message-bytes", problem);
        }
    }

    fn read<T>(
        &mut self,
        flag: &'static str,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        read(text).map_err(|problem| self.0.push(Mistake { flag, problem })).ok()
    }

    fn optional<T: FromStr<Err = String>>(
        &mut self,
        flag: &'static str,
        text: Option<&str>,
    ) -> Option<T> {
        self.given(flag, text, str::parse)
    }

    /// What was given and can be used. An empty variable is one that was not set.
    fn given<T>(
        &mut self,
        flag: &'static str,
        text: Option<&str>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        text.filter(|text| !text.is_empty()).and_then(|text| self.read(flag, text, read))
    }

    /// A number, which may have a unit of bytes behind it.
    fn number<T: TryFrom<u64> + PartialOrd + Display>(
        &mut self,
        flag: &'static str,
        text: &str,
        allowed: std::ops::RangeInclusive<T>,
    ) -> Option<T> {
        self.read(flag, text, |text| {
            let number = plain_number(text).and_then(|number| T::try_from(number).ok());
            number.filter(|number| allowed.contains(number)).ok_or_else(|| {
                let (low, high) = (allowed.start(), allowed.end());
                format!(
                    "{text:?} is not a number from {low} to {high}, alone or with KiB, MiB or GiB"
                )
            })
        })
    }
}

/// `64KiB` is 65536.
fn plain_number(text: &str) -> Option<u64> {
    let (digits, unit) = match text {
        text if text.ends_with("KiB") => (text.strip_suffix("KiB")?, 1 << 10),
        text if text.ends_with("MiB") => (text.strip_suffix("MiB")?, 1 << 20),
        text if text.ends_with("GiB") => (text.strip_suffix("GiB")?, 1 << 30),
        text => (text, 1),
    };
    digits.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

fn listen_address(text: &str) -> Result<SocketAddr, String> {
    // A name may have several addresses; the first is as good as any on one's own machine.
    let named = || text.to_socket_addrs().ok()?.next();
    text.parse().ok().or_else(named).ok_or_else(|| {
        format!(
            "{text:?} is not an address of this machine with a port, as in 127.0.0.1:3000, or \
             0.0.0.0:3000 for all it has"
        )
    })
}

fn log(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{text:?} says no levels of logging: {error}")),
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither human nor json")),
    }
}

fn board_limits(found: &mut Found, args: &args::Limits) -> Option<Limits> {
    const GIB: usize = 1 << 30;
    let note_bytes_max = found.number("--note-bytes", &args.note_bytes, 1..=16 << 20);
    let notes_max = found.number("--board-notes", &args.board_notes, 1..=100_000);
    let board_bytes_max = found.number("--board-bytes", &args.board_bytes, 1..=GIB as u64);
    let links_max = found.number("--board-links", &args.board_links, 1..=10_000);
    Some(Limits {
        note_bytes_max: note_bytes_max?,
        notes_max: notes_max?,
        board_bytes_max: board_bytes_max?,
        links_max: links_max?,
        ..Limits::default()
    })
}

fn gateway_settings(found: &mut Found, args: &args::Limits) -> Option<GatewaySettings> {
    let per_address =
        found.number("--connections-per-address", &args.connections_per_address, 1..=1_000_000);
    let per_person =
        found.number("--connections-per-person", &args.connections_per_person, 1..=1_000_000);
    let boards = found.number("--boards-per-connection", &args.boards_per_connection, 1..=10_000);
    let rate = found.number("--messages-per-second", &args.messages_per_second, 1..=1_000_000);
    let burst = found.number("--messages-burst", &args.messages_burst, 1..=1_000_000);
    let waiting = found.number("--outgoing-messages", &args.outgoing_messages, 16..=1_000_000);
    let bytes = found.number("--outgoing-bytes", &args.outgoing_bytes, 64 << 10..=1 << 30);
    let total =
        found.number("--outgoing-bytes-total", &args.outgoing_bytes_total, 1 << 20..=1 << 40);
    Some(GatewaySettings {
        connections_per_address_max: per_address?,
        connections_per_actor_max: per_person?,
        boards_per_connection_max: boards?,
        messages_per_second: rate?,
        messages_burst: burst?,
        outgoing_messages_max: waiting?,
        outgoing_bytes_max: bytes?,
        outgoing_bytes_total_max: total?,
        outcome_within: OUTCOME_WITHIN,
        ..GatewaySettings::default()
    })
}

fn server_limits(found: &mut Found, args: &args::Limits) -> Option<ServerLimits> {
    let connections = found.number("--connections", &args.connections, 1..=1_000_000);
    let sockets = found.number("--sockets-per-address", &args.sockets_per_address, 1..=1_000_000);
    let rate = found.number("--requests-per-second", &args.requests_per_second, 1..=1_000_000);
    let burst = found.number("--requests-burst", &args.requests_burst, 1..=1_000_000);
    let message = found.number("--message-bytes", &args.message_bytes, 4 << 10..=64 << 20);
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
