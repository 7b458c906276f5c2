//! Signs and verifies the messages that gateways and workers exchange over a bus that others can reach.
//!
//! A signed message is one JSON object, `{"v":1,"kind":…,"key":…,"mac":…,"body":…}`. The signature
//! is HMAC-SHA-256 over the version, the kind, the id of the key and the bytes of the body.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::bus_messages::CommandEnvelope;
use crate::hex;

const VERSION: u32 = 1;
const KEY_ID_BYTES_MAX: usize = 64;
/// Shorter secrets could be guessed.
const SECRET_BYTES_MIN: usize = 32;

/// The kind of a message. It is signed, so one kind cannot be replayed as another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// Commands of a gateway.
    Commands,
    /// A query of a gateway.
    Queries,
    /// Events of a worker.
    Announcements,
    /// Outcomes of a worker.
    Outcomes,
    /// The reply of a worker to a query.
    Replies,
    /// The heartbeat of a worker.
    Heartbeat,
    /// Presence at a gateway.
    Presence,
}

impl MessageKind {
    /// The name on the wire, which never changes, so that versions can run side by side.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Queries => "questions",
            Self::Announcements => "announcements",
            Self::Outcomes => "answers",
            Self::Replies => "replies",
            Self::Heartbeat => "presence",
            Self::Presence => "people",
        }
    }
}

/// The id of a key, which each message names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyId(String);

impl KeyId {
    /// Accepts one to 64 letters, digits and dashes.
    pub fn new(id: &str) -> Result<Self, KeyError> {
        let fits = (1..=KEY_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        if fits { Ok(Self(id.to_owned())) } else { Err(KeyError::Id) }
    }
}

/// Why keys are not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// No key to sign with.
    #[error("there is no key")]
    None,
    /// An id that is not of the required form.
    #[error("the id of a key is one to {KEY_ID_BYTES_MAX} letters, digits and dashes")]
    Id,
    /// Two keys with the same id.
    #[error("there are two keys with the id {0}")]
    Twice(String),
    /// A secret that is too short.
    #[error("the secret of the key {0} has fewer than {SECRET_BYTES_MIN} bytes")]
    Short(String),
}

/// Why a signed message is not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VerificationError {
    /// Bytes that are no signed message.
    #[error("this is no signed message: {0}")]
    Malformed(String),
    /// Another version of the format.
    #[error("the version {0} is not known here")]
    UnknownVersion(u32),
    /// A message of another kind.
    #[error("the message is of another kind: {0:?}")]
    OtherKind(String),
    /// Signed with a key that is not in the keyring.
    #[error("the key {0:?} is not known here")]
    UnknownKey(String),
    /// Not signed with the named key, or changed afterwards.
    #[error("the signature is wrong")]
    BadSignature,
    /// Signed correctly, but the body does not match the kind.
    #[error("the body does not match the kind: {0}")]
    InvalidBody(String),
}

/// The keys of a process. The first one signs and all are accepted, so that keys can be replaced
/// while processes run.
#[derive(Clone)]
pub struct Keyring {
    signing: Key,
    others: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: KeyId,
    mac: Hmac<Sha256>,
}

#[derive(Serialize, Deserialize)]
struct Frame<'a> {
    v: u32,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mac: Option<Cow<'a, str>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

impl Keyring {
    /// Makes a keyring; the first key signs.
    pub fn new<'a>(keys: impl IntoIterator<Item = (KeyId, &'a [u8])>) -> Result<Self, KeyError> {
        let mut ring: Vec<Key> = Vec::new();
        for (id, secret) in keys {
            if ring.iter().any(|other| other.id == id) {
                return Err(KeyError::Twice(id.0));
            }
            if secret.len() < SECRET_BYTES_MIN {
                return Err(KeyError::Short(id.0));
            }
            let mac = Hmac::new_from_slice(secret).map_err(|_| KeyError::Short(id.0.clone()))?;
            ring.push(Key { id, mac });
        }
        let mut keys = ring.into_iter();
        let signing = keys.next().ok_or(KeyError::None)?;
        Ok(Self { signing, others: keys.collect() })
    }

    /// Signs a message. Fails only if it cannot be serialised.
    pub fn sign<T: Serialize + ?Sized>(
        &self,
        kind: MessageKind,
        message: &T,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::value::to_raw_value(message)?;
        let signed = self.signing.signing(kind, body.get()).finalize().into_bytes();
        serde_json::to_vec(&Frame {
            v: VERSION,
            kind: Some(kind.name().into()),
            key: Some(self.signing.id.0.as_str().into()),
            mac: Some(hex::encode(&signed).into()),
            body: Some(&body),
        })
    }

    /// Verifies and parses a message that was signed with one of these keys.
    pub fn verify<T: DeserializeOwned>(
        &self,
        kind: MessageKind,
        signed: &[u8],
    ) -> Result<T, VerificationError> {
        let body = self.verified(kind, signed)?;
        serde_json::from_str(body.get())
            .map_err(|error| VerificationError::InvalidBody(error.to_string()))
    }

    /// Verifies a batch of commands and parses each on its own, so that an invalid command does not
    /// affect the others.
    pub fn verify_commands(&self, signed: &[u8]) -> Result<Vec<SignedCommand>, VerificationError> {
        let items: Vec<Box<RawValue>> = self.verify(MessageKind::Commands, signed)?;
        let parsed = items.into_iter().map(|json| {
            serde_json::from_str(json.get()).map_err(|error| (json, error.to_string()))
        });
        Ok(parsed.collect())
    }

    fn verified<'a>(
        &self,
        kind: MessageKind,
        signed: &'a [u8],
    ) -> Result<&'a RawValue, VerificationError> {
        let frame: Frame = serde_json::from_slice(signed)
            .map_err(|it| VerificationError::Malformed(it.to_string()))?;
        if frame.v != VERSION {
            return Err(VerificationError::UnknownVersion(frame.v));
        }
        let missing = || VerificationError::Malformed("a part is missing".to_owned());
        let signed_kind = frame.kind.ok_or_else(missing)?;
        if signed_kind != kind.name() {
            return Err(VerificationError::OtherKind(signed_kind.into_owned()));
        }
        let id = frame.key.ok_or_else(missing)?;
        let (mac, body) = (frame.mac.ok_or_else(missing)?, frame.body.ok_or_else(missing)?);
        let key = self.key(&id).ok_or_else(|| VerificationError::UnknownKey(id.into_owned()))?;
        let mac: [u8; 32] = hex::decode(&mac).ok_or(VerificationError::BadSignature)?;
        let verified = key.signing(kind, body.get()).verify(&mac.into());
        verified.map(|()| body).map_err(|_| VerificationError::BadSignature)
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.signing).chain(&self.others).find(|key| key.id.0 == id)
    }
}

/// A command of a batch, or its JSON and the error.
pub type SignedCommand = Result<CommandEnvelope, (Box<RawValue>, String)>;

impl Key {
    /// Kinds and ids have no line breaks, so different parts never give the same bytes.
    fn signing(&self, kind: MessageKind, body: &str) -> Hmac<Sha256> {
        let head = format!("{VERSION}\n{}\n{}\n", kind.name(), self.id.0);
        self.mac.clone().chain_update(head).chain_update(body)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = std::iter::once(&self.signing).chain(&self.others).map(|key| &key.id.0);
        f.write_str("Keyring")?;
        f.debug_list().entries(ids).finish()
    }
}
