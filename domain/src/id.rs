//! Identifiers: UUIDs with a type each, so that a note's can never stand where a board's belongs.

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

id!(/// A board's id, minted by the client that creates it. It is no secret.
    BoardId);
id!(/// A note's id, unique within its board, minted by the client that creates it.
    NoteId);
id!(/// A command's id, minted by its sender. The same id always means the same command.
    MessageId);
id!(/// An event's id, minted by the core when the event is decided.
    EventId);
id!(/// Who sends: a guest or an account.
    ActorId);
id!(/// The installation that an actor sends from.
    ClientId);
id!(/// A link that lets whoever opens it into a board.
    LinkId);
