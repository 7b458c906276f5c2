//! Long histories and many members, written through the store's port, so that the store has what the
//! core would have written. No other process may use the store meanwhile.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use sockbit_application::ports::{
    BoardChanges, CommitResult, DecisionStore, LoadRequest, StoredOutcome,
};
use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Delta, Event, EventId, Fact, MessageId, Note,
    NoteId, Outcome, Position, Role, Timestamp,
};
use sockbit_postgres::PostgresStore;
use sockbit_sqlite::SqliteStore;

use super::ids::Ids;

/// Few enough for the deadline of a commit.
const EVENTS_PER_COMMIT: usize = 1_000;

/// What is appended to a board.
#[derive(Clone, Copy, Debug)]
pub enum Seed {
    /// This many edits, each of which replaces a text by itself.
    Edits(usize),
    /// This many new members.
    Members(usize),
}

/// Appends events, with all that belongs to them, to a board with these notes.
pub fn append_to_board(
    address: &str,
    board: BoardId,
    notes: &[NoteId],
    seed: Seed,
    ids: &mut Ids,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if let Some(path) = address.strip_prefix("sqlite:") {
            let store = SqliteStore::open(path.as_ref()).await?;
            append(&store, board, notes, seed, ids).await?;
            store.close().await;
        } else {
            let store = PostgresStore::open(address).await?;
            append(&store, board, notes, seed, ids).await?;
            store.close().await;
        }
        Ok(())
    })
}

async fn append(
    store: &dyn DecisionStore,
    board: BoardId,
    notes: &[NoteId],
    seed: Seed,
    ids: &mut Ids,
) -> Result<()> {
    let request = LoadRequest {
        board,
        actors: [].into(),
        messages: [].into(),
        notes: notes.iter().map(|note| (*note, None)).collect(),
        edits_bytes_max: 0,
        bases: [].into(),
    };
    let loaded = store.load(&[request]).await?.pop().context("one result for each request")?;
    let mut board = loaded.board.context("the board exists")?;
    let (Seed::Edits(count) | Seed::Members(count)) = seed;
    let mut author = new_actor(ids);
    let mut appended = 0;
    while appended < count {
        let size = EVENTS_PER_COMMIT.min(count - appended);
        let expected = board.head;
        let mut facts = Vec::with_capacity(size);
        for number in appended..appended + size {
            let (change, inverse) = match seed {
                Seed::Edits(_) => edit(&board, notes[number % notes.len()])?,
                Seed::Members(_) => (Change::MemberJoined { role: Role::Editor }, None),
            };
            if matches!(seed, Seed::Members(_)) {
                author = new_actor(ids);
            }
            facts.push(next_fact(&mut board, &author, change, inverse, ids)?);
        }
        commit(store, &board, expected, facts, ids).await?;
        board.bases.clear();
        appended += size;
    }
    Ok(())
}

fn edit(board: &Board, note: NoteId) -> Result<(Change, Option<Delta>)> {
    let text = &board.notes.get(&note).context("the note is loaded")?.text;
    let length = u32::try_from(text.len_utf16())?;
    let delta = Delta::new().insert(text.as_str()).delete(length);
    let inverse = delta.invert(text).context("the change fits its base")?;
    Ok((Change::NoteEdited { note, delta }, Some(inverse)))
}

/// The board's next event, which is applied to it.
fn next_fact(
    board: &mut Board,
    author: &Actor,
    change: Change,
    inverse: Option<Delta>,
    ids: &mut Ids,
) -> Result<Fact> {
    let seq = board.head.seq.next();
    let event = Event {
        board: board.id,
        seq,
        from: seq,
        id: EventId(ids.next()),
        message: MessageId(ids.next()),
        actor: author.clone(),
        at: now(),
        change,
    };
    let fact = Fact { event, inverse, key: None };
    board.apply(&fact).context("the change fits the board")?;
    Ok(fact)
}

async fn commit(
    store: &dyn DecisionStore,
    board: &Board,
    expected: Position,
    facts: Vec<Fact>,
    ids: &mut Ids,
) -> Result<()> {
    let client = ClientId(ids.next());
    let outcomes = facts.iter().map(|fact| StoredOutcome {
        client,
        message: fact.event.message,
        body_hash: [0; 32],
        outcome: Outcome::Saved { position: fact.event.position() },
        at: fact.event.at,
    });
    let is_changed =
        |note: &&Note| facts.iter().any(|fact| fact.event.change.note() == Some(note.id));
    let joined = |fact: &Fact| match fact.event.change {
        Change::MemberJoined { role } => Some((fact.event.actor.id, role)),
        _ => None,
    };
    let changes = BoardChanges {
        board: board.id,
        expected: Some(expected),
        head: board.head,
        title: board.title.clone(),
        note_count: board.note_count,
        text_bytes: board.text_bytes,
        notes: board.notes.values().filter(is_changed).cloned().collect(),
        members: facts.iter().filter_map(joined).collect(),
        links: Vec::new(),
        outcomes: outcomes.collect(),
        facts,
    };
    let result = store.commit(&[changes]).await?;
    ensure!(result == [CommitResult::Done], "the board was changed by another process");
    Ok(())
}

fn new_actor(ids: &mut Ids) -> Actor {
    Actor { id: ActorId(ids.next()), name: "Member of a benchmark".to_owned(), colour: 0 }
}

/// The time of day: old events would be compacted.
#[expect(clippy::disallowed_methods, reason = "the events look as if they happened now")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
