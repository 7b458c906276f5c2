//! Messages as signed bytes: what gateways and workers give to a bus that others could reach too.
//!
//! A sealed message is one JSON object, `{"v":1,"kind":…,"key":…,"mac":…,"body":…}`. The signature
//! is HMAC-SHA-256 over the version, the kind, the key's id and the body's bytes.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::envelope::CommandEnvelope;
use crate::hex;

const VERSION: u32 = 1;
const KEY_ID_BYTES_MAX: usize = 64;
/// Less could be guessed.
const SECRET_BYTES_MIN: usize = 32;

/// What a message is about. One kind is never taken for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageKind {
    /// Commands, from a gateway.
    Commands,
    /// A query, from a gateway.
    Queries,
    /// What happened, from a worker.
    Announcements,
    /// Outcomes, from a worker.
    Outcomes,
    /// The reply to a query, from a worker.
    Replies,
    /// That a worker is alive, or leaves.
    Heartbeat,
    /// Who is at boards, from a gateway.
    Presence,
}

impl MessageKind {
    /// Its name on the wire; the names of the first version are kept, so that versions can run side by side.
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

/// The name of a key, by which messages say what they are signed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyId(String);

impl KeyId {
    /// One to 64 letters, digits and dashes.
    pub fn new(id: &str) -> Result<Self, UnfitKey> {
        let fits = (1..=KEY_ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        if fits { Ok(Self(id.to_owned())) } else { Err(UnfitKey::Id) }
    }
}

/// Why keys cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnfitKey {
    /// There has to be one that signs.
    #[error("there is no key")]
    None,
    /// An id that is not of the form.
    #[error("the id of a key is one to {KEY_ID_BYTES_MAX} letters, digits and dashes")]
    Id,
    /// Two keys of one name.
    #[error("there are two keys with the id {0}")]
    Twice(String),
    /// A secret that could be guessed.
    #[error("the secret of the key {0} has fewer than {SECRET_BYTES_MIN} bytes")]
    Short(String),
}

/// Why a message is not what it says, or nothing at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsealed {
    /// These bytes are no sealed message.
    #[error("this is no sealed message: {0}")]
    NoMessage(String),
    /// Sealed by rules that are not known here.
    #[error("the version {0} is not known here")]
    Version(u32),
    /// A message of another kind.
    #[error("this is about {0:?}")]
    Kind(String),
    /// Signed with a key that is not in the ring.
    #[error("the key {0:?} is not known here")]
    UnknownKey(String),
    /// Not signed by whoever has the key, or changed since.
    #[error("the signature is wrong")]
    BadSignature,
    /// Rightly signed, but the body is not of the form that its kind has.
    #[error("the body is not of its kind: {0}")]
    Body(String),
}

/// The keys that a process knows: the first signs, and all are accepted, so that keys can be
/// replaced while processes run.
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
    /// The keys by their ids; the first signs.
    pub fn new<'a>(keys: impl IntoIterator<Item = (KeyId, &'a [u8])>) -> Result<Self, UnfitKey> {
        let mut ring: Vec<Key> = Vec::new();
        for (id, secret) in keys {
            if ring.iter().any(|other| other.id == id) {
                return Err(UnfitKey::Twice(id.0));
            }
            if secret.len() < SECRET_BYTES_MIN {
                return Err(UnfitKey::Short(id.0));
            }
            let mac = Hmac::new_from_slice(secret).map_err(|_| UnfitKey::Short(id.0.clone()))?;
            ring.push(Key { id, mac });
        }
        let mut keys = ring.into_iter();
        let signing = keys.next().ok_or(UnfitKey::None)?;
        Ok(Self { signing, others: keys.collect() })
    }

    /// Signs a message. It fails only on what is no JSON.
    pub fn seal<T: Serialize + ?Sized>(
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

    /// What was sealed, if it was by somebody with one of these keys and not changed since.
    pub fn open<T: DeserializeOwned>(
        &self,
        kind: MessageKind,
        sealed: &[u8],
    ) -> Result<T, Unsealed> {
        let body = self.verified(kind, sealed)?;
        serde_json::from_str(body.get()).map_err(|error| Unsealed::Body(error.to_string()))
    }

    /// The commands of a sealed batch, each parsed for itself, so that one which cannot be read
    /// does not take the others with it.
    pub fn open_commands(&self, sealed: &[u8]) -> Result<Vec<SealedCommand>, Unsealed> {
        let items: Vec<Box<RawValue>> = self.open(MessageKind::Commands, sealed)?;
        let parsed = items.into_iter().map(|json| {
            serde_json::from_str(json.get()).map_err(|error| (json, error.to_string()))
        });
        Ok(parsed.collect())
    }

    fn verified<'a>(&self, kind: MessageKind, sealed: &'a [u8]) -> Result<&'a RawValue, Unsealed> {
        let frame: Frame =
            serde_json::from_slice(sealed).map_err(|it| Unsealed::NoMessage(it.to_string()))?;
        if frame.v != VERSION {
            return Err(Unsealed::Version(frame.v));
        }
        let missing = || Unsealed::NoMessage("a part is missing".to_owned());
        let said = frame.kind.ok_or_else(missing)?;
        if said != kind.name() {
            return Err(Unsealed::Kind(said.into_owned()));
        }
        let id = frame.key.ok_or_else(missing)?;
        let (mac, body) = (frame.mac.ok_or_else(missing)?, frame.body.ok_or_else(missing)?);
        let key = self.key(&id).ok_or_else(|| Unsealed::UnknownKey(id.into_owned()))?;
        let mac: [u8; 32] = hex::decode(&mac).ok_or(Unsealed::BadSignature)?;
        let verified = key.signing(kind, body.get()).verify(&mac.into());
        verified.map(|()| body).map_err(|_| Unsealed::BadSignature)
    }

    fn key(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.signing).chain(&self.others).find(|key| key.id.0 == id)
    }
}

/// One command of a batch, or its JSON and what is wrong with it.
pub type SealedCommand = Result<CommandEnvelope, (Box<RawValue>, String)>;

impl Key {
    /// No kind and no id has a line break in it, so different parts never make the same bytes.
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
