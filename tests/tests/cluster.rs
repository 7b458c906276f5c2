//! The app as a cluster: gateways and workers with RabbitMQ and PostgreSQL.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use serde_json::{Value, json};
use sockbit_application::ports::ReadStore;
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Role, Text};
use sockbit_postgres::PostgresStore;
use sockbit_tests::proxy::{NetworkState, Proxy};
use sockbit_tests::servers::{Database, bus_url, fresh_id, fresh_namespace};
use sockbit_tests::system::{Cluster, Process, SyncClient, eventually};
use tokio::time::Instant;

const KEY: &str = "the key of the share link";

struct SharedBoard {
    cluster: Cluster,
    namespace: String,
    board: BoardId,
    note: NoteId,
    /// The owner, connected to the first gateway. The board has a link and a note.
    ada: SyncClient,
    database: Database,
}

impl SharedBoard {
    async fn create(flags: &[&str]) -> Self {
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

    /// A client that joined by the link, connected to the second gateway.
    async fn other(&self) -> SyncClient {
        let endpoints = self.cluster.endpoints().into_iter().rev().collect();
        let mut other = SyncClient::guest(endpoints, self.board).await;
        other.submit(Command::JoinBoard {}, Some(KEY));
        other.settle().await;
        other
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_id_links_the_log_lines_of_an_edit_across_processes() {
    let mut shared =
        SharedBoard::create(&["--log", "sockbit_application=debug,info", "--log-format", "json"])
            .await;
    let mut other = shared.other().await;

    shared.ada.insert(shared.note, 6, "traced ");
    shared.ada.settle().await;
    other.wait_for_text(shared.note, "traced").await;

    let (message, _) = *shared.ada.saved.last().expect("it was saved");
    let [first, second] = &shared.cluster.gateways[..] else { panic!("two gateways") };
    let trace = lines(&first.log())
        .find(|line| has_message(line, "command") && line["id"] == json!(message))
        .map(|line| line["trace"].clone());
    let trace = trace.expect("the first gateway logs the command");
    let hops = |log: &str| -> Vec<String> {
        let traced = lines(log).filter(|line| line["trace"] == trace);
        traced.filter_map(|line| line["message"].as_str().map(ToOwned::to_owned)).collect()
    };
    assert_eq!(hops(&first.log())[0], "command");
    for hop in ["outcome", "event"] {
        assert!(hops(&first.log()).iter().any(|it| it == hop), "{hop} at the first gateway");
    }
    assert_eq!(hops(&second.log()), ["event"], "at the second gateway");
    let workers = shared.cluster.workers.iter().flat_map(|worker| hops(&worker.log()));
    assert_eq!(workers.collect::<Vec<_>>(), ["decided"], "at one of the workers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_a_program_puts_on_the_bus_reaches_clients_and_gets_its_outcome() {
    let mut shared = SharedBoard::create(&[]).await;
    let token = shared.cluster.token("Build robot").await;
    let program = Program::on_the_bus(&shared.namespace, token).await;

    let joined = program.command(shared.board, &json!({"type": "join_board"}), Some(KEY)).await;
    assert_eq!(joined["outcome"]["result"], "saved", "{joined}");
    let note = fresh_id();
    let rank = Rank::middle();
    let create = json!({
        "type": "create_note", "note": note, "text": "The build is green", "colour": "paper",
        "rank": rank,
    });
    let created = program.command(shared.board, &create, None).await;

    assert_eq!(created["outcome"]["result"], "saved", "{created}");
    shared.ada.wait_for_text(NoteId(note), "The build is green").await;
    let again = program.send(&created["id"], shared.board, &create, None).await;
    assert_eq!(again, created, "a repeat gets the same outcome");
    let forged = Program { token: "forged".to_owned(), ..program };
    let refused = forged.command(shared.board, &create, None).await;
    assert_eq!(refused["code"], "unauthenticated", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_a_killed_worker_is_applied_once_and_gets_its_outcome() {
    let mut shared = SharedBoard::create(&[]).await;
    let broker = bus_url().rsplit_once('@').expect("a user").1.to_owned();
    let (broker, _) = broker.split_once('/').expect("a virtual host");
    let proxy = Proxy::before(broker.parse().expect("an address")).await;
    let bus = bus_url().replace(broker, &proxy.address().to_string());
    let mut killed = Cluster::worker(shared.database.url(), &bus, &shared.namespace, &[]);
    killed.launch().await;
    join_all(shared.cluster.workers.iter_mut().map(Process::stop)).await;
    shared.ada.insert(shared.note, 6, "first ");
    shared.ada.settle().await;

    proxy.set(NetworkState::RequestsHeld);
    shared.ada.insert(shared.note, 6, "second ");
    let store = PostgresStore::open(shared.database.url()).await.expect("the database");
    eventually("the commit", async || {
        shared.ada.run_until(Instant::now() + Duration::from_millis(20)).await;
        let (_, note) = store.note(shared.board, shared.note).await.ok()??;
        note.filter(|it| it.text.as_str().contains("second"))
    })
    .await;
    assert!(!shared.ada.is_settled(), "no outcome has arrived");
    killed.kill().await;
    proxy.set(NetworkState::Down);
    shared.cluster.workers[0].launch().await;

    shared.ada.settle().await;
    let other = shared.other().await;
    assert_eq!(other.machine.text(shared.note).as_str(), "begin second first ");
    assert_eq!(shared.ada.rejected, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_is_dead_lettered_while_clients_keep_editing() {
    let mut shared = SharedBoard::create(&[]).await;
    let program = Program::on_the_bus(&shared.namespace, String::new()).await;
    let run =
        async |action: &[&str]| Cluster::dead_letters(&bus_url(), &shared.namespace, action).await;
    program.publish(&format!("{}.work.3", shared.namespace), "\u{1b}[2Jpoison").await;

    let listed = eventually("a dead letter", async || {
        Some(run(&["list"]).await).filter(|it| !it.starts_with("There are no"))
    })
    .await;
    let id = listed.split(' ').next().expect("an id");
    assert!(listed.contains("work.3") && listed.contains("no signed message"), "{listed}");
    let shown = run(&["show", id]).await;
    assert!(shown.contains("poison") && !shown.contains('\u{1b}'), "{shown}");
    shared.ada.insert(shared.note, 6, "unaffected ");
    shared.ada.settle().await;

    run(&["drop", id]).await;
    assert_eq!(run(&["list"]).await, "There are no dead letters.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_of_eight_megabytes_loads_in_pages() {
    let mut shared =
        SharedBoard::create(&["--messages-per-second", "1000", "--messages-burst", "1000"]).await;
    let text = Text::normalise(&"eight megabytes\n".repeat(60 * 1024 / 16));
    for _ in 0..130 {
        let (note, rank) = (NoteId(fresh_id()), Rank::middle());
        let create = Command::CreateNote { note, text: text.clone(), colour: Colour::Paper, rank };
        shared.ada.submit(create, None);
    }
    shared.ada.settle().await;

    let other = shared.other().await;

    assert_eq!(other.machine.notes().len(), 131);
}

/// A program that sends commands over RabbitMQ and uses only the documented protocol.
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
        let connection = connecting.await.expect("the broker is reachable");
        let channel = connection.create_channel().await.expect("a channel");
        let intake = format!("{namespace}.intake");
        Self { _connection: connection, channel, intake, token }
    }

    async fn publish(&self, queue: &str, message: &str) {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let body = message.as_bytes();
        let publishing =
            self.channel.basic_publish("".into(), queue.into(), options, body, properties);
        publishing.await.expect("the broker accepts");
    }

    async fn command(&self, board: BoardId, body: &Value, key: Option<&str>) -> Value {
        self.send(&json!(fresh_id()), board, body, key).await
    }

    async fn send(&self, id: &Value, board: BoardId, body: &Value, key: Option<&str>) -> Value {
        let reply_to = "amq.rabbitmq.reply-to";
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming = self.channel.basic_consume(
            reply_to.into(),
            reply_to.into(),
            no_ack,
            FieldTable::default(),
        );
        let mut replies = consuming.await.expect("the broker accepts");
        let message = json!({
            "v": 1, "type": "command", "id": id, "board": board, "key": key, "body": body,
        });
        let mut headers = FieldTable::default();
        let token = LongString::from(self.token.as_str());
        headers.insert("token".into(), AMQPValue::LongString(token));
        let properties =
            BasicProperties::default().with_headers(headers).with_reply_to(reply_to.into());
        let body = message.to_string();
        let publishing = self.channel.basic_publish(
            "".into(),
            self.intake.as_str().into(),
            BasicPublishOptions::default(),
            body.as_bytes(),
            properties,
        );
        publishing.await.expect("the broker accepts");
        let reply = replies.next().await.expect("a reply").expect("the broker accepts");
        let cancelling = self.channel.basic_cancel(reply_to.into(), BasicCancelOptions::default());
        cancelling.await.expect("the broker accepts");
        serde_json::from_slice(&reply.data).expect("JSON")
    }
}

fn lines(log: &str) -> impl Iterator<Item = Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok())
}

fn has_message(line: &Value, message: &str) -> bool {
    line["message"] == message
}
