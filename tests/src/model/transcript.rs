//! Transcripts: what one client of a schedule went through, for the machine in JavaScript to go
//! through the same.

use serde::Serialize;
use sockbit_client::{BoardClient, MonotonicTime, Now, ViewChange};
use sockbit_domain::Timestamp;
use uuid::Uuid;

use super::call::Call;
use super::world::run_recorded;

/// The calls of one machine in order, each with what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Transcript {
    seed: u64,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Serialize)]
struct Step {
    #[serde(flatten)]
    call: Call,
    wall: Timestamp,
    monotonic: MonotonicTime,
    /// The ids that the machine asked for.
    minted: Vec<Uuid>,
    outgoing: Vec<String>,
    changes: Vec<ViewChange>,
    /// See [`digest`].
    digest: String,
}

pub(super) struct Recorder(Transcript);

/// The transcripts of the schedules with the first so many seeds, one line of JSON each.
pub fn transcripts(count: u64) -> Result<String, String> {
    let mut lines = String::new();
    for seed in 0..count {
        let schedule = run_recorded(seed).map_err(|fault| format!("seed {seed}: {fault}"))?;
        let transcript = schedule.transcript.ok_or("nothing was recorded")?;
        lines += &serde_json::to_string(&transcript).map_err(|error| error.to_string())?;
        lines.push('\n');
    }
    Ok(lines)
}

impl Recorder {
    pub fn new(seed: u64) -> Self {
        Self(Transcript { seed, steps: Vec::new() })
    }

    pub fn record(
        &mut self,
        call: Call,
        now: Now,
        minted: Vec<Uuid>,
        outgoing: &[String],
        changes: &[ViewChange],
        machine: &BoardClient,
    ) {
        let Now { wall, monotonic } = now;
        let digest = digest(machine);
        let (outgoing, changes) = (outgoing.to_vec(), changes.to_vec());
        self.0.steps.push(Step { call, wall, monotonic, minted, outgoing, changes, digest });
    }

    pub fn finish(self) -> Transcript {
        self.0
    }
}

/// All that a machine shows and keeps, in one number: FNV-1a over the UTF-16 units of a text that
/// says it all. `replay.js` writes the very same text.
fn digest(machine: &BoardClient) -> String {
    let hash = said(machine)
        .encode_utf16()
        .fold(0x811c_9dc5_u32, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

fn said(machine: &BoardClient) -> String {
    let mut lines: Vec<String> = machine
        .notes()
        .iter()
        .map(|note| {
            let save_status = machine.save_status(note.id);
            json(&(note, save_status, machine.text(note.id)))
        })
        .collect();
    lines.push(json(&(machine.title(), machine.role(), machine.join_state(), machine.refusal())));
    lines.push(json(&(machine.position(), machine.unsent_count(), machine.unsent_state())));
    lines.push(json(&machine.unsaved_since()));
    lines.push(json(&(machine.people(), machine.more_people())));
    let last = machine.notes().last().map(|note| note.id);
    let first = machine.notes().first().map(|note| note.id);
    let ranks = [(None, first), (first, last), (last, None)];
    lines.push(json(&ranks.map(|(after, before)| machine.rank_between(after, before))));
    lines.join("\n")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what a machine shows is plain data")
}
