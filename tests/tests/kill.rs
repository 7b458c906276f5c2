//! The process is killed in the middle of the work: what was saved is there once, and so is the rest.

use std::time::Duration;

use sockbit_sqlite::SqliteStore;
use sockbit_tests::system::{App, Rig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_edit_is_there_once_though_the_process_was_killed_three_times() {
    let mut app = App::start().await;
    let rig = Rig::begin(&[app.front()]).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        app.kill().await;
        app.start_again().await;
    }
    let typed = rig.end().await;
    assert!(app.stop().await, "the app ends well when it is asked to");

    let store = SqliteStore::open(&app.database()).await.expect("the database is whole");
    typed.is_all_there_once(&store).await;
}
