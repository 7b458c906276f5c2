//! One client: the real machine, driven as a page drives it, and its user.

mod connection;
mod protocol_checker;
mod user_actions;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sockbit_application::mutex::locked;
use sockbit_client::{
    BoardClient, ClockAndIds, JoinState, MonotonicTime, Now, SaveState, UnsentState, ViewChange,
};
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{Actor, BoardId, ClientId, Command, MessageId, NoteId};
use tokio::time::{Instant, sleep_until};

use crate::gateway_process::GatewayProcess;
use crate::planted_bugs::BuggyClient;
use crate::random::{Random, RandomStream};
use crate::run_context::RunContext;

use connection::ClientConnection;

/// How much typing a crash of the page may lose.
const STORED_WITHIN: Duration = Duration::from_millis(250);
const TICK_EVERY: Duration = Duration::from_secs(1);

/// One client of one board.
pub(crate) struct SimulatedClient {
    context: Arc<RunContext>,
    pub number: usize,
    pub board: BoardId,
    pub actor: Actor,
    pub client: ClientId,
    pub machine: BoardClient,
    /// What was stored last; always written before a frame is sent.
    stored: Option<UnsentState>,
    /// Text typed since.
    unstored: String,
    store_at: Option<Instant>,
    /// The texts of drafts that the user dismissed.
    pub dismissed: String,
    /// The note that the user keeps typing in.
    typing_note: Option<NoteId>,
    connection: ClientConnection,
    random: Random,
    /// Separate, so that presence changes no other random choice.
    presence_random: Random,
    next_move: Instant,
    /// The note that the user is in.
    pub place: Option<NoteId>,
    ids: Random,
    next_tick: Instant,
    next_act: Instant,
    tampering: BuggyClient,
}

/// The link's key, which lets every client join.
pub(crate) const KEY: &str = "open sesame";

impl SimulatedClient {
    pub fn new(
        context: &Arc<RunContext>,
        number: usize,
        board: BoardId,
        actor: Actor,
        gateways: &[Arc<GatewayProcess>],
    ) -> Self {
        let mut random = context.random(RandomStream::Client, number);
        let now = Instant::now();
        Self {
            context: Arc::clone(context),
            number,
            board,
            client: ClientId(random.uuid()),
            machine: BoardClient::new(board, Some(actor.id)),
            actor,
            stored: None,
            unstored: String::new(),
            store_at: None,
            dismissed: String::new(),
            typing_note: None,
            connection: ClientConnection::new(gateways.to_vec(), now + random.millis(0, 500)),
            presence_random: context.random(RandomStream::ClientPresence, number),
            next_move: now,
            place: None,
            ids: context.random(RandomStream::ClientIds, number),
            next_tick: now + random.millis(0, 1_000),
            next_act: now + random.millis(200, 1_500),
            tampering: BuggyClient::new(context.bug),
            random,
        }
    }

    /// Calls the machine as a page does: then stores, sends and shows the results.
    fn call(&mut self, call: impl FnOnce(&mut BoardClient, &mut ClockAndIds<'_>)) {
        let ids = &mut self.ids;
        let mut mint = || ids.uuid();
        let wall = self.context.now();
        let now = Now { wall, monotonic: MonotonicTime(wall.0) };
        call(&mut self.machine, &mut ClockAndIds { now, mint: &mut mint });
        for change in self.machine.take_changes() {
            match change {
                ViewChange::Draft { draft } => {
                    let (number, reason) = (self.number, &draft.reason.code);
                    self.context.log(format_args!("client {number}: new draft, {reason}"));
                    locked(&self.context.observations).counts.drafts += 1;
                }
                ViewChange::Notice { code, .. } => {
                    self.context.log(format_args!("client {}: notice {code}", self.number));
                }
                _ => {}
            }
        }
        // After a restore an own edit can happen again, and over a squashed run it can be merged
        // differently than over one edit after the other.
        let counts = locked(&self.context.observations).counts;
        if counts.restores + counts.squashed == 0 && self.machine.merge_mismatches() > 0 {
            let number = self.number;
            self.context
                .fault(format!("client {number} merged its own edit differently than the server"));
        }
        let outgoing = self.machine.take_outgoing();
        if !outgoing.is_empty() {
            self.store();
        }
        for frame in outgoing {
            let frame = self.tampering.outgoing(frame);
            self.send(frame);
        }
    }

    fn send(&mut self, frame: String) {
        self.context.log(format_args!("client {}: > {frame}", self.number));
        if let Some(command) = self.connection.checker.sent(&frame) {
            locked(&self.context.observations).sent(self.number, command);
        }
        self.connection.send(frame);
    }

    fn store(&mut self) {
        self.stored = self.tampering.stored(self.machine.unsent_state());
        self.unstored.clear();
        self.store_at = None;
    }

    fn typed(&mut self, tokens: &str) {
        self.unstored.push_str(tokens);
        self.store_soon();
    }

    fn store_soon(&mut self) {
        self.store_at.get_or_insert(Instant::now() + STORED_WITHIN);
    }

    /// A frame arrived, or the connection ended.
    fn on_frame(&mut self, frame: Option<Bytes>) {
        let Some(frame) = frame else { return self.lose() };
        let Ok(text) = std::str::from_utf8(&frame) else { return };
        self.context.log(format_args!("client {}: < {text}", self.number));
        let Ok(message) = ServerMessage::parse(text) else {
            return self.context.fault(format!("client {} cannot read {text}", self.number));
        };
        self.connection.frame_received();
        let number = self.number;
        let checked = self.connection.checker.received(
            number,
            &message,
            &mut locked(&self.context.observations),
        );
        if let Err(fault) = checked {
            self.context.fault(fault);
        }
        self.take(message);
    }

    fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { actor, .. } => {
                self.connection.welcomed();
                self.call(|machine, clock_and_ids| machine.connected(actor, clock_and_ids));
            }
            ServerMessage::Pong {} => {}
            message => {
                if matches!(message, ServerMessage::BaseGone { .. }) {
                    locked(&self.context.observations).counts.snapshots += 1;
                }
                let message = self.tampering.incoming(message);
                self.call(|machine, clock_and_ids| machine.receive(message, clock_and_ids));
            }
        }
    }

    fn lose(&mut self) {
        if self.connection.drop_connection(&mut self.random) {
            self.call(|machine, _| machine.disconnected());
        }
    }

    /// Runs what is due.
    fn on_time(&mut self) {
        let now = Instant::now();
        if self.store_at.is_some_and(|it| it <= now) {
            self.store();
        }
        if self.next_tick <= now {
            self.next_tick = now + TICK_EVERY;
            self.tick();
        }
        if self.connection.is_due(now) {
            self.connect();
        }
        if self.next_move <= now {
            self.next_move = now + self.presence_random.millis(1, 3_000);
            if !self.context.is_healed() {
                self.move_to_another_note();
            }
        }
        if self.next_act <= now {
            self.next_act = now + self.random.millis(1, 2 * self.context.parameters.pace_ms);
            if self.context.is_active() {
                self.act();
            }
        }
    }

    fn tick(&mut self) {
        self.call(BoardClient::tick);
        if self.connection.is_silent() {
            self.context.log(format_args!("client {}: the connection is silent", self.number));
            self.lose();
        } else if self.connection.needs_ping() {
            self.send(r#"{"v":1,"type":"ping"}"#.to_owned());
        }
        if self.machine.join_state() == JoinState::Refused && self.random.percent(50) {
            self.open_link();
        }
        if self.context.is_healed() {
            self.finish_typing();
        }
    }

    /// The user leaves the notes that they typed in.
    fn finish_typing(&mut self) {
        let notes = self.machine.notes().into_iter().map(|note| note.id);
        let typed = notes.filter(|it| self.machine.save_status(*it).state == SaveState::Editing);
        for note in typed.collect::<Vec<NoteId>>() {
            self.call(|machine, clock_and_ids| machine.flush(note, clock_and_ids));
        }
        self.connection.end_absence();
    }

    pub fn submit(&mut self, command: Command, key: Option<&str>) {
        let (id, key) = (MessageId(self.ids.uuid()), key.map(ToOwned::to_owned));
        let mut submitted = Ok(());
        self.call(|machine, clock_and_ids| {
            submitted = machine.submit(command, id, clock_and_ids.now, key);
        });
        if let Err(error) = submitted {
            self.context.fault(error.to_string());
        }
        self.store_soon();
    }

    /// Opens the board's link, unless that command is already queued.
    fn open_link(&mut self) {
        let saved = self.machine.unsent_state();
        let entries = saved.iter().flat_map(|saved| &saved.outbox);
        let is_on_its_way = entries.into_iter().any(|entry| {
            matches!(entry, sockbit_client::UnsentCommand::Frozen { body, .. } if body.contains("join_board"))
        });
        if !is_on_its_way {
            self.submit(Command::JoinBoard {}, Some(KEY));
        }
    }

    /// Whether it has a connection that is not dead without its knowledge.
    pub fn is_connected(&self) -> bool {
        self.connection.network().is_some_and(|connection| !connection.is_dead())
    }

    fn next_due(&self) -> Instant {
        let due = self.next_tick.min(self.next_act).min(self.next_move);
        let due = self.store_at.map_or(due, |it| it.min(due));
        self.connection.due().map_or(due, |it| it.min(due))
    }
}

/// Runs the client until the run ends.
pub(crate) async fn run_client(client: Arc<Mutex<SimulatedClient>>) {
    loop {
        let (connection, due) = {
            let client = locked(&client);
            (client.connection.network(), client.next_due())
        };
        let frame = async {
            match &connection {
                Some(connection) => connection.down.receive().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = frame => locked(&client).on_frame(frame),
            () = sleep_until(due) => locked(&client).on_time(),
        }
    }
}
