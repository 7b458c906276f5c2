//! What an end of the bus has to know, checked.

use std::fmt;

use lapin::uri::AMQPUri;
use sockbit_application::seal::Keyring;
use uuid::Uuid;

use crate::topology::Names;

/// Whoever has more has more than slots.
const WORK_QUEUES_MAX: u16 = 256;
const NAMESPACE_BYTES_MAX: usize = 64;
const PROGRAM_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// A peer that says nothing for twice as long is taken for gone.
const HEARTBEAT_SECONDS: u16 = 5;

/// What every process on the bus has to be told alike, but for its id.
#[derive(Clone)]
pub struct Settings {
    pub(crate) uri: AMQPUri,
    pub(crate) names: Names,
    pub(crate) keys: Keyring,
    pub(crate) id: Uuid,
    pub(crate) work_queues: u16,
    pub(crate) work_messages_max: u32,
    pub(crate) program_message_bytes_max: usize,
}

/// What cannot be so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The URL. What is wrong is said without repeating it, for it may hold a password.
    #[error("the address of the bus cannot be read: {0}")]
    Url(String),
    /// How many queues.
    #[error("there are 1 to {WORK_QUEUES_MAX} work queues, and not {0}")]
    WorkQueues(u16),
    /// What names begin with.
    #[error("a namespace is one to {NAMESPACE_BYTES_MAX} letters, digits, dots and dashes")]
    Namespace,
}

impl Settings {
    /// A process by its id, which nobody had before, on the bus at `amqp://USER:PASSWORD@HOST/VHOST`
    /// (`amqps` over TLS), with 16 work queues.
    pub fn new(url: &str, keys: Keyring, id: Uuid) -> Result<Self, InvalidSettings> {
        let mut uri: AMQPUri =
            url.parse().map_err(|problem: String| InvalidSettings::Url(without(url, &problem)))?;
        if let Some(host) = ipv6_host(url) {
            host.clone_into(&mut uri.authority.host);
        }
        // As in most clients, no name of a virtual host means the default one.
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
        })
    }

    /// In how many queues commands wait: the same number for all processes, for as long as there
    /// are commands in them.
    pub fn work_queues(self, work_queues: u16) -> Result<Self, InvalidSettings> {
        if (1..=WORK_QUEUES_MAX).contains(&work_queues) {
            Ok(Self { work_queues, ..self })
        } else {
            Err(InvalidSettings::WorkQueues(work_queues))
        }
    }

    /// What the names of all queues and exchanges begin with, `sockbit` where nothing is said: so
    /// that several installations can share a virtual host.
    pub fn namespace(self, namespace: &str) -> Result<Self, InvalidSettings> {
        let fits = (1..=NAMESPACE_BYTES_MAX).contains(&namespace.len())
            && namespace.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it));
        if fits {
            Ok(Self { names: Names::new(namespace), ..self })
        } else {
            Err(InvalidSettings::Namespace)
        }
    }

    /// Messages that wait in one work queue before it refuses more. Queues keep what they were
    /// declared with.
    #[must_use]
    pub fn work_messages_max(self, work_messages_max: u32) -> Self {
        Self { work_messages_max, ..self }
    }

    /// Bytes that a program's message has at most, 256 KiB where nothing is said. A larger one is to be refused, so a
    /// gateway does not keep it whole.
    #[must_use]
    pub fn program_message_bytes_max(self, program_message_bytes_max: usize) -> Self {
        Self { program_message_bytes_max, ..self }
    }

    /// The names of queues and exchanges.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Where the bus is and who asks there, without the password.
    pub(crate) fn place(&self) -> String {
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
            .field("place", &self.place())
            .field("names", &self.names)
            .field("keys", &self.keys)
            .field("id", &self.id)
            .field("work_queues", &self.work_queues)
            .finish_non_exhaustive()
    }
}

/// The driver takes an address in brackets for none, and goes to localhost.
fn ipv6_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split_once(']').map(|(host, _)| host)
}

/// A problem that does not show what it is about.
fn without(url: &str, problem: &str) -> String {
    problem.replace(url, "…")
}

#[cfg(test)]
mod tests {
    use sockbit_application::seal::KeyId;

    use super::*;

    fn settings(url: &str) -> Result<Settings, InvalidSettings> {
        let id = KeyId::new("k1").expect("it is of the form");
        let keys = Keyring::new([(id, [1; 32].as_slice())]).expect("the key fits");
        Settings::new(url, keys, Uuid::nil())
    }

    #[test]
    fn a_url_says_where_the_bus_is() {
        for (url, place) in [
            ("amqp://me:hunter2@mq:5673/notes", r#"mq:5673, virtual host "notes", user "me""#),
            ("amqp://mq", r#"mq:5672, virtual host "/", user "guest""#),
            ("amqp://mq/", r#"mq:5672, virtual host "/", user "guest""#),
            ("amqps://me:x@mq/%2f", r#"mq:5671, virtual host "/", user "me""#),
            ("amqp://me:a%40b@[::1]:7/x", r#"::1:7, virtual host "x", user "me""#),
        ] {
            assert_eq!(settings(url).expect("a bus").place(), place);
        }
    }

    #[test]
    fn silence_is_noticed_unless_the_url_says_otherwise() {
        let heartbeat = |url| settings(url).expect("a bus").uri.query.heartbeat;
        assert_eq!(heartbeat("amqp://mq"), Some(5));
        assert_eq!(heartbeat("amqp://mq/x?heartbeat=30"), Some(30));
    }

    #[test]
    fn no_password_and_no_secret_is_shown() {
        let settings = settings("amqp://me:hunter2@mq").expect("a bus");
        assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for url in ["", "amqp:", "http://me:hunter2@mq", "amqp://me:hunter2@mq:port", "mailto:x"] {
            let said = settings(url).expect_err(url).to_string();
            assert!(!said.contains("hunter2"), "{said}");
        }
        let fit = settings("amqp://mq").expect("a bus");
        for number in [0, 257] {
            let said = fit.clone().work_queues(number).map(drop);
            assert_eq!(said, Err(InvalidSettings::WorkQueues(number)));
        }
        for name in ["", "a b", "é", &"n".repeat(65)] {
            let said = fit.clone().namespace(name).map(drop);
            assert_eq!(said, Err(InvalidSettings::Namespace), "{name}");
        }
    }
}
