//! Transcripts: the inputs and outputs of one client machine, which the browser's machine must
//! reproduce (`tests/browser/js/replay.js`).

use serde::Serialize;
use sockbit_client::{BoardClient, MonotonicTime, Now, ViewChange};
use sockbit_domain::Timestamp;
use uuid::Uuid;

use crate::machine_input::MachineInput;

/// The inputs of one machine in order, each with its outputs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Transcript {
    seed: u64,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize)]
struct Step {
    #[serde(flatten)]
    input: MachineInput,
    wall: Timestamp,
    monotonic: MonotonicTime,
    /// The ids that the machine took.
    minted: Vec<Uuid>,
    outgoing: Vec<String>,
    changes: Vec<ViewChange>,
    /// See [`digest`].
    digest: String,
}

/// The outputs of a machine after one input.
pub(crate) struct MachineOutput<'a> {
    pub minted: Vec<Uuid>,
    pub outgoing: &'a [String],
    pub changes: &'a [ViewChange],
}

impl Transcript {
    /// Without steps yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, steps: Vec::new() }
    }

    pub fn record(
        &mut self,
        input: MachineInput,
        now: Now,
        output: MachineOutput<'_>,
        machine: &BoardClient,
    ) {
        let Now { wall, monotonic } = now;
        self.steps.push(Step {
            input,
            wall,
            monotonic,
            minted: output.minted,
            outgoing: output.outgoing.to_vec(),
            changes: output.changes.to_vec(),
            digest: digest(machine),
        });
    }
}

/// FNV-1a over the UTF-16 code units of [`describe`], as `replay.js` computes it.
fn digest(machine: &BoardClient) -> String {
    let hash = describe(machine)
        .encode_utf16()
        .fold(0x811c_9dc5_u32, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// Everything that a machine shows and stores, as lines of JSON.
fn describe(machine: &BoardClient) -> String {
    let notes = machine.notes();
    let mut lines: Vec<String> = notes
        .iter()
        .map(|note| json(&(note, machine.save_status(note.id), machine.text(note.id))))
        .collect();
    lines.push(json(&(machine.title(), machine.role(), machine.join_state(), machine.refusal())));
    lines.push(json(&(machine.position(), machine.unsent_count(), machine.persisted_state())));
    lines.push(json(&machine.unsaved_since()));
    lines.push(json(&(machine.people(), machine.more_people())));
    let (first, last) = (notes.first().map(|it| it.id), notes.last().map(|it| it.id));
    let ranks = [(None, first), (first, last), (last, None)];
    lines.push(json(&ranks.map(|(after, before)| machine.rank_between(after, before))));
    lines.join("\n")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("the state of a machine is plain data")
}
