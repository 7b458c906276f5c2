//! Identifiers: a newtype of UUID for each, so that the compiler rejects a note's id in place of a board's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(/// A board's id, minted by the client that creates it. It is not secret.
    BoardId);
id!(/// A note's id, unique within its board, minted by the client that creates it.
    NoteId);
id!(/// A command's id, minted by its sender. The same id always means the same command.
    MessageId);
id!(/// An event's id, minted by the core when the event is decided.
    EventId);
id!(/// An actor's id: a guest or an account.
    ActorId);
id!(/// A client's id: the installation that an actor sends from.
    ClientId);
id!(/// A link's id, minted by the core. A link makes an actor that opens it a member of its board.
    LinkId);
