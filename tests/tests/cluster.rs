//! What is different where the app is spread over processes.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use serde_json::{Value, json};
use sockbit_application::ports::Store;
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Role, Text};
use sockbit_postgres::PostgresStore;
use sockbit_tests::proxy::{NetworkState, Proxy};
use sockbit_tests::servers::{Database, bus_url, fresh_id, fresh_namespace};
use sockbit_tests::system::{Cluster, Process, SyncClient, eventually};
use tokio::time::Instant;

const KEY: &str = "a key that was sent to somebody";

struct Scene {
    cluster: Cluster,
    namespace: String,
    board: BoardId,
    note: NoteId,
    /// Somebody at the first gateway who began a board with a link and a note.
    ada: SyncClient,
    database: Database,
}

impl Scene {
    async fn begin(flags: &[&str]) -> Self {
        let (database, namespace) = (Database::fresh().await, fresh_namespace());
        let cluster = Cluster::start(database.url(), &bus_url(), &namespace, flags).await;
        let (board, note) = (BoardId(fresh_id()), NoteId(fresh_id()));
        let mut ada = SyncClient::guest(cluster.endpoints(), board).await;
        ada.submit(Command::CreateBoard { title: "Shared".to_owned() }, None);
        ada.submit(Command::AddLink { role: Role::Editor }, Some(KEY));
        let (text, rank) = (Text::normalise("begin "), Rank::middle());
        ada.submit(Command::CreateNote { note, text, colour: Colour::Paper, rank }, None);
        ada.settle().await;
        Self { cluster, namespace, board, note, ada, database }
    }

    /// Somebody who came by the link, at the second gateway.
    async fn other(&self) -> SyncClient {
        let endpoints = self.cluster.endpoints().into_iter().rev().collect();
        let mut other = SyncClient::guest(endpoints, self.board).await;
        other.submit(Command::JoinBoard {}, Some(KEY));
        other.settle().await;
        other
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_an_edit_shows_its_hops_across_the_processes() {
    let mut scene =
        Scene::begin(&["--log", "sockbit_application=debug,info", "--log-format", "json"]).await;
    let mut other = scene.other().await;

    scene.ada.insert(scene.note, 6, "traced ");
    scene.ada.settle().await;
    other.wait_for_text(scene.note, "traced").await;

    let (message, _) = *scene.ada.saved.last().expect("it was saved");
    let [first, second] = &scene.cluster.gateways[..] else { panic!("two gateways") };
    let trace = lines(&first.log())
        .find(|line| is(line, "command") && line["id"] == json!(message))
        .map(|line| line["trace"].clone());
    let trace = trace.expect("the first gateway tells of the command");
    let hops = |log: &str| -> Vec<String> {
        let of_it = lines(log).filter(|line| line["trace"] == trace);
        of_it.filter_map(|line| line["message"].as_str().map(ToOwned::to_owned)).collect()
    };
    assert_eq!(hops(&first.log())[0], "command");
    for hop in ["outcome", "event"] {
        assert!(hops(&first.log()).iter().any(|it| it == hop), "{hop} at the first gateway");
    }
    assert_eq!(hops(&second.log()), ["event"], "at the second gateway");
    let workers = scene.cluster.workers.iter().flat_map(|worker| hops(&worker.log()));
    assert_eq!(workers.collect::<Vec<_>>(), ["decided"], "at one of the workers");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_puts_on_the_bus_appears_to_everybody_and_it_hears_the_outcome() {
    let mut scene = Scene::begin(&[]).await;
    let token = scene.cluster.token("Build robot").await;
    let program = Program::on_the_bus(&scene.namespace, token).await;

    let joined = program.command(scene.board, &json!({"type": "join_board"}), Some(KEY)).await;
    assert_eq!(joined["outcome"]["result"], "saved", "{joined}");
    let note = fresh_id();
    let rank = Rank::middle();
    let create = json!({
        "type": "create_note", "note": note, "text": "The build is green", "colour": "paper",
        "rank": rank,
    });
    let created = program.command(scene.board, &create, None).await;

    assert_eq!(created["outcome"]["result"], "saved", "{created}");
    scene.ada.wait_for_text(NoteId(note), "The build is green").await;
    let again = program.send(&created["id"], scene.board, &create, None).await;
    assert_eq!(again, created, "a repeat gets the same answer");
    let forged = Program { token: "forged".to_owned(), ..program };
    let refused = forged.command(scene.board, &create, None).await;
    assert_eq!(refused["code"], "unauthenticated", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_committed_before_it_was_killed_is_there_once_and_answered() {
    let mut scene = Scene::begin(&[]).await;
    let broker = bus_url().rsplit_once('@').expect("a user").1.to_owned();
    let (broker, _) = broker.split_once('/').expect("a virtual host");
    let proxy = Proxy::before(broker.parse().expect("an address")).await;
    let bus = bus_url().replace(broker, &proxy.address().to_string());
    let mut doomed = Cluster::worker(scene.database.url(), &bus, &scene.namespace, &[]);
    doomed.launch().await;
    join_all(scene.cluster.workers.iter_mut().map(Process::stop)).await;
    scene.ada.insert(scene.note, 6, "first ");
    scene.ada.settle().await;

    proxy.set(NetworkState::RequestsHeld);
    scene.ada.insert(scene.note, 6, "second ");
    let store = PostgresStore::open(scene.database.url()).await.expect("the database");
    eventually("the commit", async || {
        scene.ada.run_until(Instant::now() + Duration::from_millis(20)).await;
        let (_, note) = store.note(scene.board, scene.note).await.ok()??;
        note.filter(|it| it.text.as_str().contains("second"))
    })
    .await;
    assert!(!scene.ada.is_settled(), "nobody was told");
    doomed.kill().await;
    proxy.set(NetworkState::Down);
    scene.cluster.workers[0].launch().await;

    scene.ada.settle().await;
    let other = scene.other().await;
    assert_eq!(other.machine.text(scene.note).as_str(), "begin second first ");
    assert_eq!(scene.ada.rejected, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_set_aside_and_seen_to_while_people_go_on() {
    let mut scene = Scene::begin(&[]).await;
    let program = Program::on_the_bus(&scene.namespace, String::new()).await;
    let tell =
        async |wish: &[&str]| Cluster::dead_letters(&bus_url(), &scene.namespace, wish).await;
    program.put(&format!("{}.work.3", scene.namespace), "\u{1b}[2Jpoison").await;

    let listed = eventually("a dead letter", async || {
        Some(tell(&["list"]).await).filter(|it| !it.starts_with("There are no"))
    })
    .await;
    let id = listed.split(' ').next().expect("an id");
    assert!(listed.contains("work.3") && listed.contains("no sealed message"), "{listed}");
    let shown = tell(&["show", id]).await;
    assert!(shown.contains("poison") && !shown.contains('\u{1b}'), "{shown}");
    scene.ada.insert(scene.note, 6, "undisturbed ");
    scene.ada.settle().await;

    tell(&["drop", id]).await;
    assert_eq!(tell(&["list"]).await, "There are no dead letters.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_of_eight_megabytes_is_shown_by_a_gateway_in_pages() {
    let mut scene =
        Scene::begin(&["--messages-per-second", "1000", "--messages-burst", "1000"]).await;
    let text = Text::normalise(&"eight megabytes\n".repeat(60 * 1024 / 16));
    for _ in 0..130 {
        let (note, rank) = (NoteId(fresh_id()), Rank::middle());
        let create = Command::CreateNote { note, text: text.clone(), colour: Colour::Paper, rank };
        scene.ada.submit(create, None);
    }
    scene.ada.settle().await;

    let other = scene.other().await;

    assert_eq!(other.machine.notes().len(), 131);
}

/// A program that knows RabbitMQ, and of SockBit only its protocol.
struct Program {
    _connection: Connection,
    channel: lapin::Channel,
    intake: String,
    token: String,
}

impl Program {
    async fn on_the_bus(namespace: &str, token: String) -> Self {
        let url = bus_url();
        let connecting = Connection::connect(&url, ConnectionProperties::default());
        let connection = connecting.await.expect("the broker is there");
        let channel = connection.create_channel().await.expect("a channel");
        let intake = format!("{namespace}.intake");
        Self { _connection: connection, channel, intake, token }
    }

    async fn put(&self, queue: &str, message: &str) {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let body = message.as_bytes();
        let putting =
            self.channel.basic_publish("".into(), queue.into(), options, body, properties);
        putting.await.expect("the broker obeys");
    }

    async fn command(&self, board: BoardId, body: &Value, key: Option<&str>) -> Value {
        self.send(&json!(fresh_id()), board, body, key).await
    }

    async fn send(&self, id: &Value, board: BoardId, body: &Value, key: Option<&str>) -> Value {
        let own = "amq.rabbitmq.reply-to";
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming =
            self.channel.basic_consume(own.into(), own.into(), no_ack, FieldTable::default());
        let mut answers = consuming.await.expect("the broker obeys");
        let message = json!({
            "v": 1, "type": "command", "id": id, "board": board, "key": key, "body": body,
        });
        let mut headers = FieldTable::default();
        let token = LongString::from(self.token.as_str());
        headers.insert("token".into(), AMQPValue::LongString(token));
        let properties = BasicProperties::default().with_headers(headers).with_reply_to(own.into());
        let body = message.to_string();
        let putting = self.channel.basic_publish(
            "".into(),
            self.intake.as_str().into(),
            BasicPublishOptions::default(),
            body.as_bytes(),
            properties,
        );
        putting.await.expect("the broker obeys");
        let answer = answers.next().await.expect("an answer").expect("the broker obeys");
        let cancelling = self.channel.basic_cancel(own.into(), BasicCancelOptions::default());
        cancelling.await.expect("the broker obeys");
        serde_json::from_slice(&answer.data).expect("JSON")
    }
}

fn lines(log: &str) -> impl Iterator<Item = Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok())
}

fn is(line: &Value, message: &str) -> bool {
    line["message"] == message
}
