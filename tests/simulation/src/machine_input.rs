//! The inputs of a client machine as data, so that a run can record them.

use serde::Serialize;
use sockbit_client::{BoardClient, ClockAndIds, PersistedState};
use sockbit_domain::wire::{BoardPage, ServerMessage};
use sockbit_domain::{Actor, ActorId, BoardId, Command, Delta, MessageId, NoteId};
use uuid::Uuid;

/// One method of [`BoardClient`] with its arguments. `tests/browser/js/replay.js` reads the same
/// names.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(crate) enum MachineInput {
    New { board: BoardId, actor: ActorId },
    Restore { saved: PersistedState, actor: Option<ActorId> },
    FromSnapshot { snapshot: BoardPage, unsent: Option<PersistedState>, actor: Option<ActorId> },
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

impl MachineInput {
    /// Whether a page is opened: the machine starts anew.
    pub fn opens_page(&self) -> bool {
        matches!(self, Self::New { .. } | Self::Restore { .. } | Self::FromSnapshot { .. })
    }

    /// Applies the input to the machine.
    pub fn apply(
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
