//! From what was written to what is meant, gathering every mistake on the way.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;
use tracing_subscriber::EnvFilter;

use super::args::{self, Args};
use super::{BusUrl, Config, LogFormat, Mistake, Mistakes, SecretSource, ServerLimits, StoreUrl};

/// Below the time that a page may take, so that a form can say what became of it.
const OUTCOME_WITHIN: Duration = Duration::from_secs(8);
const SECRET_FILE: &str = "sockbit.secret";

pub(super) fn check(args: Args) -> Result<Config, Mistakes> {
    let Args { task, settings } = args;
    let mut found = Found::default();
    let listen = found.read("--listen", &settings.listen, listen);
    let store = found.read("--store", &settings.store, store_url);
    let bus = found.read("--bus", &settings.bus, bus_url);
    let public_url = found.optional("--public-url", settings.public_url.as_deref());
    let given = found.optional("--secret", settings.secret.as_deref());
    let log = found.read("--log", &settings.log, log);
    let log_format = found.read("--log-format", &settings.log_format, log_format);
    let trusted_proxies = found.number("--trust-proxy", &settings.trust_proxy, 0..=10);
    let limits = board_limits(&mut found, &settings.limits);
    let gateway = gateway_settings(&mut found, &settings.limits);
    let server = server_limits(&mut found, &settings.limits);
    let config = || {
        let store = store?;
        let secret = match given {
            Some(secret) => SecretSource::Given(secret),
            None => secret_file(settings.secret_file.filter(|it| !it.is_empty()), &store),
        };
        Some(Config {
            task: task.unwrap_or_default(),
            listen: listen?,
            bus: bus?,
            public_url,
            secret,
            log: log?,
            log_format: log_format?,
            trusted_proxies: trusted_proxies?,
            limits: limits?,
            gateway: gateway?,
            server: server?,
            store,
        })
    };
    config().filter(|_| found.0.is_empty()).ok_or(Mistakes(found.0))
}

/// The mistakes so far.
#[derive(Default)]
struct Found(Vec<Mistake>);

impl Found {
    fn read<T>(
        &mut self,
        flag: &'static str,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        read(text).map_err(|problem| self.0.push(Mistake { flag, problem })).ok()
    }

    /// What was given and can be used. An empty variable is one that was not set.
    fn optional<T: FromStr<Err = String>>(
        &mut self,
        flag: &'static str,
        text: Option<&str>,
    ) -> Option<T> {
        text.filter(|text| !text.is_empty()).and_then(|text| self.read(flag, text, str::parse))
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
                format!("{text:?} is not a number from {low} to {high}")
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

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address with a port, as 127.0.0.1:3000"))
}

fn store_url(text: &str) -> Result<StoreUrl, String> {
    match text.split_once(':') {
        Some(("memory", "")) => Ok(StoreUrl::Memory),
        Some(("sqlite", path)) if !path.is_empty() => Ok(StoreUrl::Sqlite(PathBuf::from(path))),
        _ => Err(format!("{text:?} is neither sqlite:PATH nor memory:")),
    }
}

fn bus_url(text: &str) -> Result<BusUrl, String> {
    match text {
        "memory:" => Ok(BusUrl::Memory),
        _ => Err(format!("{text:?} is not memory:")),
    }
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

fn secret_file(given: Option<String>, store: &StoreUrl) -> SecretSource {
    match (given, store) {
        (Some(path), _) => SecretSource::File(PathBuf::from(path)),
        (None, StoreUrl::Sqlite(data)) => SecretSource::File(data.with_file_name(SECRET_FILE)),
        (None, StoreUrl::Memory) => SecretSource::Fresh,
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
mod tests {
    use std::ffi::OsString;

    use super::super::ConfigError;
    use super::*;

    fn read(line: &[&str]) -> Result<Config, ConfigError> {
        Config::read(["sockbit"].iter().chain(line).map(OsString::from))
    }

    fn mistakes(line: &[&str]) -> Vec<Mistake> {
        match read(line) {
            Err(ConfigError::Mistakes(mistakes)) => mistakes.0,
            other => panic!("expected mistakes, got {other:?}"),
        }
    }

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = read(&[]).expect("the defaults");
        assert_eq!(config.store, StoreUrl::Sqlite("data/sockbit.db".into()));
        assert!(
            matches!(config.secret, SecretSource::File(path) if path.ends_with("data/sockbit.secret"))
        );
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.gateway.connections_per_actor_max, 10);
    }

    #[test]
    fn every_mistake_is_told_at_once_and_by_name() {
        let found = mistakes(&["--listen", "here", "--store", "tape:", "--note-bytes", "0"]);
        let flags: Vec<&str> = found.iter().map(|it| it.flag).collect();
        assert_eq!(flags, ["--listen", "--store", "--note-bytes"]);
        assert!(Mistakes(found).to_string().contains("--note-bytes (SOCKBIT_NOTE_BYTES): "));
    }

    #[test]
    fn a_mistaken_secret_is_named_and_not_shown() {
        let found = mistakes(&["--secret", "hunter2"]);
        assert!(!Mistakes(found).to_string().contains("hunter2"));
    }

    #[test]
    fn the_configuration_shows_no_secret() {
        let config = read(&["--secret", "0123456789abcdef0123456789abcdef"]).expect("a secret");
        assert!(!format!("{config:?}").contains("0123456789"));
    }

    #[test]
    fn sizes_may_have_a_unit() {
        for (text, bytes) in
            [("65536", Some(65_536)), ("64KiB", Some(65_536)), ("8 MiB", Some(8 << 20))]
        {
            assert_eq!(plain_number(text), bytes, "{text}");
        }
        for text in ["", "KiB", "64kb", "-1", "99999999999999999999", "99999999999GiB"] {
            assert_eq!(plain_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_store_that_forgets_needs_no_secret_file() {
        let config = read(&["--store", "memory:"]).expect("a configuration");
        assert!(matches!(config.secret, SecretSource::Fresh));
    }

    #[test]
    fn settings_may_stand_behind_the_task() {
        let config = read(&["serve", "--listen", "127.0.0.1:4000"]).expect("a configuration");
        assert_eq!(config.listen.port(), 4000);
    }
}
