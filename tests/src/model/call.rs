//! The calls that a client machine takes, as data: what a schedule makes, and a transcript records.

use serde::Serialize;
use sockbit_client::{BoardClient, ClockAndIds, UnsentState};
use sockbit_domain::wire::{BoardPage, ServerMessage};
use sockbit_domain::{Actor, ActorId, BoardId, Command, Delta, MessageId, NoteId};
use uuid::Uuid;

/// One call of the machine.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(super) enum Call {
    New { board: BoardId, actor: ActorId },
    Restore { saved: UnsentState, actor: Option<ActorId> },
    FromSnapshot { snapshot: BoardPage, unsent: Option<UnsentState>, actor: Option<ActorId> },
    Edit { note: NoteId, delta: Delta },
    Flush { note: NoteId },
    Submit { command: Command, id: MessageId, key: Option<String> },
    DismissDraft { draft: Uuid },
    SetPresence { note: Option<NoteId> },
    Connected { actor: Actor },
    Check,
    Disconnected,
    Receive { message: Box<ServerMessage> },
    Tick,
}

impl Call {
    /// Makes the call.
    pub fn make(
        self,
        machine: &mut BoardClient,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Result<(), String> {
        match self {
            Self::New { board, actor } => *machine = BoardClient::new(board, Some(actor)),
            Self::Restore { saved, actor } => {
                *machine = BoardClient::restore(saved, actor, clock_and_ids);
            }
            Self::FromSnapshot { snapshot, unsent, actor } => {
                *machine = BoardClient::from_snapshot(snapshot, unsent, actor, clock_and_ids);
            }
            Self::Edit { note, delta } => {
                machine.edit(note, &delta).map_err(|error| error.to_string())?;
            }
            Self::Flush { note } => machine.flush(note, clock_and_ids),
            Self::Submit { command, id, key } => {
                let now = clock_and_ids.now;
                machine.submit(command, id, now, key).map_err(|error| error.to_string())?;
            }
            Self::SetPresence { note } => machine.set_presence(note),
            Self::DismissDraft { draft } => machine.dismiss_draft(draft),
            Self::Connected { actor } => machine.connected(actor, clock_and_ids),
            Self::Check => machine.check(),
            Self::Disconnected => machine.disconnected(),
            Self::Receive { message } => machine.receive(*message, clock_and_ids),
            Self::Tick => machine.tick(clock_and_ids),
        }
        Ok(())
    }
}
