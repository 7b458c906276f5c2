//! Commits the changes of all boards in one transaction. Each board is written behind a savepoint,
//! so that a board whose head has moved does not affect the others.

use sockbit_application::column_conversions::integer;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{BoardChanges, CommitResult, StoreError, StoredOutcome};
use sockbit_domain::{ActorId, BoardId, Fact, Link, Note, Role};
use sqlx::{Connection, SqliteConnection};

use crate::error_mapping::{is_constraint_violation, unavailable, unknown};

pub(crate) async fn boards(
    connection: &mut SqliteConnection,
    changes: &[BoardChanges],
) -> Result<Vec<CommitResult>, StoreError> {
    // Immediate, because a transaction that starts with a read cannot wait for another writer.
    let mut transaction = connection.begin_with("begin immediate").await.map_err(unavailable)?;
    let mut results = Vec::with_capacity(changes.len());
    for changes in changes {
        results.push(board(&mut transaction, changes).await.map_err(unavailable)?);
    }
    transaction.commit().await.map_err(unknown)?;
    Ok(results)
}

async fn board(
    connection: &mut SqliteConnection,
    changes: &BoardChanges,
) -> Result<CommitResult, sqlx::Error> {
    if !changes.is_gapless() {
        return Ok(CommitResult::Conflict);
    }
    let mut savepoint = connection.begin().await?;
    let result = match write(&mut savepoint, changes).await {
        Err(error) if is_constraint_violation(&error) => CommitResult::Conflict,
        result => result?,
    };
    match result {
        CommitResult::Done => savepoint.commit().await?,
        CommitResult::Conflict => savepoint.rollback().await?,
    }
    Ok(result)
}

async fn write(
    connection: &mut SqliteConnection,
    changes: &BoardChanges,
) -> Result<CommitResult, sqlx::Error> {
    let sizes: Vec<u64> = changes.facts.iter().map(|it| json_bytes(&it.event) as u64).collect();
    let Some(mut log_bytes) = write_board(connection, changes, sizes.iter().sum()).await? else {
        return Ok(CommitResult::Conflict);
    };
    for (fact, size) in changes.facts.iter().zip(sizes) {
        log_bytes = log_bytes.saturating_add(integer(size));
        write_event(connection, fact, log_bytes).await?;
    }
    for note in &changes.notes {
        write_note(connection, changes.board, note).await?;
    }
    for (actor, role) in &changes.members {
        write_member(connection, changes.board, *actor, *role).await?;
    }
    for link in &changes.links {
        write_link(connection, changes.board, link).await?;
    }
    for outcome in &changes.outcomes {
        write_outcome(connection, changes.board, outcome).await?;
    }
    Ok(CommitResult::Done)
}

/// Inserts the board's row, or updates it if its head is the expected one. Returns the bytes that
/// its log had before; `None` if the head has moved.
async fn write_board(
    connection: &mut SqliteConnection,
    changes: &BoardChanges,
    bytes_added: u64,
) -> Result<Option<i64>, sqlx::Error> {
    const INSERT: &str = "\
        insert into boards (
            title, head_seq, head_event, note_count, text_bytes, log_bytes,
            changed_by_id, changed_by_name, changed_by_colour, changed_at, id, uncompacted_since
        ) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?10)
        returning log_bytes - ?6";
    // A batch of rejections has no event and leaves these columns as they are.
    const UPDATE: &str = "\
        update boards set
            title = ?1, head_seq = ?2, head_event = ?3, note_count = ?4, text_bytes = ?5,
            log_bytes = log_bytes + ?6,
            changed_by_id = coalesce(?7, changed_by_id),
            changed_by_name = coalesce(?8, changed_by_name),
            changed_by_colour = coalesce(?9, changed_by_colour),
            changed_at = coalesce(?10, changed_at),
            uncompacted_since =
                min(coalesce(uncompacted_since, ?10), coalesce(?10, uncompacted_since))
        where id = ?11 and head_seq = ?12 and head_event = ?13
        returning log_bytes - ?6";
    let last = changes.facts.last().map(|fact| &fact.event);
    let query = sqlx::query_scalar(if changes.expected.is_some() { UPDATE } else { INSERT })
        .bind(changes.title.as_str())
        .bind(integer(changes.head.seq.0))
        .bind(changes.head.event.0)
        .bind(changes.note_count)
        .bind(integer(changes.text_bytes))
        .bind(integer(bytes_added))
        .bind(last.map(|event| event.actor.id.0))
        .bind(last.map(|event| event.actor.name.as_str()))
        .bind(last.map(|event| event.actor.colour))
        .bind(last.map(|event| event.at.0))
        .bind(changes.board.0);
    match changes.expected {
        Some(head) => query.bind(integer(head.seq.0)).bind(head.event.0),
        None => query,
    }
    .fetch_optional(connection)
    .await
}

async fn write_event(
    connection: &mut SqliteConnection,
    fact: &Fact,
    log_bytes: i64,
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "\
        insert into events (
            board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, note,
            log_bytes, change, inverse
        ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let event = &fact.event;
    sqlx::query(INSERT)
        .bind(event.board.0)
        .bind(integer(event.seq.0))
        .bind(integer(event.from.0))
        .bind(event.id.0)
        .bind(event.message.0)
        .bind(event.actor.id.0)
        .bind(&event.actor.name)
        .bind(event.actor.colour)
        .bind(event.at.0)
        .bind(event.change.note().map(|it| it.0))
        .bind(log_bytes)
        .bind(json(&event.change)?)
        .bind(fact.inverse.as_ref().map(json).transpose()?)
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_note(
    connection: &mut SqliteConnection,
    board: BoardId,
    note: &Note,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "\
        insert into notes (
            board, id, colour, rank, state, seq,
            edited_by_id, edited_by_name, edited_by_colour, edited_at, text
        ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict do update set
            colour = excluded.colour, rank = excluded.rank, state = excluded.state,
            seq = excluded.seq, edited_by_id = excluded.edited_by_id,
            edited_by_name = excluded.edited_by_name,
            edited_by_colour = excluded.edited_by_colour, edited_at = excluded.edited_at,
            text = excluded.text";
    sqlx::query(UPSERT)
        .bind(board.0)
        .bind(note.id.0)
        .bind(note.colour.as_str())
        .bind(note.rank.as_str())
        .bind(note.state.as_str())
        .bind(integer(note.seq.0))
        .bind(note.edited_by.id.0)
        .bind(&note.edited_by.name)
        .bind(note.edited_by.colour)
        .bind(note.edited_at.0)
        .bind(note.text.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_member(
    connection: &mut SqliteConnection,
    board: BoardId,
    actor: ActorId,
    role: Role,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "\
        insert into members (board, actor, role) values (?, ?, ?)
        on conflict do update set role = excluded.role";
    sqlx::query(UPSERT).bind(board.0).bind(actor.0).bind(role.as_str()).execute(connection).await?;
    Ok(())
}

async fn write_link(
    connection: &mut SqliteConnection,
    board: BoardId,
    link: &Link,
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "insert into links (board, id, role, hash) values (?, ?, ?, ?)";
    sqlx::query(INSERT)
        .bind(board.0)
        .bind(link.id.0)
        .bind(link.role.as_str())
        .bind(link.hash.0.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_outcome(
    connection: &mut SqliteConnection,
    board: BoardId,
    outcome: &StoredOutcome,
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "\
        insert into outcomes (board, client, message, body_hash, outcome, at)
        values (?, ?, ?, ?, ?, ?)";
    sqlx::query(INSERT)
        .bind(board.0)
        .bind(outcome.client.0)
        .bind(outcome.message.0)
        .bind(outcome.body_hash.as_slice())
        .bind(json(&outcome.outcome)?)
        .bind(outcome.at.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
