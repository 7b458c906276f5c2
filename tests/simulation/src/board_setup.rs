//! The users of a run, and the boards that exist before it begins.

use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use sockbit_application::bus_messages::{Address, CommandEnvelope};
use sockbit_application::trace_id::TraceId;
use sockbit_domain::{Actor, ActorId, BoardId, ClientId, Command, KeyHash, MessageId, Role};
use uuid::Uuid;

use crate::core_without_bus::core_without_bus;
use crate::database::{Database, WorkerStore};
use crate::random::{Random, RandomStream};
use crate::run_context::RunContext;

/// The link's key, which lets every client join.
pub(crate) const KEY: &str = "open sesame";

/// The users, one for each client; sometimes a user has two tabs.
pub(crate) fn actors(context: &RunContext, random: &mut Random) -> Vec<Actor> {
    let boards = context.parameters.boards;
    let user = |number: usize, random: &mut Random| {
        let has_two_tabs = number >= boards && random.percent(20);
        if has_two_tabs { number - boards } else { number }
    };
    (0..context.parameters.clients)
        .map(|number| {
            let id = actor_id(user(number, random));
            Actor { id, name: format!("Person {number}"), colour: 0 }
        })
        .collect()
}

/// The id of a user.
pub(crate) fn actor_id(user: usize) -> ActorId {
    ActorId(Uuid::from_u128(1 + user as u128))
}

/// Each board is created by its owner, with a link by which the others join.
pub(crate) async fn create_boards(
    context: &Arc<RunContext>,
    database: &Arc<Database>,
    boards: &[(BoardId, Actor)],
    random: &mut Random,
) {
    let setup = Mutex::new(context.random(RandomStream::Setup, 1));
    let store = WorkerStore::for_maintenance(context, database, setup);
    let core = core_without_bus(context, Arc::new(store));
    for (board, owner) in boards {
        let title = "A board".to_owned();
        let commands = [Command::CreateBoard { title }, Command::AddLink { role: Role::Editor }];
        let batch: Vec<_> = commands.iter().map(|it| envelope(*board, owner, it, random)).collect();
        if let Err(error) = core.process(&batch).await {
            context.fault(format!("a board could not be created: {error}"));
        }
    }
    database.back_up();
}

fn envelope(
    board: BoardId,
    owner: &Actor,
    command: &Command,
    random: &mut Random,
) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId::default(),
        reply_to: Address::new(Uuid::nil(), 0),
        actor: owner.clone(),
        client: ClientId(Uuid::nil()),
        message: MessageId(random.uuid()),
        board,
        key: Some(KeyHash(Sha256::digest(KEY.as_bytes()).into())),
        body: serde_json::value::to_raw_value(command).expect("a command can be written as JSON"),
    }
}
