//! The cost of encoding an event once for all connections, compared with once for each.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, Delta, Event, EventId, MessageId, NoteId, Seq, Timestamp,
};
use uuid::Uuid;

const CONNECTIONS: usize = 100;

fn event() -> Event {
    let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    Event {
        board: BoardId(id),
        seq: Seq(1_234),
        from: Seq(1_234),
        id: EventId(id),
        message: MessageId(id),
        actor: Actor { id: ActorId(id), name: "Ada Lovelace".to_owned(), colour: 3 },
        at: Timestamp(1_763_712_000_000),
        change: Change::NoteEdited {
            note: NoteId(id),
            delta: Delta::new().retain(120).insert("a few more words").delete(4),
        },
    }
}

fn encoded(event: &Event) -> Bytes {
    let message = ServerMessage::Event { event: event.clone() };
    Bytes::from(message.to_json().unwrap_or_default())
}

fn encode(criterion: &mut Criterion) {
    let event = event();
    let mut group = criterion.benchmark_group(format!("an event for {CONNECTIONS} connections"));
    group.bench_function("encoded once", |bencher| {
        bencher.iter(|| {
            let once = encoded(black_box(&event));
            (0..CONNECTIONS).map(|_| once.clone()).collect::<Vec<_>>()
        });
    });
    group.bench_function("encoded for each", |bencher| {
        bencher.iter(|| (0..CONNECTIONS).map(|_| encoded(black_box(&event))).collect::<Vec<_>>());
    });
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
