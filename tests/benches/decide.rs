//! The cost of an edit in the core, alone and in batches, on the memory store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::value::to_raw_value;
use sockbit_application::bus_messages::{Address, CommandEnvelope};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::ports::{Clock, Ids, ReadStore, Store};
use sockbit_application::trace_id::TraceId;
use sockbit_domain::{
    Actor, ActorId, BoardId, ClientId, Colour, Command, Delta, Limits, MessageId, NoteId, Position,
    Rank, Text, TextChange, Timestamp,
};
use sockbit_memory::{MemoryBus, MemoryStore};
use tokio::runtime::Runtime;
use uuid::Uuid;

const BOARD: BoardId = BoardId(Uuid::from_u128(1));
const NOTES: usize = 64;

/// Counts, so that runs are comparable.
#[derive(Default)]
struct Counter(AtomicU64);

impl Ids for Counter {
    fn mint(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) << 64)
    }
}

impl Clock for Counter {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn envelope(number: usize, command: &Command) -> CommandEnvelope {
    let id = Uuid::from_u128(number as u128 + 1);
    CommandEnvelope {
        trace: TraceId(id),
        reply_to: Address::new(Uuid::nil(), 1),
        actor: Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 1 },
        client: ClientId(Uuid::nil()),
        message: MessageId(id),
        board: BOARD,
        key: None,
        body: to_raw_value(command).expect("a command is JSON"),
    }
}

fn note(number: usize) -> NoteId {
    NoteId(Uuid::from_u128((number % NOTES) as u128))
}

/// A core, a board with notes, and concurrent edits of them.
async fn scenario(edits: usize) -> (Core, Vec<CommandEnvelope>) {
    let store = Arc::new(MemoryStore::new());
    let core = Core::new(
        CorePorts::new(
            Arc::clone(&store) as Arc<dyn Store>,
            MemoryBus::new().worker(),
            Arc::new(Counter::default()),
            Arc::new(Counter::default()),
        ),
        Limits::default(),
    );
    let title = "Bench".to_owned();
    let mut commands = vec![envelope(0, &Command::CreateBoard { title })];
    let text = Text::normalise(&"A line of a note.\n".repeat(50));
    for number in 0..NOTES {
        let (note, text, rank) = (note(number), text.clone(), Rank::middle());
        let create = Command::CreateNote { note, text, colour: Colour::Paper, rank };
        commands.push(envelope(number + 1, &create));
    }
    core.process(&commands).await.expect("the memory store does not fail");
    let (_, base) = store.heads(&[BOARD]).await.expect("the store answers").remove(0);
    (core, (0..edits).map(|number| envelope(1_000 + number, &edit(number, base))).collect())
}

fn edit(number: usize, base: Position) -> Command {
    let delta = Delta::new().retain(u32::try_from(number % 800).unwrap_or(0)).insert("word ");
    Command::EditNote { note: note(number), base, change: TextChange::Delta(delta) }
}

fn decide(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("decide and apply");
    for edits in [1, 32, 512] {
        group.throughput(Throughput::Elements(edits as u64));
        group.bench_function(format!("{edits} at once"), |bencher| {
            bencher.iter_batched(
                || runtime.block_on(scenario(edits)),
                |(core, batch)| runtime.block_on(core.process(&batch)),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
