//! One client: the real machine, driven as a page drives it, and the person before it.

mod acting;
mod connecting;
mod watch;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sockbit_client::{BoardClient, JoinState, Moment, ReceiptState, Saved, ViewChange};
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{Actor, BoardId, ClientId, Command, MessageId, NoteId};
use tokio::time::{Instant, sleep_until};

use crate::gateway_process::GatewayProcess;
use crate::locked;
use crate::random::{Part, Random};
use crate::sabotage::Tampering;
use crate::sim::Sim;

use connecting::Connection;

/// How long typing may be lost by a crash of the page.
const KEPT_WITHIN: Duration = Duration::from_millis(250);
const TICK_EVERY: Duration = Duration::from_secs(1);

/// One client of one board.
pub(crate) struct Seat {
    sim: Arc<Sim>,
    pub number: usize,
    pub board: BoardId,
    pub actor: Actor,
    pub client: ClientId,
    pub machine: BoardClient,
    /// What was kept last; always written before a frame is sent.
    kept: Option<Saved>,
    /// What was typed since.
    unkept: String,
    keep_at: Option<Instant>,
    /// The texts of drafts that the person threw away.
    pub dismissed: String,
    /// The note that the person types on in.
    sits_at: Option<NoteId>,
    connection: Connection,
    random: Random,
    /// Where the person goes changes nothing else.
    places: Random,
    next_place: Instant,
    /// The note that they are in.
    pub place: Option<NoteId>,
    ids: Random,
    next_tick: Instant,
    next_act: Instant,
    tampering: Tampering,
}

/// What a link needs: anybody who has it may come in.
pub(crate) const KEY: &str = "open sesame";

impl Seat {
    pub fn new(
        sim: &Arc<Sim>,
        number: usize,
        board: BoardId,
        actor: Actor,
        gateways: &[Arc<GatewayProcess>],
    ) -> Self {
        let mut random = sim.random(Part::Seat, number);
        let now = Instant::now();
        Self {
            sim: Arc::clone(sim),
            number,
            board,
            client: ClientId(random.uuid()),
            machine: BoardClient::new(board, Some(actor.id)),
            actor,
            kept: None,
            unkept: String::new(),
            keep_at: None,
            dismissed: String::new(),
            sits_at: None,
            connection: Connection::new(gateways.to_vec(), now + random.millis(0, 500)),
            places: sim.random(Part::SeatPresence, number),
            next_place: now,
            place: None,
            ids: sim.random(Part::SeatIds, number),
            next_tick: now + random.millis(0, 1_000),
            next_act: now + random.millis(200, 1_500),
            tampering: Tampering::new(sim.trick),
            random,
        }
    }

    /// Makes a call of the machine, as a page does: then keeps, sends and shows what came of it.
    fn call(&mut self, call: impl FnOnce(&mut BoardClient, &mut Moment<'_>)) {
        let ids = &mut self.ids;
        let mut mint = || ids.uuid();
        call(&mut self.machine, &mut Moment { now: self.sim.now(), mint: &mut mint });
        for change in self.machine.take_changes() {
            match change {
                ViewChange::Draft { draft } => {
                    let (number, reason) = (self.number, &draft.reason.code);
                    self.sim.tell(format_args!("seat {number}: a draft, {reason}"));
                    locked(&self.sim.evidence).counts.drafts += 1;
                }
                ViewChange::Notice { code, .. } => {
                    self.sim.tell(format_args!("seat {}: notice {code}", self.number));
                }
                _ => {}
            }
        }
        // After a restored backup an own edit may happen a second time, and over a run it may be
        // merged into another place than over one edit after the other.
        let counts = locked(&self.sim.evidence).counts;
        if counts.restores + counts.squashed == 0 && self.machine.disagreements() > 0 {
            let number = self.number;
            self.sim.fault(format!("seat {number} merged an edit into something else"));
        }
        let outgoing = self.machine.take_outgoing();
        if !outgoing.is_empty() {
            self.keep();
        }
        for frame in outgoing {
            let frame = self.tampering.outgoing(frame);
            self.send(frame);
        }
    }

    fn send(&mut self, frame: String) {
        self.sim.tell(format_args!("seat {}: > {frame}", self.number));
        if let Some(command) = self.connection.watch.sent(&frame) {
            locked(&self.sim.evidence).sent(self.number, command);
        }
        self.connection.send(frame);
    }

    fn keep(&mut self) {
        self.kept = self.tampering.kept(self.machine.saved());
        self.unkept.clear();
        self.keep_at = None;
    }

    fn typed(&mut self, tokens: &str) {
        self.unkept.push_str(tokens);
        self.keep_soon();
    }

    fn keep_soon(&mut self) {
        self.keep_at.get_or_insert(Instant::now() + KEPT_WITHIN);
    }

    /// A frame came, or the end of the line.
    fn on_frame(&mut self, frame: Option<Bytes>) {
        let Some(frame) = frame else { return self.lose() };
        let Ok(text) = std::str::from_utf8(&frame) else { return };
        self.sim.tell(format_args!("seat {}: < {text}", self.number));
        let Ok(message) = ServerMessage::parse(text) else {
            return self.sim.fault(format!("seat {} cannot read {text}", self.number));
        };
        self.connection.heard();
        let number = self.number;
        let checked = self.connection.watch.came(number, &message, &mut locked(&self.sim.evidence));
        if let Err(fault) = checked {
            self.sim.fault(fault);
        }
        self.take(message);
    }

    fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { actor, .. } => {
                self.connection.welcomed();
                self.call(|machine, moment| machine.connected(actor, moment));
            }
            ServerMessage::Pong {} => {}
            message => {
                if matches!(message, ServerMessage::BaseGone { .. }) {
                    locked(&self.sim.evidence).counts.snapshots += 1;
                }
                let message = self.tampering.incoming(message);
                self.call(|machine, moment| machine.receive(message, moment));
            }
        }
    }

    fn lose(&mut self) {
        if self.connection.drop_line(&mut self.random) {
            self.call(|machine, _| machine.disconnected());
        }
    }

    /// Does what is due.
    fn on_time(&mut self) {
        let now = Instant::now();
        if self.keep_at.is_some_and(|it| it <= now) {
            self.keep();
        }
        if self.next_tick <= now {
            self.next_tick = now + TICK_EVERY;
            self.tick();
        }
        if self.connection.is_due(now) {
            self.connect();
        }
        if self.next_place <= now {
            self.next_place = now + self.places.millis(1, 3_000);
            if !self.sim.is_healed() {
                self.go_somewhere();
            }
        }
        if self.next_act <= now {
            self.next_act = now + self.random.millis(1, 2 * self.sim.plan.pace_ms);
            if self.sim.is_active() {
                self.act();
            }
        }
    }

    fn tick(&mut self) {
        self.call(BoardClient::tick);
        if self.connection.is_silent() {
            self.sim.tell(format_args!("seat {}: the line is silent", self.number));
            self.lose();
        } else if self.connection.needs_ping() {
            self.send(r#"{"v":1,"type":"ping"}"#.to_owned());
        }
        if self.machine.joined() == JoinState::Refused && self.random.percent(50) {
            self.open_link();
        }
        if self.sim.is_healed() {
            self.finish_typing();
        }
    }

    /// The person leaves what they typed in.
    fn finish_typing(&mut self) {
        let notes = self.machine.notes().into_iter().map(|note| note.id);
        let typed = notes.filter(|it| self.machine.receipt(*it).state == ReceiptState::Editing);
        for note in typed.collect::<Vec<NoteId>>() {
            self.call(|machine, moment| machine.flush(note, moment));
        }
        self.connection.come_back();
    }

    pub fn wish(&mut self, command: Command, key: Option<&str>) {
        let (id, key) = (MessageId(self.ids.uuid()), key.map(ToOwned::to_owned));
        let mut wished = Ok(());
        self.call(|machine, moment| wished = machine.wish(command, id, moment.now, key));
        if let Err(error) = wished {
            self.sim.fault(error.to_string());
        }
        self.keep_soon();
    }

    /// Opens the board's link, unless that is on its way already.
    fn open_link(&mut self) {
        let saved = self.machine.saved();
        let entries = saved.iter().flat_map(|saved| &saved.outbox);
        let is_on_its_way = entries.into_iter().any(|entry| {
            matches!(entry, sockbit_client::SavedEntry::Frozen { body, .. } if body.contains("join_board"))
        });
        if !is_on_its_way {
            self.wish(Command::JoinBoard {}, Some(KEY));
        }
    }

    /// Whether it has a line that is not dead without its knowing.
    pub fn is_connected(&self) -> bool {
        self.connection.line().is_some_and(|line| !line.is_dead())
    }

    fn next_due(&self) -> Instant {
        let due = self.next_tick.min(self.next_act).min(self.next_place);
        let due = self.keep_at.map_or(due, |it| it.min(due));
        self.connection.due().map_or(due, |it| it.min(due))
    }
}

/// Lives with the page open until the run ends.
pub(crate) async fn sit(seat: Arc<Mutex<Seat>>) {
    loop {
        let (line, due) = {
            let seat = locked(&seat);
            (seat.connection.line(), seat.next_due())
        };
        let frame = async {
            match &line {
                Some(line) => line.down.receive().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = frame => locked(&seat).on_frame(frame),
            () = sleep_until(due) => locked(&seat).on_time(),
        }
    }
}
