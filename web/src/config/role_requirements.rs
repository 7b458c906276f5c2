//! What each role requires and refuses: stores, buses and secrets.

use std::path::PathBuf;

use sockbit_application::bus_message_signing::Keyring;
use sockbit_domain::person_name;

use super::command_line::Command;
use super::problem_collector::ProblemCollector;
use super::role::{Role, SecretSource, ServerBus, Task};
use super::store_and_bus_urls::{BusUrl, ServerUrl, StoreUrl};

/// The database if none is configured.
pub(crate) const DEFAULT_DATABASE: &str = "data/sockbit.db";
const SECRET_FILE: &str = "sockbit.secret";

/// The configured stores, buses and secrets, each valid by itself.
pub(super) struct Resources {
    pub store: Option<StoreUrl>,
    pub bus: Option<BusUrl>,
    pub bus_keys: Option<Keyring>,
    pub bus_namespace: String,
    pub work_queues: Option<u16>,
    pub delete_broken_queues: Option<bool>,
    pub secret: Option<SecretSource>,
}

/// The task with its resources; `None` if something is missing or does not fit, which `problems`
/// then lists.
pub(super) fn task(
    problems: &mut ProblemCollector,
    command: Command,
    given: Resources,
) -> Option<Task> {
    let role = match command {
        Command::Serve => serve(problems, given),
        Command::Gateway => gateway(problems, given),
        Command::Worker => worker(problems, given),
        Command::Migrate => return Some(Task::Migrate(given.store.unwrap_or_else(default_store))),
        Command::Token { name } => return token(problems, given, &name),
        Command::DeadLetters { action } => {
            return Some(Task::DeadLetters { bus: server_bus(problems, given)?, action });
        }
    };
    role.map(Task::Run)
}

fn serve(problems: &mut ProblemCollector, mut given: Resources) -> Option<Role> {
    let store = given.store.take().unwrap_or_else(default_store);
    let secret = secret_for_store(problems, given.secret.take(), &store);
    let bus = match given.bus {
        None | Some(BusUrl::Memory) => None,
        Some(BusUrl::RabbitMq(_)) => {
            require_shared_store(problems, &store);
            Some(server_bus(problems, given)?)
        }
    };
    Some(Role::Serve { store, bus, secret: secret? })
}

fn gateway(problems: &mut ProblemCollector, given: Resources) -> Option<Role> {
    if given.store.is_some() {
        problems.add("--store", "a gateway has no database; give this flag to the workers");
    }
    let secret = given.secret.clone().or_else(|| missing_secret(problems, "for a gateway"));
    let bus = server_bus(problems, given);
    Some(Role::Gateway { bus: bus?, secret: secret? })
}

fn worker(problems: &mut ProblemCollector, mut given: Resources) -> Option<Role> {
    let store = given.store.take();
    match &store {
        Some(store) => require_shared_store(problems, store),
        None => problems.add_missing(
            "--store",
            "a worker needs the database that all workers share, as in \
             postgres://USER@HOST/DATABASE",
        ),
    }
    let bus = server_bus(problems, given);
    Some(Role::Worker { store: store?, bus: bus? })
}

fn token(problems: &mut ProblemCollector, given: Resources, name: &str) -> Option<Task> {
    let store = given.store.unwrap_or_else(default_store);
    let secret = match secret_for_store(problems, given.secret, &store)? {
        SecretSource::Random => missing_secret(problems, "for a token"),
        permanent => Some(permanent),
    };
    let name = person_name(name);
    if name.is_none() {
        problems.add("--name", "a name needs at least one letter that can be seen");
    }
    Some(Task::Token { secret: secret?, name: name? })
}

/// The configured secret, or the default for this store.
fn secret_for_store(
    problems: &mut ProblemCollector,
    given: Option<SecretSource>,
    store: &StoreUrl,
) -> Option<SecretSource> {
    match (given, store) {
        (Some(secret), _) => Some(secret),
        (None, StoreUrl::Sqlite(data)) => {
            Some(SecretSource::File(data.with_file_name(SECRET_FILE)))
        }
        (None, StoreUrl::Memory) => Some(SecretSource::Random),
        (None, StoreUrl::Postgres(_)) => missing_secret(problems, "with this store"),
    }
}

fn default_store() -> StoreUrl {
    StoreUrl::Sqlite(PathBuf::from(DEFAULT_DATABASE))
}

fn missing_secret(problems: &mut ProblemCollector, case: &str) -> Option<SecretSource> {
    let problem = format!(
        "a secret is required {case}, the same for all processes that serve together; set it here, \
         or in a file with --secret-file"
    );
    problems.add("--secret", problem);
    None
}

/// A bus on a server connects several processes, so the store must accept several.
fn require_shared_store(problems: &mut ProblemCollector, store: &StoreUrl) {
    let store = match store {
        StoreUrl::Postgres(_) => return,
        StoreUrl::Sqlite(_) => "an SQLite database",
        StoreUrl::Memory => "a store in memory",
    };
    let problem = format!("{store} serves a single process; with this bus, use postgres://…");
    problems.add("--store", problem);
}

fn server_bus(problems: &mut ProblemCollector, given: Resources) -> Option<ServerBus> {
    let url = server_url(problems, given.bus);
    if given.bus_keys.is_none() {
        problems.add_missing(
            "--bus-keys",
            "messages on this bus are signed; all processes need the same keys, as in ID:SECRET",
        );
    }
    Some(ServerBus {
        url: url?,
        keys: given.bus_keys?,
        work_queues: given.work_queues?,
        delete_broken_queues: given.delete_broken_queues?,
        namespace: given.bus_namespace,
    })
}

fn server_url(problems: &mut ProblemCollector, bus: Option<BusUrl>) -> Option<ServerUrl> {
    match bus {
        Some(BusUrl::RabbitMq(url)) => Some(url),
        Some(BusUrl::Memory) | None => {
            problems.add_missing(
                "--bus",
                "gateways and workers need a message broker, as in amqp://USER@HOST",
            );
            None
        }
    }
}
