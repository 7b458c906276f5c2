//! The rows of a commit as arrays, one for each column. Rows name their board by its index in the
//! arrays of boards, from 1.

use std::collections::BTreeMap;

use sockbit_application::column_conversions::integer;
use sockbit_application::ports::BoardChanges;
use sockbit_domain::{Fact, Note};
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use uuid::Uuid;

/// Rows of `boards`, with the heads on which they were decided.
#[derive(Default)]
pub(super) struct Boards<'a> {
    ids: Vec<Uuid>,
    expected_seqs: Vec<Option<i64>>,
    expected_events: Vec<Option<Uuid>>,
    titles: Vec<&'a str>,
    head_seqs: Vec<i64>,
    head_events: Vec<Uuid>,
    note_counts: Vec<i64>,
    text_bytes: Vec<i64>,
    log_bytes: Vec<i64>,
    changed_by_ids: Vec<Option<Uuid>>,
    changed_by_names: Vec<Option<&'a str>>,
    changed_by_colours: Vec<Option<i16>>,
    changed_at: Vec<Option<i64>>,
}

impl<'a> Boards<'a> {
    /// `log_bytes` is the size of the new events.
    pub fn push(&mut self, changes: &'a BoardChanges, log_bytes: i64) {
        // A batch of rejections has no event.
        let last = changes.facts.last().map(|fact| &fact.event);
        self.ids.push(changes.board.0);
        self.expected_seqs.push(changes.expected.map(|head| integer(head.seq.0)));
        self.expected_events.push(changes.expected.map(|head| head.event.0));
        self.titles.push(changes.title.as_str());
        self.head_seqs.push(integer(changes.head.seq.0));
        self.head_events.push(changes.head.event.0);
        self.note_counts.push(changes.note_count.into());
        self.text_bytes.push(integer(changes.text_bytes));
        self.log_bytes.push(log_bytes);
        self.changed_by_ids.push(last.map(|event| event.actor.id.0));
        self.changed_by_names.push(last.map(|event| &*event.actor.name));
        self.changed_by_colours.push(last.map(|event| event.actor.colour.into()));
        self.changed_at.push(last.map(|event| event.at.0));
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.ids)?;
        arguments.add(self.expected_seqs)?;
        arguments.add(self.expected_events)?;
        arguments.add(self.titles)?;
        arguments.add(self.head_seqs)?;
        arguments.add(self.head_events)?;
        arguments.add(self.note_counts)?;
        arguments.add(self.text_bytes)?;
        arguments.add(self.log_bytes)?;
        arguments.add(self.changed_by_ids)?;
        arguments.add(self.changed_by_names)?;
        arguments.add(self.changed_by_colours)?;
        arguments.add(self.changed_at)
    }
}

/// Rows of `events`.
#[derive(Default)]
pub(super) struct Events<'a> {
    boards: Vec<i32>,
    seqs: Vec<i64>,
    from_seqs: Vec<i64>,
    ids: Vec<Uuid>,
    messages: Vec<Uuid>,
    actor_ids: Vec<Uuid>,
    actor_names: Vec<&'a str>,
    actor_colours: Vec<i16>,
    at: Vec<i64>,
    notes: Vec<Option<Uuid>>,
    log_bytes: Vec<i64>,
    changes: Vec<String>,
    inverses: Vec<Option<String>>,
}

impl<'a> Events<'a> {
    /// `log_bytes` is the size of the board's new events up to this one.
    pub fn push(&mut self, board: i32, fact: &'a Fact, log_bytes: i64) -> Result<(), BoxDynError> {
        let event = &fact.event;
        self.boards.push(board);
        self.seqs.push(integer(event.seq.0));
        self.from_seqs.push(integer(event.from.0));
        self.ids.push(event.id.0);
        self.messages.push(event.message.0);
        self.actor_ids.push(event.actor.id.0);
        self.actor_names.push(&event.actor.name);
        self.actor_colours.push(event.actor.colour.into());
        self.at.push(event.at.0);
        self.notes.push(event.change.note().map(|it| it.0));
        self.log_bytes.push(log_bytes);
        self.changes.push(serde_json::to_string(&event.change)?);
        self.inverses.push(fact.inverse.as_ref().map(serde_json::to_string).transpose()?);
        Ok(())
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.boards)?;
        arguments.add(self.seqs)?;
        arguments.add(self.from_seqs)?;
        arguments.add(self.ids)?;
        arguments.add(self.messages)?;
        arguments.add(self.actor_ids)?;
        arguments.add(self.actor_names)?;
        arguments.add(self.actor_colours)?;
        arguments.add(self.at)?;
        arguments.add(self.notes)?;
        arguments.add(self.log_bytes)?;
        arguments.add(self.changes)?;
        arguments.add(self.inverses)
    }
}

/// Rows of `notes`: the last state of each note.
#[derive(Default)]
pub(super) struct Notes<'a> {
    boards: Vec<i32>,
    ids: Vec<Uuid>,
    colours: Vec<&'a str>,
    ranks: Vec<&'a str>,
    states: Vec<&'a str>,
    seqs: Vec<i64>,
    edited_by_ids: Vec<Uuid>,
    edited_by_names: Vec<&'a str>,
    edited_by_colours: Vec<i16>,
    edited_at: Vec<i64>,
    texts: Vec<&'a str>,
}

impl<'a> Notes<'a> {
    pub fn of(boards: &[&'a BoardChanges]) -> Self {
        let latest: BTreeMap<(i32, Uuid), &Note> =
            each(boards, |it| &it.notes).map(|(board, note)| ((board, note.id.0), note)).collect();
        let mut columns = Self::default();
        for ((board, id), note) in latest {
            columns.boards.push(board);
            columns.ids.push(id);
            columns.colours.push(note.colour.as_str());
            columns.ranks.push(note.rank.as_str());
            columns.states.push(note.state.as_str());
            columns.seqs.push(integer(note.seq.0));
            columns.edited_by_ids.push(note.edited_by.id.0);
            columns.edited_by_names.push(&note.edited_by.name);
            columns.edited_by_colours.push(note.edited_by.colour.into());
            columns.edited_at.push(note.edited_at.0);
            columns.texts.push(note.text.as_str());
        }
        columns
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.boards)?;
        arguments.add(self.ids)?;
        arguments.add(self.colours)?;
        arguments.add(self.ranks)?;
        arguments.add(self.states)?;
        arguments.add(self.seqs)?;
        arguments.add(self.edited_by_ids)?;
        arguments.add(self.edited_by_names)?;
        arguments.add(self.edited_by_colours)?;
        arguments.add(self.edited_at)?;
        arguments.add(self.texts)
    }
}

/// Rows of `members`: the last role of each member.
#[derive(Default)]
pub(super) struct Members {
    boards: Vec<i32>,
    actors: Vec<Uuid>,
    roles: Vec<&'static str>,
}

impl Members {
    pub fn of(boards: &[&BoardChanges]) -> Self {
        let latest: BTreeMap<(i32, Uuid), &'static str> = each(boards, |it| &it.members)
            .map(|(board, (actor, role))| ((board, actor.0), role.as_str()))
            .collect();
        let mut columns = Self::default();
        for ((board, actor), role) in latest {
            columns.boards.push(board);
            columns.actors.push(actor);
            columns.roles.push(role);
        }
        columns
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.boards)?;
        arguments.add(self.actors)?;
        arguments.add(self.roles)
    }
}

/// Rows of `links`.
#[derive(Default)]
pub(super) struct Links<'a> {
    boards: Vec<i32>,
    ids: Vec<Uuid>,
    roles: Vec<&'static str>,
    hashes: Vec<&'a [u8]>,
}

impl<'a> Links<'a> {
    pub fn of(boards: &[&'a BoardChanges]) -> Self {
        let mut columns = Self::default();
        for (board, link) in each(boards, |it| &it.links) {
            columns.boards.push(board);
            columns.ids.push(link.id.0);
            columns.roles.push(link.role.as_str());
            columns.hashes.push(&link.hash.0);
        }
        columns
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.boards)?;
        arguments.add(self.ids)?;
        arguments.add(self.roles)?;
        arguments.add(self.hashes)
    }
}

/// Rows of `outcomes`.
#[derive(Default)]
pub(super) struct Outcomes<'a> {
    boards: Vec<i32>,
    clients: Vec<Uuid>,
    messages: Vec<Uuid>,
    body_hashes: Vec<&'a [u8]>,
    results: Vec<String>,
    at: Vec<i64>,
}

impl<'a> Outcomes<'a> {
    pub fn of(boards: &[&'a BoardChanges]) -> Result<Self, BoxDynError> {
        let mut columns = Self::default();
        for (board, outcome) in each(boards, |it| &it.outcomes) {
            columns.boards.push(board);
            columns.clients.push(outcome.client.0);
            columns.messages.push(outcome.message.0);
            columns.body_hashes.push(&outcome.body_hash);
            columns.results.push(serde_json::to_string(&outcome.outcome)?);
            columns.at.push(outcome.at.0);
        }
        Ok(columns)
    }

    pub fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        arguments.add(self.boards)?;
        arguments.add(self.clients)?;
        arguments.add(self.messages)?;
        arguments.add(self.body_hashes)?;
        arguments.add(self.results)?;
        arguments.add(self.at)
    }
}

/// Each item of all boards, with the index of its board.
fn each<'a, T: 'a>(
    boards: &[&'a BoardChanges],
    items: impl Fn(&'a BoardChanges) -> &'a Vec<T>,
) -> impl Iterator<Item = (i32, &'a T)> {
    (1..).zip(boards).flat_map(move |(index, it)| items(it).iter().map(move |item| (index, item)))
}
