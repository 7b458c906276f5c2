//! What each role needs to know, and what it must not be given.

use std::path::PathBuf;

use sockbit_application::seal::Keyring;
use sockbit_domain::person_name;

use super::args::Command;
use super::check::Found;
use super::{BusUrl, DEFAULT_DATABASE, Role, SecretSource, ServerBus, ServerUrl, StoreUrl, Task};

const SECRET_FILE: &str = "sockbit.secret";

/// What was given about stores, buses and secrets, each checked for itself.
pub(super) struct Given {
    pub store: Option<StoreUrl>,
    pub bus: Option<BusUrl>,
    pub bus_keys: Option<Keyring>,
    pub bus_namespace: String,
    pub work_queues: Option<u16>,
    pub secret: Option<SecretSource>,
}

/// What to do, and on what; `None` where something is missing or does not fit, which `found` has
/// then.
pub(super) fn task(found: &mut Found, command: Command, given: Given) -> Option<Task> {
    let role = match command {
        Command::Serve => serve(found, given),
        Command::Gateway => gateway(found, given),
        Command::Worker => worker(found, given),
        Command::Migrate => return Some(Task::Migrate(given.store.unwrap_or_else(default_store))),
        Command::Token { name } => return token(found, given, &name),
        Command::DeadLetters { wish } => {
            return Some(Task::DeadLetters { bus: server_bus(found, given)?, wish });
        }
    };
    role.map(Task::Run)
}

fn serve(found: &mut Found, mut given: Given) -> Option<Role> {
    let store = given.store.take().unwrap_or_else(default_store);
    let secret = secret_with(found, given.secret.take(), &store);
    let bus = match given.bus {
        None | Some(BusUrl::Memory) => None,
        Some(BusUrl::RabbitMq(_)) => {
            shared_store(found, &store);
            Some(server_bus(found, given)?)
        }
    };
    Some(Role::Serve { store, bus, secret: secret? })
}

fn gateway(found: &mut Found, given: Given) -> Option<Role> {
    if given.store.is_some() {
        found.problem("--store", "a gateway has no database; leave this to the workers");
    }
    let secret = given.secret.clone().or_else(|| shared_secret(found, "with every gateway"));
    let bus = server_bus(found, given);
    Some(Role::Gateway { bus: bus?, secret: secret? })
}

fn worker(found: &mut Found, mut given: Given) -> Option<Role> {
    let store = given.store.take();
    match &store {
        Some(store) => shared_store(found, store),
        None => found.missing(
            "--store",
            "a worker needs the database of all workers, as in postgres://USER@HOST/DATABASE",
        ),
    }
    let bus = server_bus(found, given);
    Some(Role::Worker { store: store?, bus: bus? })
}

fn token(found: &mut Found, given: Given, name: &str) -> Option<Task> {
    let store = given.store.unwrap_or_else(default_store);
    let secret = match secret_with(found, given.secret, &store)? {
        SecretSource::Fresh => shared_secret(found, "for a token"),
        lasting => Some(lasting),
    };
    let name = person_name(name);
    if name.is_none() {
        found.problem("--name", "a name needs a letter that can be seen");
    }
    Some(Task::Token { secret: secret?, name: name? })
}

/// What cookies are signed with on this store, where nothing else is said.
fn secret_with(
    found: &mut Found,
    given: Option<SecretSource>,
    store: &StoreUrl,
) -> Option<SecretSource> {
    match (given, store) {
        (Some(secret), _) => Some(secret),
        (None, StoreUrl::Sqlite(data)) => {
            Some(SecretSource::File(data.with_file_name(SECRET_FILE)))
        }
        (None, StoreUrl::Memory) => Some(SecretSource::Fresh),
        (None, StoreUrl::Postgres(_)) => shared_secret(found, "with this store"),
    }
}

fn default_store() -> StoreUrl {
    StoreUrl::Sqlite(PathBuf::from(DEFAULT_DATABASE))
}

fn shared_secret(found: &mut Found, with: &str) -> Option<SecretSource> {
    let problem = format!(
        "processes that serve together sign cookies with one secret, so {with} it has to be given, \
         here or in a file with --secret-file"
    );
    found.problem("--secret", problem);
    None
}

/// Several processes work on what such a bus brings, and these databases take one.
fn shared_store(found: &mut Found, store: &StoreUrl) {
    let kind = match store {
        StoreUrl::Postgres(_) => return,
        StoreUrl::Sqlite(_) => "an SQLite database serves a single process",
        StoreUrl::Memory => "a store in memory serves a single process",
    };
    found.problem("--store", format!("{kind}; with this bus it has to be postgres://…"));
}

fn server_bus(found: &mut Found, given: Given) -> Option<ServerBus> {
    let url = server_url(found, given.bus);
    if given.bus_keys.is_none() {
        found.missing(
            "--bus-keys",
            "messages on this bus are signed, so every process needs the keys, as in ID:SECRET",
        );
    }
    Some(ServerBus {
        url: url?,
        keys: given.bus_keys?,
        work_queues: given.work_queues?,
        namespace: given.bus_namespace,
    })
}

fn server_url(found: &mut Found, bus: Option<BusUrl>) -> Option<ServerUrl> {
    match bus {
        Some(BusUrl::RabbitMq(url)) => Some(url),
        Some(BusUrl::Memory) | None => {
            found.missing("--bus", "gateways and workers meet on a server, as in amqp://USER@HOST");
            None
        }
    }
}
