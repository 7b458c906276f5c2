//! Writes any number of rows to a table in one statement: the rows are bound as one array for each
//! column.

use std::collections::BTreeMap;

use sockbit_application::column_conversions::integer;
use sockbit_application::ports::BoardChanges;
use sockbit_domain::{Fact, Note};
use sqlx::PgConnection;
use uuid::Uuid;

/// Rows of `boards`.
#[derive(Default)]
pub(crate) struct Boards {
    ids: Vec<Uuid>,
    titles: Vec<String>,
    head_seqs: Vec<i64>,
    head_events: Vec<Uuid>,
    note_counts: Vec<i64>,
    text_bytes: Vec<i64>,
    log_bytes: Vec<i64>,
    changed_by_ids: Vec<Option<Uuid>>,
    changed_by_names: Vec<Option<String>>,
    changed_by_colours: Vec<Option<i16>>,
    changed_at: Vec<Option<i64>>,
}

impl Boards {
    pub fn push(&mut self, changes: &BoardChanges, log_bytes: i64) {
        // A batch of rejections has no event and leaves these columns as they are.
        let last = changes.facts.last().map(|fact| &fact.event);
        self.ids.push(changes.board.0);
        self.titles.push(changes.title.as_str().to_owned());
        self.head_seqs.push(integer(changes.head.seq.0));
        self.head_events.push(changes.head.event.0);
        self.note_counts.push(changes.note_count.into());
        self.text_bytes.push(integer(changes.text_bytes));
        self.log_bytes.push(log_bytes);
        self.changed_by_ids.push(last.map(|event| event.actor.id.0));
        self.changed_by_names.push(last.map(|event| event.actor.name.clone()));
        self.changed_by_colours.push(last.map(|event| event.actor.colour.into()));
        self.changed_at.push(last.map(|event| event.at.0));
    }

    pub async fn insert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const INSERT: &str = "\
            insert into boards (
                id, title, head_seq, head_event, note_count, text_bytes, log_bytes,
                changed_by_id, changed_by_name, changed_by_colour, changed_at, uncompacted_since
            )
            select it.*, changed_at from unnest(
                $1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::uuid[], $9::text[], $10::smallint[], $11::bigint[]
            ) as it (
                id, title, head_seq, head_event, note_count, text_bytes, log_bytes,
                changed_by_id, changed_by_name, changed_by_colour, changed_at
            )";
        self.write(INSERT, connection).await
    }

    pub async fn update(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const UPDATE: &str = "\
            update boards set
                title = it.title, head_seq = it.head_seq, head_event = it.head_event,
                note_count = it.note_count, text_bytes = it.text_bytes, log_bytes = it.log_bytes,
                changed_by_id = coalesce(it.changed_by_id, boards.changed_by_id),
                changed_by_name = coalesce(it.changed_by_name, boards.changed_by_name),
                changed_by_colour = coalesce(it.changed_by_colour, boards.changed_by_colour),
                changed_at = coalesce(it.changed_at, boards.changed_at),
                uncompacted_since = least(boards.uncompacted_since, it.changed_at)
            from unnest(
                $1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[],
                $7::bigint[], $8::uuid[], $9::text[], $10::smallint[], $11::bigint[]
            ) as it (
                id, title, head_seq, head_event, note_count, text_bytes, log_bytes,
                changed_by_id, changed_by_name, changed_by_colour, changed_at
            )
            where boards.id = it.id";
        self.write(UPDATE, connection).await
    }

    async fn write(
        self,
        statement: &'static str,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        if self.ids.is_empty() {
            return Ok(());
        }
        sqlx::query(statement)
            .bind(self.ids)
            .bind(self.titles)
            .bind(self.head_seqs)
            .bind(self.head_events)
            .bind(self.note_counts)
            .bind(self.text_bytes)
            .bind(self.log_bytes)
            .bind(self.changed_by_ids)
            .bind(self.changed_by_names)
            .bind(self.changed_by_colours)
            .bind(self.changed_at)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Rows of `events`.
#[derive(Default)]
pub(crate) struct Events {
    boards: Vec<Uuid>,
    seqs: Vec<i64>,
    from_seqs: Vec<i64>,
    ids: Vec<Uuid>,
    messages: Vec<Uuid>,
    actor_ids: Vec<Uuid>,
    actor_names: Vec<String>,
    actor_colours: Vec<i16>,
    at: Vec<i64>,
    notes: Vec<Option<Uuid>>,
    log_bytes: Vec<i64>,
    changes: Vec<String>,
    inverses: Vec<Option<String>>,
}

impl Events {
    pub fn push(&mut self, fact: &Fact, log_bytes: i64) -> Result<(), sqlx::Error> {
        let event = &fact.event;
        self.boards.push(event.board.0);
        self.seqs.push(integer(event.seq.0));
        self.from_seqs.push(integer(event.from.0));
        self.ids.push(event.id.0);
        self.messages.push(event.message.0);
        self.actor_ids.push(event.actor.id.0);
        self.actor_names.push(event.actor.name.clone());
        self.actor_colours.push(event.actor.colour.into());
        self.at.push(event.at.0);
        self.notes.push(event.change.note().map(|it| it.0));
        self.log_bytes.push(log_bytes);
        self.changes.push(json(&event.change)?);
        self.inverses.push(fact.inverse.as_ref().map(json).transpose()?);
        Ok(())
    }

    pub async fn insert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const INSERT: &str = "\
            insert into events (
                board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, note,
                log_bytes, change, inverse
            )
            select * from unnest(
                $1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[],
                $7::text[], $8::smallint[], $9::bigint[], $10::uuid[], $11::bigint[], $12::text[],
                $13::text[]
            )";
        if self.ids.is_empty() {
            return Ok(());
        }
        sqlx::query(INSERT)
            .bind(self.boards)
            .bind(self.seqs)
            .bind(self.from_seqs)
            .bind(self.ids)
            .bind(self.messages)
            .bind(self.actor_ids)
            .bind(self.actor_names)
            .bind(self.actor_colours)
            .bind(self.at)
            .bind(self.notes)
            .bind(self.log_bytes)
            .bind(self.changes)
            .bind(self.inverses)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Rows of `notes`: the last state of each note.
#[derive(Default)]
pub(crate) struct Notes {
    boards: Vec<Uuid>,
    ids: Vec<Uuid>,
    colours: Vec<String>,
    ranks: Vec<String>,
    states: Vec<String>,
    seqs: Vec<i64>,
    edited_by_ids: Vec<Uuid>,
    edited_by_names: Vec<String>,
    edited_by_colours: Vec<i16>,
    edited_at: Vec<i64>,
    texts: Vec<String>,
}

impl Notes {
    pub fn of(boards: &[&BoardChanges]) -> Self {
        let notes = each(boards, |it| &it.notes);
        let latest: BTreeMap<(Uuid, Uuid), &Note> =
            notes.map(|(board, note)| ((board, note.id.0), note)).collect();
        let mut columns = Self::default();
        for ((board, _), note) in latest {
            columns.boards.push(board);
            columns.ids.push(note.id.0);
            columns.colours.push(note.colour.as_str().to_owned());
            columns.ranks.push(note.rank.as_str().to_owned());
            columns.states.push(note.state.as_str().to_owned());
            columns.seqs.push(integer(note.seq.0));
            columns.edited_by_ids.push(note.edited_by.id.0);
            columns.edited_by_names.push(note.edited_by.name.clone());
            columns.edited_by_colours.push(note.edited_by.colour.into());
            columns.edited_at.push(note.edited_at.0);
            columns.texts.push(note.text.as_str().to_owned());
        }
        columns
    }

    pub async fn upsert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const UPSERT: &str = "\
            insert into notes (
                board, id, colour, rank, state, seq,
                edited_by_id, edited_by_name, edited_by_colour, edited_at, text
            )
            select * from unnest(
                $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                $7::uuid[], $8::text[], $9::smallint[], $10::bigint[], $11::text[]
            )
            on conflict (board, id) do update set
                colour = excluded.colour, rank = excluded.rank, state = excluded.state,
                seq = excluded.seq, edited_by_id = excluded.edited_by_id,
                edited_by_name = excluded.edited_by_name,
                edited_by_colour = excluded.edited_by_colour, edited_at = excluded.edited_at,
                text = excluded.text";
        if self.ids.is_empty() {
            return Ok(());
        }
        sqlx::query(UPSERT)
            .bind(self.boards)
            .bind(self.ids)
            .bind(self.colours)
            .bind(self.ranks)
            .bind(self.states)
            .bind(self.seqs)
            .bind(self.edited_by_ids)
            .bind(self.edited_by_names)
            .bind(self.edited_by_colours)
            .bind(self.edited_at)
            .bind(self.texts)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Rows of `members`: the last role of each member.
#[derive(Default)]
pub(crate) struct Members {
    boards: Vec<Uuid>,
    actors: Vec<Uuid>,
    roles: Vec<String>,
}

impl Members {
    pub fn of(boards: &[&BoardChanges]) -> Self {
        let members = each(boards, |it| &it.members);
        let latest: BTreeMap<(Uuid, Uuid), &str> =
            members.map(|(board, (actor, role))| ((board, actor.0), role.as_str())).collect();
        let mut columns = Self::default();
        for ((board, actor), role) in latest {
            columns.boards.push(board);
            columns.actors.push(actor);
            columns.roles.push(role.to_owned());
        }
        columns
    }

    pub async fn upsert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const UPSERT: &str = "\
            insert into members (board, actor, role)
            select * from unnest($1::uuid[], $2::uuid[], $3::text[])
            on conflict (board, actor) do update set role = excluded.role";
        if self.boards.is_empty() {
            return Ok(());
        }
        sqlx::query(UPSERT)
            .bind(self.boards)
            .bind(self.actors)
            .bind(self.roles)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Rows of `links`.
#[derive(Default)]
pub(crate) struct Links {
    boards: Vec<Uuid>,
    ids: Vec<Uuid>,
    roles: Vec<String>,
    hashes: Vec<Vec<u8>>,
}

impl Links {
    pub fn of(boards: &[&BoardChanges]) -> Self {
        let mut columns = Self::default();
        for (board, link) in each(boards, |it| &it.links) {
            columns.boards.push(board);
            columns.ids.push(link.id.0);
            columns.roles.push(link.role.as_str().to_owned());
            columns.hashes.push(link.hash.0.to_vec());
        }
        columns
    }

    pub async fn insert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const INSERT: &str = "\
            insert into links (board, id, role, hash)
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])";
        if self.ids.is_empty() {
            return Ok(());
        }
        sqlx::query(INSERT)
            .bind(self.boards)
            .bind(self.ids)
            .bind(self.roles)
            .bind(self.hashes)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Rows of `outcomes`.
#[derive(Default)]
pub(crate) struct Outcomes {
    boards: Vec<Uuid>,
    clients: Vec<Uuid>,
    messages: Vec<Uuid>,
    body_hashes: Vec<Vec<u8>>,
    results: Vec<String>,
    at: Vec<i64>,
}

impl Outcomes {
    pub fn of(boards: &[&BoardChanges]) -> Result<Self, sqlx::Error> {
        let mut columns = Self::default();
        for (board, outcome) in each(boards, |it| &it.outcomes) {
            columns.boards.push(board);
            columns.clients.push(outcome.client.0);
            columns.messages.push(outcome.message.0);
            columns.body_hashes.push(outcome.body_hash.to_vec());
            columns.results.push(json(&outcome.outcome)?);
            columns.at.push(outcome.at.0);
        }
        Ok(columns)
    }

    pub async fn insert(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        const INSERT: &str = "\
            insert into outcomes (board, client, message, body_hash, outcome, at)
            select * from unnest(
                $1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::bigint[]
            )";
        if self.boards.is_empty() {
            return Ok(());
        }
        sqlx::query(INSERT)
            .bind(self.boards)
            .bind(self.clients)
            .bind(self.messages)
            .bind(self.body_hashes)
            .bind(self.results)
            .bind(self.at)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// Each item of all boards, with its board.
fn each<'a, T: 'a>(
    boards: &'a [&BoardChanges],
    items: impl Fn(&'a BoardChanges) -> &'a Vec<T>,
) -> impl Iterator<Item = (Uuid, &'a T)> {
    boards.iter().flat_map(move |it| items(it).iter().map(|item| (it.board.0, item)))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
