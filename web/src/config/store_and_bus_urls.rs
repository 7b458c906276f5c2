//! URLs of stores and buses, which never show their password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The URL of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `memory:` keeps boards only while the process runs.
    Memory,
    /// `sqlite:PATH`.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST/DATABASE`.
    Postgres(ServerUrl),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => text.parse().map(Self::Postgres),
            _ => Err(format!(
                "{:?} is not sqlite:PATH, postgres://USER@HOST/DATABASE or memory:",
                without_password(text)
            )),
        }
    }
}

/// The URL of a bus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BusUrl {
    /// `memory:` connects the gateway and worker of one process.
    Memory,
    /// `amqp://USER:PASSWORD@HOST/VHOST`, or `amqps://…` over TLS.
    RabbitMq(ServerUrl),
}

impl FromStr for BusUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("amqp" | "amqps", _)) => text.parse().map(Self::RabbitMq),
            _ => {
                Err(format!("{:?} is neither amqp://USER@HOST nor memory:", without_password(text)))
            }
        }
    }
}

/// The URL of a server. `Debug` and `Display` leave out the password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The whole URL, with its password.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.split_once("://").map(|(_, rest)| rest.rsplit('@').next().unwrap_or(rest));
        let has_host =
            host.is_some_and(|host| !host.starts_with(['/', ':', '?']) && !host.is_empty());
        let has_socket = text.contains("?host=") || text.contains("&host=");
        if has_host || has_socket {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{:?} has no host", without_password(text)))
        }
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

/// Removes the password, which is between the first colon of the login and the last `@`, and all
/// parameters, which may contain a password too.
fn without_password(text: &str) -> String {
    let text = text.split_once('?').map_or(text, |(text, _)| text);
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let shown = match rest.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{user}@{host}")
        }
        None => rest.to_owned(),
    };
    if scheme.is_empty() { shown } else { format!("{scheme}://{shown}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_selects_the_store_and_the_bus() {
        assert_eq!("memory:".parse(), Ok(StoreUrl::Memory));
        assert_eq!("sqlite:a/b.db".parse(), Ok(StoreUrl::Sqlite("a/b.db".into())));
        assert!(matches!("postgres://me@db/notes".parse(), Ok(StoreUrl::Postgres(_))));
        assert!(matches!("postgresql:///notes?host=/run/pg".parse(), Ok(StoreUrl::Postgres(_))));
        assert!(matches!("amqps://me:x@mq/%2f".parse(), Ok(BusUrl::RabbitMq(_))));
        for text in ["", "sqlite:", "tape:", "postgres:", "postgres://", "postgres:///notes"] {
            assert!(text.parse::<StoreUrl>().is_err(), "{text}");
        }
        for text in ["", "amqp:", "amqp://", "amqp://me:pass@", "pigeon:", "memory:x"] {
            assert!(text.parse::<BusUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (text, shown) in [
            ("postgres://me:hunter2@db:5432/notes", "postgres://me@db:5432/notes"),
            ("postgres://me:hunt@er2@db/notes?password=hunter2", "postgres://me@db/notes"),
            ("amqp://db", "amqp://db"),
        ] {
            let url: ServerUrl = text.parse().expect("a server");
            assert_eq!(
                (format!("{url}"), format!("{url:?}")),
                (shown.to_owned(), shown.to_owned())
            );
            assert_eq!(url.expose(), text);
        }
        let problem = "tape://me:hunter2@host".parse::<StoreUrl>().expect_err("an unknown scheme");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
