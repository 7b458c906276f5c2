//! The browser's modules, in a real Chromium: they do the same as the Rust ones, and pass the tests in
//! `tests/browser/js`.

use std::path::Path;

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use sockbit_simulation::transcripts;
use sockbit_tests::markdown_examples::{
    MarkdownExample, hostile_examples, random_examples, specification_examples,
};
use sockbit_tests::system::{Browser, Window};
use sockbit_web::markdown::to_html;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tower_http::services::ServeDir;

const TRANSCRIPTS: usize = 2_000;
const RANDOM_NOTES: u64 = 2_000;

/// Notes that the browser renders differently than the server, each with the reason; 5 at most.
const DEVIATIONS: [(&str, &str); 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn the_browsers_delta_passes_the_vectors() {
    let site = serve(String::new()).await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let faults = run(
        &window,
        &site,
        "const delta = await import('/web/assets/js/delta/delta.js');
         const { faults } = await import('/tests/vectors/replay.mjs');
         const read = async (name) => (await fetch(`/tests/vectors/${name}.json`)).json();
         const [cases, edges, diffs] = await Promise.all(['delta', 'edges', 'diff'].map(read));
         return faults(delta, { cases, edges, diffs });",
    )
    .await;
    assert_eq!(faults, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browsers_machine_replays_the_transcripts_of_the_rust_one() {
    // The simulation has a runtime of its own.
    let transcripts = spawn_blocking(|| transcripts(TRANSCRIPTS)).await.expect("no panic");
    let transcripts = transcripts.expect("the runs have no fault");
    assert_eq!(transcripts.lines.lines().count(), TRANSCRIPTS);
    for (name, count) in transcripts.counts.named() {
        assert!(count > 0, "no {name}: {:?}", transcripts.counts);
    }
    let site = serve(transcripts.lines).await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let steps = run(
        &window,
        &site,
        "const { BoardClient } = await import('/web/assets/js/sync/board-client.js');
         const { replayAll } = await import('/tests/browser/js/replay.js');
         return replayAll(BoardClient, await (await fetch('/data')).text());",
    )
    .await;
    assert!(
        steps.as_u64().is_some_and(|it| it > TRANSCRIPTS as u64 * 10),
        "steps or a fault: {steps}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_shows_markdown_as_the_server_does() {
    let notes = [specification_examples(), random_examples(RANDOM_NOTES)].concat();
    let differences = on_notes("differences", &notes).await;
    let names = differences.as_array().expect("a list").iter().map(|it| it["name"].as_str());
    let unexpected: Vec<_> =
        names.filter(|name| !DEVIATIONS.iter().any(|(known, _)| *name == Some(known))).collect();
    assert!(unexpected.is_empty(), "{unexpected:?} in {differences:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_made_to_be_slow_to_render_takes_bounded_work() {
    let notes = hostile_examples();
    assert!(notes.iter().all(|it| it.markdown.len() <= 65_536));
    assert_eq!(on_notes("costly", &notes).await, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_finds_addresses_in_text_as_the_server_does() {
    let examples = include_str!("../vectors/autolinks.json").to_owned();
    let wrong = on_data("wrongAutolinks", examples).await;
    assert_eq!(wrong, Value::Array(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_knows_where_each_task_is_in_the_text() {
    let site = serve(String::new()).await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let clauses = run(
        &window,
        &site,
        "const { failures } = await import('/tests/browser/js/clauses.js');
         const { taskClauses } = await import('/tests/browser/js/markdown.js');
         return failures(taskClauses);",
    )
    .await;
    assert!(clauses.as_u64().is_some_and(|count| count > 0), "clauses or faults: {clauses:#}");
}

/// What a function of `tests/browser/js/markdown.js` returns for notes with the server's HTML.
async fn on_notes(function: &str, examples: &[MarkdownExample]) -> Value {
    let notes: Vec<_> = examples
        .iter()
        .map(|MarkdownExample { name, markdown }| {
            json!({ "name": name, "markdown": markdown, "html": to_html(markdown) })
        })
        .collect();
    on_data(function, Value::Array(notes).to_string()).await
}

async fn on_data(function: &str, data: String) -> Value {
    let site = serve(data).await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let script = format!(
        "const {{ {function} }} = await import('/tests/browser/js/markdown.js');
         return {function}(await (await fetch('/data')).json());"
    );
    run(&window, &site, &script).await
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_text_is_stored_despite_a_slow_or_failing_database() {
    check_clauses("write-behind").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_record_has_one_owner_at_a_time() {
    check_clauses("outbox-lease").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_closes_dead_connections_and_no_others() {
    check_clauses("connection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_resent_in_time_whatever_the_clocks_do() {
    check_clauses("resends").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_starts_from_the_snapshot_of_its_page() {
    check_clauses("board-session").await;
}

/// Every clause of a module of `tests/browser/js` holds.
async fn check_clauses(module: &str) {
    let site = serve(String::new()).await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    let script = format!(
        "const {{ failures }} = await import('/tests/browser/js/clauses.js');
         return failures(await import('/tests/browser/js/{module}.js'));"
    );
    let clauses = run(&window, &site, &script).await;
    assert!(clauses.as_u64().is_some_and(|count| count > 0), "clauses or faults: {clauses:#}");
}

/// Serves the workspace's files, an empty page, and `data`.
async fn serve(data: String) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    let router = Router::new()
        .route("/", get(|| async { Html("<!doctype html><title>replay</title>") }))
        .route("/data", get(|| async move { (plain, data) }))
        .fallback_service(ServeDir::new(root));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

/// What an asynchronous script returns, or the error that it throws.
async fn run(window: &Window, site: &str, script: &str) -> Value {
    window.open(site).await;
    let timeouts =
        thirtyfour::TimeoutConfiguration::new(Some(std::time::Duration::from_mins(3)), None, None);
    window.driver.update_timeouts(timeouts).await.expect("the script may take its time");
    let wrapped = format!(
        "const done = arguments[0]; (async () => {{ {script} }})()\
         .then(done, (error) => done(String(error?.stack ?? error)));"
    );
    let result = window.driver.execute_async(wrapped, vec![]).await.expect("the script runs");
    result.json().clone()
}
