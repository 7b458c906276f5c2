//! The statement that commits the changes of any number of boards. It is a transaction by itself.
//!
//! Rows are bound as one array for each column; a row names its board by its index in the arrays of
//! boards. Every table is read by its primary key, once for each row: a lateral subquery and an upsert
//! leave the planner no other choice. So the plan can be made while the tables are empty.

use sockbit_application::column_conversions::integer;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::BoardChanges;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;

use super::columns::{Boards, Events, Links, Members, Notes, Outcomes};

/// Locks the boards that exist, in the order of the arrays. `log_bytes_before` is null unless the head
/// is the expected one; that of a new board is 0. After waiting for a lock, the row is read as the
/// transaction before left it.
macro_rules! locked_boards {
    () => {
        "with locked as materialized (
            select it.*, case
                when (stored.head_seq, stored.head_event)
                    is not distinct from (it.expected_seq, it.expected_event)
                then coalesce(stored.log_bytes, 0)
            end as log_bytes_before
            from unnest(
                $1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::uuid[],
                $7::bigint[], $8::bigint[], $9::bigint[], $10::uuid[], $11::text[],
                $12::smallint[], $13::bigint[]
            ) with ordinality as it (
                id, expected_seq, expected_event, title, head_seq, head_event, note_count,
                text_bytes, log_bytes, changed_by_id, changed_by_name, changed_by_colour,
                changed_at, index
            )
            left join lateral (
                select head_seq, head_event, log_bytes from boards where boards.id = it.id
                for no key update
            ) as stored on true
        ),"
    };
}

/// The sizes of the logs of the boards that are written, by index; null for the others: those whose
/// head is not the expected one, and those of which an outcome exists already. All boards are locked
/// before anything is written, because each write reads this first.
macro_rules! accepted_boards {
    () => {
        "accepted as materialized (
            select array_agg(
                case when index <> all (array(
                    select board from unnest($38::int[], $39::uuid[], $40::uuid[])
                        as it (board, client, message)
                    cross join lateral (
                        select from outcomes
                        where outcomes.board = ($1::uuid[])[it.board]
                            and outcomes.client = it.client and outcomes.message = it.message
                        offset 0
                    ) as stored
                )) then log_bytes_before end
                order by index
            ) as log_bytes
            from locked
        ),"
    };
}

/// A board without events is left as it is.
macro_rules! heads {
    () => {
        "heads as (
            insert into boards (
                id, title, head_seq, head_event, note_count, text_bytes, log_bytes, changed_by_id,
                changed_by_name, changed_by_colour, changed_at
            )
            select id, title, head_seq, head_event, note_count, text_bytes,
                log_bytes_before + log_bytes, changed_by_id, changed_by_name, changed_by_colour,
                changed_at
            from locked
            where expected_seq is not null and changed_at is not null
                and (select log_bytes from accepted)[index] is not null
            on conflict (id) do update set
                title = excluded.title, head_seq = excluded.head_seq,
                head_event = excluded.head_event, note_count = excluded.note_count,
                text_bytes = excluded.text_bytes, log_bytes = excluded.log_bytes,
                changed_by_id = excluded.changed_by_id,
                changed_by_name = excluded.changed_by_name,
                changed_by_colour = excluded.changed_by_colour,
                changed_at = excluded.changed_at,
                uncompacted_since = least(boards.uncompacted_since, excluded.changed_at)
        ),"
    };
}

macro_rules! events {
    () => {
        "new_events as (
            insert into events (
                board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, note,
                log_bytes, change, inverse
            )
            select ($1::uuid[])[board], seq, from_seq, id, message, actor_id, actor_name,
                actor_colour, at, note, (select log_bytes from accepted)[board] + log_bytes,
                change, inverse
            from unnest(
                $14::int[], $15::bigint[], $16::bigint[], $17::uuid[], $18::uuid[],
                $19::uuid[], $20::text[], $21::smallint[], $22::bigint[], $23::uuid[],
                $24::bigint[], $25::text[], $26::text[]
            ) as it (
                board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, note,
                log_bytes, change, inverse
            )
            where (select log_bytes from accepted)[board] is not null
        ),"
    };
}

macro_rules! notes {
    () => {
        "changed_notes as (
            insert into notes (
                board, id, colour, rank, state, seq,
                edited_by_id, edited_by_name, edited_by_colour, edited_at, text
            )
            select ($1::uuid[])[board], id, colour, rank, state, seq,
                edited_by_id, edited_by_name, edited_by_colour, edited_at, text
            from unnest(
                $27::int[], $28::uuid[], $29::text[], $30::text[], $31::text[], $32::bigint[],
                $33::uuid[], $34::text[], $35::smallint[], $36::bigint[], $37::text[]
            ) as it (
                board, id, colour, rank, state, seq,
                edited_by_id, edited_by_name, edited_by_colour, edited_at, text
            )
            where (select log_bytes from accepted)[board] is not null
            on conflict (board, id) do update set
                colour = excluded.colour, rank = excluded.rank, state = excluded.state,
                seq = excluded.seq, edited_by_id = excluded.edited_by_id,
                edited_by_name = excluded.edited_by_name,
                edited_by_colour = excluded.edited_by_colour, edited_at = excluded.edited_at,
                text = excluded.text
        ),"
    };
}

macro_rules! outcomes {
    () => {
        "new_outcomes as (
            insert into outcomes (board, client, message, body_hash, outcome, at)
            select ($1::uuid[])[board], client, message, body_hash, outcome, at
            from unnest(
                $38::int[], $39::uuid[], $40::uuid[], $41::bytea[], $42::text[], $43::bigint[]
            ) as it (board, client, message, body_hash, outcome, at)
            where (select log_bytes from accepted)[board] is not null
        )"
    };
}

/// If another worker creates the same board meanwhile, this violates a constraint.
macro_rules! new_boards {
    () => {
        ", new_boards as (
            insert into boards (
                id, title, head_seq, head_event, note_count, text_bytes, log_bytes, changed_by_id,
                changed_by_name, changed_by_colour, changed_at, uncompacted_since
            )
            select id, title, head_seq, head_event, note_count, text_bytes, log_bytes,
                changed_by_id, changed_by_name, changed_by_colour, changed_at, changed_at
            from locked
            where expected_seq is null and (select log_bytes from accepted)[index] is not null
        )"
    };
}

macro_rules! members_and_links {
    () => {
        ", changed_members as (
            insert into members (board, actor, role)
            select ($1::uuid[])[board], actor, role
            from unnest($44::int[], $45::uuid[], $46::text[]) as it (board, actor, role)
            where (select log_bytes from accepted)[board] is not null
            on conflict (board, actor) do update set role = excluded.role
        ), new_links as (
            insert into links (board, id, role, hash)
            select ($1::uuid[])[board], id, role, hash
            from unnest($47::int[], $48::uuid[], $49::text[], $50::bytea[])
                as it (board, id, role, hash)
            where (select log_bytes from accepted)[board] is not null
        )"
    };
}

macro_rules! result {
    () => {
        " select log_bytes from accepted"
    };
}

/// For boards that exist, without changes of members and links: nearly all commits.
const CONTENTS: &str = concat!(
    locked_boards!(),
    accepted_boards!(),
    heads!(),
    events!(),
    notes!(),
    outcomes!(),
    result!()
);

/// For all changes. A table that is not written would cost its share all the same.
const EVERYTHING: &str = concat!(
    locked_boards!(),
    accepted_boards!(),
    heads!(),
    events!(),
    notes!(),
    outcomes!(),
    new_boards!(),
    members_and_links!(),
    result!()
);

/// A statement and its arguments. Its result is one row with an array that has an element for each
/// board, which is null if the board was not written.
pub(super) struct CommitStatement {
    pub sql: &'static str,
    pub arguments: PgArguments,
}

impl CommitStatement {
    /// Each board occurs once, in the order of the ids.
    pub fn new(boards: &[&BoardChanges]) -> Result<Self, sqlx::Error> {
        let mut arguments = PgArguments::default();
        let has_only_contents = |it: &&BoardChanges| {
            it.expected.is_some() && it.members.is_empty() && it.links.is_empty()
        };
        let only_contents = boards.iter().all(has_only_contents);
        Self::bind(boards, only_contents, &mut arguments).map_err(sqlx::Error::Encode)?;
        Ok(Self { sql: if only_contents { CONTENTS } else { EVERYTHING }, arguments })
    }

    fn bind(
        boards: &[&BoardChanges],
        only_contents: bool,
        arguments: &mut PgArguments,
    ) -> Result<(), BoxDynError> {
        let (mut heads, mut events) = (Boards::default(), Events::default());
        for (index, changes) in (1..).zip(boards) {
            let mut log_bytes = 0_u64;
            for fact in &changes.facts {
                log_bytes = log_bytes.saturating_add(json_bytes(&fact.event) as u64);
                events.push(index, fact, integer(log_bytes))?;
            }
            heads.push(changes, integer(log_bytes));
        }
        heads.bind(arguments)?;
        events.bind(arguments)?;
        Notes::of(boards).bind(arguments)?;
        Outcomes::of(boards)?.bind(arguments)?;
        if !only_contents {
            Members::of(boards).bind(arguments)?;
            Links::of(boards).bind(arguments)?;
        }
        Ok(())
    }
}
