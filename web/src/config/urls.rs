//! Stores and buses, by URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A store, by URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `memory:` forgets everything when the process ends.
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
                "{:?} is none of sqlite:PATH, postgres://USER@HOST/DATABASE and memory:",
                without_password(text)
            )),
        }
    }
}

/// A bus, by URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BusUrl {
    /// `memory:` connects what runs in this process.
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

/// The address of a server, perhaps with a password in it, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// With the password.
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
            Err(format!("{:?} names no host", without_password(text)))
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

/// The text without what stands between the first colon of a login and its last `@`, and without
/// parameters, which may hold a password too.
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
    fn stores_and_buses_are_told_apart_by_their_scheme() {
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
    fn no_password_is_shown() {
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
        let said = "tape://me:hunter2@host".parse::<StoreUrl>().expect_err("no store of ours");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
