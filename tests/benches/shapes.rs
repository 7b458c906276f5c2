//! The app in both shapes, one after the other on the same machine: latency of an edit to other
//! clients, saved edits a second, and memory of an idle connection.
#![expect(clippy::print_stdout, reason = "it prints its measurements")]

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use sockbit_tests::system::{Deployment, Endpoint, RawClient};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

/// Limits are lifted: the app is measured, not its limits.
const FLAGS: [&str; 14] = [
    "--messages-per-second",
    "1000000",
    "--messages-burst",
    "1000000",
    "--connections-per-address",
    "100000",
    "--sockets-per-address",
    "100000",
    "--requests-per-second",
    "100000",
    "--requests-burst",
    "100000",
    "--log",
    "warn",
];

const BOARDS: u128 = 4;
const CLIENTS_PER_BOARD: usize = 5;
/// 20 clients that type every 100 ms: 200 edits a second.
const BETWEEN_EDITS: Duration = Duration::from_millis(100);
const LATENCY_FOR: Duration = Duration::from_secs(10);

const WRITERS: u128 = 64;
const IN_FLIGHT: usize = 32;
const SATURATION_FOR: Duration = Duration::from_secs(8);

const IDLE: usize = 1_000;
const KEY: &str = "a key that the clients share";

fn main() {
    // Cargo adds `--bench`; the rest is a filter for all benchmarks.
    let filter: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    if !filter.is_empty() && !filter.iter().any(|it| it == "shapes") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        measure("in one process, on SQLite", Deployment::in_one_process_with(&FLAGS).await).await;
        let across = Deployment::across_processes_with(&FLAGS).await;
        measure("across processes, on RabbitMQ and Postgres", across).await;
    });
}

async fn measure(shape: &str, site: Deployment) {
    let endpoints = site.endpoints();
    println!("{shape}");
    let before = site.gateway_memory_kib();
    let idle = idle_connections(&endpoints).await;
    let each = site.gateway_memory_kib().saturating_sub(before) / IDLE as u64;
    println!("  an idle connection   {each} KiB of {before} KiB at first");
    drop(idle);
    let mut took = latencies(&endpoints).await;
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    println!(
        "  edit to other client p50 {:?}, p99 {:?} ({} deliveries at 200 edits/s)",
        at(50),
        at(99),
        took.len()
    );
    println!("  edits saved          {:.0} a second", saturation(&endpoints).await);
}

async fn idle_connections(endpoints: &[Endpoint]) -> Vec<RawClient> {
    let mut peers = Vec::with_capacity(IDLE);
    for endpoint in endpoints.iter().cycle().take(IDLE) {
        peers.push(RawClient::guest_at(endpoint).await);
    }
    sleep(Duration::from_secs(1)).await;
    peers
}

/// When each edit was sent, and how long it took to each other client.
#[derive(Default)]
struct Watch {
    sent: Mutex<HashMap<Uuid, Instant>>,
    took: Mutex<Vec<Duration>>,
}

async fn latencies(endpoints: &[Endpoint]) -> Vec<Duration> {
    let watch = Arc::new(Watch::default());
    let mut clients = Vec::new();
    for board in 0..BOARDS {
        for client in 0..CLIENTS_PER_BOARD {
            let endpoint = &endpoints[client % endpoints.len()];
            clients.push(TypingClient::join(endpoint, board, client == 0).await);
        }
    }
    let end = Instant::now() + LATENCY_FOR;
    join_all(clients.into_iter().map(|it| tokio::spawn(it.type_until(end, Arc::clone(&watch)))))
        .await;
    std::mem::take(&mut *watch.took.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A client that types into the one note of a board.
struct TypingClient {
    peer: RawClient,
    board: Uuid,
    note: Uuid,
    base: Value,
}

impl TypingClient {
    async fn join(endpoint: &Endpoint, number: u128, is_first: bool) -> Self {
        let (board, note) = (Uuid::from_u128(0xb0a << 32 | number), Uuid::from_u128(number));
        let mut peer = RawClient::guest_at(endpoint).await;
        if is_first {
            peer.save(board, json!({"type": "create_board", "title": "Load"}), None).await;
            peer.save(board, json!({"type": "add_link", "role": "editor"}), Some(KEY)).await;
            let body = json!({"type": "create_note", "note": note, "text": "", "colour": "paper", "rank": "V"});
            peer.save(board, body, None).await;
        } else {
            peer.save(board, json!({"type": "join_board"}), Some(KEY)).await;
        }
        let head = peer.head(board).await;
        peer.send(json!({"v": 1, "type": "join", "board": board, "position": head})).await;
        peer.next_message("joined").await;
        Self { peer, board, note, base: head }
    }

    async fn type_once(&mut self) -> Uuid {
        let body = json!({
            "type": "edit_note", "note": self.note, "base": self.base, "delta": [{"insert": "x"}],
        });
        self.peer.send_command(self.board, body, None).await
    }

    /// The next event or outcome before this time.
    async fn next_message(&mut self, wait_for_script: Instant) -> Option<Value> {
        let timeout_left = wait_for_script.saturating_duration_since(Instant::now());
        timeout(timeout_left, self.peer.next_message_of(&["event", "outcome"])).await.ok()
    }

    async fn type_until(mut self, end: Instant, watch: Arc<Watch>) {
        let mut own = HashSet::new();
        let mut next = Instant::now();
        while next < end {
            let started = Instant::now();
            let id = self.type_once().await;
            own.insert(id);
            watch.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(id, started);
            next += BETWEEN_EDITS;
            while let Some(message) = self.next_message(next).await {
                if message["type"] == "event" {
                    self.watch_event(&message["event"], &own, &watch);
                }
            }
            sleep_until(next).await;
        }
    }

    fn watch_event(&mut self, event: &Value, own: &HashSet<Uuid>, watch: &Watch) {
        self.base = json!({"seq": event["seq"], "event": event["id"]});
        let message = event["message"].as_str().and_then(|it| it.parse().ok());
        let Some(message) = message.filter(|it| !own.contains(it)) else { return };
        let sent = watch.sent.lock().unwrap_or_else(PoisonError::into_inner).get(&message).copied();
        if let Some(sent) = sent {
            watch.took.lock().unwrap_or_else(PoisonError::into_inner).push(sent.elapsed());
        }
    }
}

/// Saved edits a second, by clients with many edits in flight each.
async fn saturation(endpoints: &[Endpoint]) -> f64 {
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let endpoint = &endpoints[usize::try_from(number).unwrap_or(0) % endpoints.len()];
        writers.push(TypingClient::join(endpoint, 1_000 + number, true).await);
    }
    let saved = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let end = started + SATURATION_FOR;
    let writing = writers.into_iter().map(|mut writer| {
        let saved = Arc::clone(&saved);
        tokio::spawn(async move {
            for _ in 0..IN_FLIGHT {
                writer.type_once().await;
            }
            while let Some(message) = writer.next_message(end).await {
                if message["type"] == "outcome" && message["outcome"]["result"] == "saved" {
                    saved.fetch_add(1, Ordering::Relaxed);
                    writer.base = message["outcome"]["position"].clone();
                    writer.type_once().await;
                }
            }
        })
    });
    join_all(writing).await;
    #[expect(clippy::cast_precision_loss, reason = "it is printed rounded")]
    let saved = saved.load(Ordering::Relaxed) as f64;
    saved / started.elapsed().as_secs_f64()
}
