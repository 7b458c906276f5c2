//! The app keeps working if its log cannot be written.

use std::process::Stdio;

use sockbit_tests::system::{App, eventually};

const COMMAND: &str = r#"{
    "v": 1, "type": "command",
    "id": "10000000-0000-4000-8000-000000000001",
    "board": "b0000000-0000-4000-8000-000000000001",
    "body": {"type": "create_board", "title": "Kept"}
}"#;

#[tokio::test]
async fn a_closed_log_pipe_does_not_stop_the_app() {
    let app = App::unstarted(&["--log", "debug"]);
    let mut command = app.command();
    command.stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("the app starts");
    drop(child.stderr.take());
    let http = reqwest::Client::new();

    let outcome = eventually("the outcome of a command", || async {
        let sent = http.post(format!("{}/api/commands", app.url())).body(COMMAND);
        sent.send().await.ok()?.text().await.ok()
    })
    .await;

    assert!(outcome.contains("saved"), "{outcome}");
}
