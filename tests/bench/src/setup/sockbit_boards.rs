//! Boards of SockBit, created by commands.

use anyhow::{Context, Result};
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Role, Text};

use super::control_client::{BoardCommand, ControlClient};
use super::ids::Ids;
use super::population::Population;
use crate::deployment::Deployment;
use crate::load::{Client, Plan, PlannedBoard, PlannedReader, PlannedWriter, initial_text};

/// Long enough for a link key.
const KEY: &str = "a-link-key-of-the-benchmarks";

/// Creates boards with members and notes. The readers share one guest, each writer is its own.
pub fn create(deployment: &Deployment<'_>, ids: &mut Ids, population: &Population) -> Result<Plan> {
    let gateway = *deployment.gateways.first().context("there is no gateway")?;
    let mut owner = ControlClient::connect(gateway)?;
    let boards: Vec<BoardId> = (0..population.boards).map(|_| BoardId(ids.next())).collect();
    let created: Vec<_> = boards.iter().flat_map(|board| new_board(*board)).collect();
    owner.save(ids, &created)?;

    let mut writers = Vec::new();
    for number in 0..population.writers {
        let gateway = deployment.gateways[number % deployment.gateways.len()];
        let mut writer = ControlClient::connect(gateway)?;
        let notes = planned_notes(ids, population, number);
        let joined = notes_boards(&notes).map(|index| join(boards[index]));
        let written = notes.iter().map(|(index, note)| new_note(boards[*index], *note));
        let commands: Vec<_> = joined.chain(written).collect();
        writer.save(ids, &commands)?;
        let board = population.writers_join.then(|| boards[number % boards.len()]);
        let client = Client {
            gateway,
            cookie: Some(writer.cookie),
            board,
            position: None,
            tracks_position: true,
        };
        writers.push(PlannedWriter { client, notes });
    }
    let mut reader = ControlClient::connect(gateway)?;
    if population.readers > 0 {
        reader.save(ids, &boards.iter().map(|it| join(*it)).collect::<Vec<_>>())?;
    }
    let heads = owner.heads(&boards)?;
    let planned = boards.iter().zip(heads).map(|(id, head)| PlannedBoard { id: *id, head });
    let planned: Vec<_> = planned.collect();
    for writer in &mut writers {
        let head = planned.iter().find(|it| Some(it.id) == writer.client.board);
        writer.client.position = head.map(|it| it.head);
    }
    let readers = (0..population.readers).map(|number| {
        let board = number % planned.len();
        PlannedReader {
            client: Client {
                // Neighbours on a board are on different gateways.
                gateway: deployment.gateways[(number / planned.len()) % deployment.gateways.len()],
                cookie: Some(reader.cookie.clone()),
                board: Some(planned[board].id),
                position: Some(planned[board].head),
                tracks_position: population.readers_resume,
            },
            board,
        }
    });
    let readers = readers.collect();
    Ok(Plan { readers, boards: planned, writers, owner: Some(owner.cookie) })
}

/// Moves the clients of a plan to other gateways, and to the heads that the boards have now.
pub fn move_to_heads(deployment: &Deployment<'_>, plan: &mut Plan) -> Result<()> {
    let gateways = &deployment.gateways;
    let mut owner = connect_owner(deployment, plan)?;
    let boards: Vec<_> = plan.boards.iter().map(|it| it.id).collect();
    for (board, head) in plan.boards.iter_mut().zip(owner.heads(&boards)?) {
        board.head = head;
    }
    let Plan { boards, writers, readers, .. } = plan;
    let clients = writers.iter_mut().map(|it| &mut it.client);
    let clients = clients.chain(readers.iter_mut().map(|it| &mut it.client));
    for (number, client) in clients.enumerate() {
        client.gateway = gateways[number % gateways.len()];
        let board = boards.iter().find(|it| Some(it.id) == client.board);
        client.position = board.map(|it| it.head);
    }
    Ok(())
}

/// Connects a member of all boards.
pub fn connect_owner(deployment: &Deployment<'_>, plan: &Plan) -> Result<ControlClient> {
    let gateway = *deployment.gateways.first().context("there is no gateway")?;
    ControlClient::connect_as(gateway, plan.owner.as_deref())
}

/// The number of events of each board since the start of a load.
pub fn stored_edits(deployment: &Deployment<'_>, plan: &Plan) -> Result<Vec<u64>> {
    let mut owner = connect_owner(deployment, plan)?;
    let boards: Vec<_> = plan.boards.iter().map(|it| it.id).collect();
    let heads = owner.heads(&boards)?;
    Ok(heads.iter().zip(&plan.boards).map(|(now, before)| now.seq.0 - before.head.seq.0).collect())
}

/// The notes of a writer: on the board that it joins, or on its part of all boards.
fn planned_notes(ids: &mut Ids, population: &Population, writer: usize) -> Vec<(usize, NoteId)> {
    let Population { boards, writers, notes_per_writer, .. } = *population;
    let own: Vec<usize> = if population.writers_join || boards < writers {
        vec![writer % boards]
    } else {
        (writer..boards).step_by(writers).collect()
    };
    let notes_per_board = notes_per_writer.div_ceil(own.len());
    let boards = own.into_iter().flat_map(|board| std::iter::repeat_n(board, notes_per_board));
    boards.map(|board| (board, NoteId(ids.next()))).collect()
}

fn notes_boards(notes: &[(usize, NoteId)]) -> impl Iterator<Item = usize> {
    let mut boards: Vec<usize> = notes.iter().map(|(board, _)| *board).collect();
    boards.dedup();
    boards.into_iter()
}

fn new_board<'a>(board: BoardId) -> [BoardCommand<'a>; 2] {
    let title = "Board of a benchmark".to_owned();
    [
        BoardCommand { board, key: None, command: Command::CreateBoard { title } },
        BoardCommand { board, key: Some(KEY), command: Command::AddLink { role: Role::Editor } },
    ]
}

fn join<'a>(board: BoardId) -> BoardCommand<'a> {
    BoardCommand { board, key: Some(KEY), command: Command::JoinBoard {} }
}

fn new_note<'a>(board: BoardId, note: NoteId) -> BoardCommand<'a> {
    let (text, colour, rank) = (Text::normalise(&initial_text()), Colour::Paper, Rank::middle());
    BoardCommand { board, key: None, command: Command::CreateNote { note, text, colour, rank } }
}
