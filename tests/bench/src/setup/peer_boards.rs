//! Boards of the Socket.IO servers, created in their database.

use anyhow::{Context, Result};
use sockbit_domain::{BoardId, EventId, NoteId, Position, Seq};
use uuid::Uuid;

use super::ids::Ids;
use super::population::Population;
use crate::deployment::Deployment;
use crate::load::{Client, Plan, PlannedBoard, PlannedReader, PlannedWriter, initial_text};

/// A statement is an argument of `psql`, whose size is limited.
const NOTES_PER_STATEMENT: usize = 200;

/// Creates notes; a board is only a name.
pub fn create(deployment: &Deployment<'_>, ids: &mut Ids, population: &Population) -> Result<Plan> {
    let head = Position { seq: Seq(0), event: EventId(Uuid::nil()) };
    let boards: Vec<PlannedBoard> =
        (0..population.boards).map(|_| PlannedBoard { id: BoardId(ids.next()), head }).collect();
    let mut writers = Vec::new();
    for number in 0..population.writers {
        let board = number % boards.len();
        let notes = (0..population.notes_per_writer).map(|_| (board, NoteId(ids.next())));
        let gateway = deployment.gateways[number % deployment.gateways.len()];
        let client = client(gateway, boards[board].id);
        writers.push(PlannedWriter { client, notes: notes.collect() });
    }
    insert_notes(deployment, &boards, &writers)?;
    let readers = (0..population.readers).map(|number| {
        let board = number % boards.len();
        let gateway = deployment.gateways[(number / boards.len()) % deployment.gateways.len()];
        PlannedReader { client: client(gateway, boards[board].id), board }
    });
    Ok(Plan { readers: readers.collect(), boards, writers, owner: None })
}

/// The number of edits of each board.
pub fn stored_edits(deployment: &Deployment<'_>, plan: &Plan) -> Result<Vec<u64>> {
    let mut stored = Vec::new();
    for board in &plan.boards {
        let count = deployment.sql(&format!(
            "select count(*) from edits join notes on notes.id = edits.note where board = '{}'",
            board.id
        ))?;
        stored.push(count.trim_end().parse().context("a count is a number")?);
    }
    Ok(stored)
}

fn client(gateway: std::net::SocketAddr, board: BoardId) -> Client {
    Client { gateway, cookie: None, board: Some(board), position: None, tracks_position: false }
}

fn insert_notes(
    deployment: &Deployment<'_>,
    boards: &[PlannedBoard],
    writers: &[PlannedWriter],
) -> Result<()> {
    let notes: Vec<_> = writers.iter().flat_map(|it| &it.notes).collect();
    for notes in notes.chunks(NOTES_PER_STATEMENT) {
        let row = |(board, note): &&(usize, NoteId)| {
            format!("('{note}', '{}', '{}')", boards[*board].id, initial_text())
        };
        let rows: Vec<_> = notes.iter().map(row).collect();
        deployment
            .sql(&format!("insert into notes (id, board, text) values {}", rows.join(", ")))?;
    }
    Ok(())
}
