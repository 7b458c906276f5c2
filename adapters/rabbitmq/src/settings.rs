//! The settings of one process on the bus, validated.

use std::fmt;

use lapin::uri::AMQPUri;
use serde::Serialize;
use sockbit_application::bus_message_signing::{Keyring, MessageKind};
use uuid::Uuid;

use crate::names::Names;

/// More queues than slots would stay empty.
const WORK_QUEUES_MAX: u16 = 256;
const NAMESPACE_BYTES_MAX: usize = 64;
const PROGRAM_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The heartbeat interval of AMQP. A connection without traffic for twice as long is lost.
const HEARTBEAT_SECONDS: u16 = 5;

/// The settings of one process. All but the id must be the same in every process on the bus.
#[derive(Clone)]
pub struct Settings {
    pub(crate) uri: AMQPUri,
    pub(crate) names: Names,
    pub(crate) keys: Keyring,
    pub(crate) id: Uuid,
    pub(crate) work_queues: u16,
    pub(crate) work_messages_max: u32,
    pub(crate) program_message_bytes_max: usize,
    pub(crate) delete_broken_queues: bool,
}

/// Why settings are invalid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The URL. The message does not repeat it, because it may contain a password.
    #[error("the URL of the bus is invalid: {0}")]
    Url(String),
    /// The number of work queues.
    #[error("the number of work queues must be 1 to {WORK_QUEUES_MAX}, not {0}")]
    WorkQueues(u16),
    /// The namespace.
    #[error("a namespace has 1 to {NAMESPACE_BYTES_MAX} letters, digits, dots and dashes")]
    Namespace,
}

impl Settings {
    /// The settings of a process with a unique id, on the bus at `amqp://USER:PASSWORD@HOST/VHOST`
    /// (`amqps` over TLS), with 16 work queues.
    pub fn new(url: &str, keys: Keyring, id: Uuid) -> Result<Self, InvalidSettings> {
        let mut uri: AMQPUri =
            url.parse().map_err(|error: String| InvalidSettings::Url(redact(&error, url)))?;
        if let Some(host) = ipv6_host(url) {
            host.clone_into(&mut uri.authority.host);
        }
        // As in most clients, no virtual host means the default one.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        let names = Names::new("sockbit");
        Ok(Self {
            uri,
            names,
            keys,
            id,
            work_queues: 16,
            work_messages_max: 20_000,
            program_message_bytes_max: PROGRAM_MESSAGE_BYTES_MAX,
            delete_broken_queues: true,
        })
    }

    /// The number of work queues. It must be the same in all processes, and must not change while
    /// there are commands in the queues.
    pub fn work_queues(self, work_queues: u16) -> Result<Self, InvalidSettings> {
        if (1..=WORK_QUEUES_MAX).contains(&work_queues) {
            Ok(Self { work_queues, ..self })
        } else {
            Err(InvalidSettings::WorkQueues(work_queues))
        }
    }

    /// The prefix of the names of all queues and exchanges, `sockbit` by default. Several
    /// installations can share a virtual host under different namespaces.
    pub fn namespace(self, namespace: &str) -> Result<Self, InvalidSettings> {
        let is_valid = (1..=NAMESPACE_BYTES_MAX).contains(&namespace.len())
            && namespace.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it));
        if is_valid {
            Ok(Self { names: Names::new(namespace), ..self })
        } else {
            Err(InvalidSettings::Namespace)
        }
    }

    /// The number of messages at which a work queue refuses more. A queue that exists must have
    /// been declared with the same number.
    #[must_use]
    pub fn work_messages_max(self, work_messages_max: u32) -> Self {
        Self { work_messages_max, ..self }
    }

    /// The maximum size of a program's message, 256 KiB by default. Of a larger one, which will be
    /// refused, the gateway keeps one byte more.
    #[must_use]
    pub fn program_message_bytes_max(self, program_message_bytes_max: usize) -> Self {
        Self { program_message_bytes_max, ..self }
    }

    /// Whether a worker deletes and declares again a work queue that the broker cannot serve, which
    /// it does by default. The commands in it are lost, and their senders resend them.
    #[must_use]
    pub fn delete_broken_queues(self, delete_broken_queues: bool) -> Self {
        Self { delete_broken_queues, ..self }
    }

    /// The names of queues and exchanges.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Signs a message with the signing key.
    pub(crate) fn sign<T: Serialize + ?Sized>(
        &self,
        kind: MessageKind,
        message: &T,
    ) -> Result<Vec<u8>, String> {
        self.keys.sign(kind, message).map_err(|error| error.to_string())
    }

    /// The server, virtual host and user, without the password.
    pub(crate) fn location(&self) -> String {
        let authority = &self.uri.authority;
        format!(
            "{}:{}, virtual host {:?}, user {:?}",
            authority.host, authority.port, self.uri.vhost, authority.userinfo.username
        )
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("location", &self.location())
            .field("names", &self.names)
            .field("keys", &self.keys)
            .field("id", &self.id)
            .field("work_queues", &self.work_queues)
            .finish_non_exhaustive()
    }
}

/// The host of a URL with an IPv6 address. The driver ignores an address in brackets and connects
/// to localhost.
fn ipv6_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split_once(']').map(|(host, _)| host)
}

/// An error message without the URL.
fn redact(error: &str, url: &str) -> String {
    error.replace(url, "…")
}

#[cfg(test)]
mod tests {
    use sockbit_application::bus_message_signing::KeyId;

    use super::*;

    fn settings(url: &str) -> Result<Settings, InvalidSettings> {
        let id = KeyId::new("k1").expect("a valid key id");
        let keys = Keyring::new([(id, [1; 32].as_slice())]).expect("a valid key");
        Settings::new(url, keys, Uuid::nil())
    }

    #[test]
    fn the_location_is_read_from_the_url() {
        for (url, location) in [
            ("amqp://me:hunter2@mq:5673/notes", r#"mq:5673, virtual host "notes", user "me""#),
            ("amqp://mq", r#"mq:5672, virtual host "/", user "guest""#),
            ("amqp://mq/", r#"mq:5672, virtual host "/", user "guest""#),
            ("amqps://me:x@mq/%2f", r#"mq:5671, virtual host "/", user "me""#),
            ("amqp://me:a%40b@[::1]:7/x", r#"::1:7, virtual host "x", user "me""#),
        ] {
            assert_eq!(settings(url).expect("valid settings").location(), location);
        }
    }

    #[test]
    fn the_heartbeat_is_five_seconds_unless_the_url_sets_it() {
        let heartbeat = |url| settings(url).expect("valid settings").uri.query.heartbeat;
        assert_eq!(heartbeat("amqp://mq"), Some(5));
        assert_eq!(heartbeat("amqp://mq/x?heartbeat=30"), Some(30));
    }

    #[test]
    fn debug_output_contains_no_password() {
        let settings = settings("amqp://me:hunter2@mq").expect("valid settings");
        assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    }

    #[test]
    fn invalid_settings_are_refused_without_showing_the_password() {
        for url in ["", "amqp:", "http://me:hunter2@mq", "amqp://me:hunter2@mq:port", "mailto:x"] {
            let error = settings(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let valid = settings("amqp://mq").expect("valid settings");
        for number in [0, 257] {
            let result = valid.clone().work_queues(number).map(drop);
            assert_eq!(result, Err(InvalidSettings::WorkQueues(number)));
        }
        for name in ["", "a b", "é", &"n".repeat(65)] {
            let result = valid.clone().namespace(name).map(drop);
            assert_eq!(result, Err(InvalidSettings::Namespace), "{name}");
        }
    }
}
