//! Each part of a cluster is killed in the middle of the work: what was saved is there once, and so is
//! the rest, and all are served again.

use std::time::Duration;

use sockbit_postgres::PostgresStore;
use sockbit_servers::{Postgres, RabbitMq, ServerError};
use sockbit_tests::system::{Cluster, Process, Rig};
use tokio::time::sleep;

/// How long people work undisturbed between two kills.
const UNDISTURBED: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_edit_is_there_once_though_each_part_of_a_cluster_was_killed() {
    let (postgres, broker) = tokio::join!(started(Postgres::start), started(RabbitMq::start));
    let (mut postgres, mut broker) = (postgres, broker);
    let database = postgres.url();
    let mut cluster = Cluster::start(&database, &broker.url(), "killed", &[]).await;
    let rig = Rig::begin(&cluster.fronts()).await;

    sleep(UNDISTURBED).await;
    kill_and_start(&mut cluster.gateways).await;
    sleep(UNDISTURBED).await;
    kill_and_start(&mut cluster.workers).await;
    sleep(UNDISTURBED).await;
    broker = on_a_thread(broker, |broker| {
        broker.kill();
        broker.restart()
    })
    .await;
    sleep(UNDISTURBED).await;
    postgres = on_a_thread(postgres, |postgres| {
        postgres.kill();
        postgres.restart()
    })
    .await;
    sleep(UNDISTURBED).await;

    let typed = rig.end().await;
    cluster.ready().await;
    assert!(cluster.stop().await, "all processes end well when they are asked to");
    let store = PostgresStore::open(&database).await.expect("the database is whole");
    typed.is_all_there_once(&store).await;
    drop((postgres, broker));
}

/// The first of them ends as by a power cut, and is started again.
async fn kill_and_start(processes: &mut [Process]) {
    let process = processes.first_mut().expect("there is one");
    process.kill().await;
    process.start_again().await;
}

async fn started<T: Send + 'static>(start: fn() -> Result<T, ServerError>) -> T {
    let started = tokio::task::spawn_blocking(start).await.expect("it does not panic");
    started.expect("a private server starts")
}

/// Does something slow to a server, and hands it back.
async fn on_a_thread<T: Send + 'static>(
    mut server: T,
    act: impl FnOnce(&mut T) -> Result<(), ServerError> + Send + 'static,
) -> T {
    let acted = tokio::task::spawn_blocking(move || {
        act(&mut server).expect("the server comes back");
        server
    });
    acted.await.expect("it does not panic")
}
