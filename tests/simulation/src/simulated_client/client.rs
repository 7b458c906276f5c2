//! A client: its machine and everything around it. An input goes to the machine, and then its outputs
//! are stored, sent and shown, in the order in which a page does that.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_client::{BoardClient, ClockAndIds, Now, PersistedState, ViewChange};
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{Actor, ActorId, BoardId, ClientId, Command, MessageId, NoteId};
use tokio::time::Instant;

use super::client_clocks::ClientClocks;
use super::connection::ClientConnection;
use super::gateway_deviations::GatewayDeviations;
use super::shown_view::ShownView;
use crate::gateway_process::GatewayProcess;
use crate::machine_input::MachineInput;
use crate::observations::SubmittedCommand;
use crate::page_renderer::PageRenderer;
use crate::planted_bugs::BuggyClient;
use crate::random::{Random, RandomStream};
use crate::run_context::RunContext;
use crate::transcript::{MachineOutput, Transcript};

/// How much typing a crash of the page may lose.
const STORED_WITHIN: Duration = Duration::from_millis(250);

/// One client of one board.
pub(crate) struct SimulatedClient {
    pub(super) context: Arc<RunContext>,
    pub number: usize,
    pub board: BoardId,
    /// The identity of the next connection.
    pub actor: Actor,
    /// The identity that the open page assumes; the next connection may correct it.
    pub(super) page_actor: ActorId,
    pub client: ClientId,
    pub machine: BoardClient,
    view: ShownView,
    /// What was stored last; always written before a frame is sent.
    pub(super) stored: Option<PersistedState>,
    /// Text typed since.
    pub(super) unstored: String,
    pub(super) store_at: Option<Instant>,
    /// The texts of drafts that the user dismissed.
    pub dismissed: String,
    /// The note that the user keeps typing in.
    pub(super) typing_note: Option<NoteId>,
    pub(super) connection: ClientConnection,
    pub(super) deviations: GatewayDeviations,
    pub(super) clocks: ClientClocks,
    pub(super) clock_random: Random,
    /// How long the computer is about to sleep.
    pub(super) sleeps_for: Option<Duration>,
    pub(super) pages: Arc<PageRenderer>,
    /// The page that was rendered last, and for whom.
    pub(super) last_page: Option<(ActorId, BoardPage)>,
    /// Whether any page so far came from the browser's history.
    pub(super) has_used_history: bool,
    pub(super) random: Random,
    /// Separate, so that presence changes no other random choice.
    pub(super) presence_random: Random,
    pub(super) next_move: Instant,
    /// The note that the user is in.
    pub location: Option<NoteId>,
    pub(super) ids: Random,
    pub(super) next_tick: Instant,
    pub(super) next_act: Instant,
    pub(super) bug: BuggyClient,
    /// What happens to the machine, if it is recorded.
    pub transcript: Option<Transcript>,
}

impl SimulatedClient {
    pub fn new(
        context: &Arc<RunContext>,
        number: usize,
        board: BoardId,
        actor: Actor,
        gateways: &[Arc<GatewayProcess>],
        pages: &Arc<PageRenderer>,
    ) -> Self {
        let mut random = context.random(RandomStream::Client, number);
        let now = Instant::now();
        let machine = BoardClient::new(board, Some(actor.id));
        let deviations = context.random(RandomStream::GatewayDeviations, number);
        let mut client = Self {
            context: Arc::clone(context),
            number,
            board,
            client: ClientId(random.uuid()),
            view: ShownView::of(&machine),
            machine,
            page_actor: actor.id,
            actor,
            stored: None,
            unstored: String::new(),
            store_at: None,
            dismissed: String::new(),
            typing_note: None,
            connection: ClientConnection::new(gateways.to_vec(), now + random.millis(0, 500)),
            deviations: GatewayDeviations::new(context, deviations),
            clocks: ClientClocks::default(),
            clock_random: context.random(RandomStream::ClientClocks, number),
            sleeps_for: None,
            pages: Arc::clone(pages),
            last_page: None,
            has_used_history: false,
            presence_random: context.random(RandomStream::ClientPresence, number),
            next_move: now,
            location: None,
            ids: context.random(RandomStream::ClientIds, number),
            next_tick: now + random.millis(0, 1_000),
            next_act: now + random.millis(200, 1_500),
            bug: BuggyClient::new(context.bug),
            random,
            transcript: context.recording.transcripts.then(|| Transcript::new(context.seed)),
        };
        client.clocks.restart_monotonic(context.now());
        client.input(MachineInput::New { board, actor: client.page_actor });
        client
    }

    pub(super) fn now(&self) -> Now {
        self.bug.now(self.clocks.now(self.context.now()))
    }

    /// Gives an input to the machine, and handles its outputs.
    pub(super) fn input(&mut self, input: MachineInput) {
        let now = self.now();
        if let Err(fault) = self.view.show_input(&input) {
            self.view_fault(&fault);
        }
        let opens_page = input.opens_page();
        let recorded = self.transcript.is_some().then(|| input.clone());
        let mut minted = Vec::new();
        let mut mint = || {
            let id = self.ids.uuid();
            minted.push(id);
            id
        };
        if let Err(fault) =
            input.apply(&mut self.machine, &mut ClockAndIds { now, mint: &mut mint })
        {
            self.context.fault(format!("client {}: {fault}", self.number));
        }
        let (outgoing, changes) = (self.machine.take_outgoing(), self.machine.take_changes());
        if let (Some(transcript), Some(input)) = (&mut self.transcript, recorded) {
            let output = MachineOutput { minted, outgoing: &outgoing, changes: &changes };
            transcript.record(input, now, output, &self.machine);
        }
        self.count(&changes);
        self.check_merges();
        self.show(changes, opens_page);
        if !outgoing.is_empty() {
            self.store();
        }
        for frame in outgoing {
            let frame = self.bug.outgoing(frame);
            self.send(frame);
        }
    }

    fn count(&self, changes: &[ViewChange]) {
        let counts = &mut locked(&self.context.observations).counts;
        counts.view_changes += changes.len() as u64;
        for change in changes {
            match change {
                ViewChange::Draft { draft } => {
                    let (number, code) = (self.number, &*draft.reason.code);
                    self.context.log(format_args!("client {number}: new draft, {code}"));
                    counts.drafts += 1;
                    counts.drafts_expired += u64::from(code == "expired");
                    counts.drafts_of_other_identity += u64::from(code == "other_identity");
                }
                ViewChange::Notice { code, .. } => {
                    self.context.log(format_args!("client {}: notice {code}", self.number));
                }
                _ => {}
            }
        }
    }

    /// After a restore an own edit can happen again, after a page from the browser's history it can
    /// arrive again, and over a squashed run it can be merged differently than over one edit after the
    /// other.
    fn check_merges(&self) {
        let counts = locked(&self.context.observations).counts;
        let may_differ = counts.restores + counts.squashed > 0 || self.has_used_history;
        if !may_differ && self.machine.merge_mismatches() > 0 {
            let number = self.number;
            self.context
                .fault(format!("client {number} merged its own edit differently than the server"));
        }
    }

    fn show(&mut self, changes: Vec<ViewChange>, opens_page: bool) {
        if opens_page {
            self.view = ShownView::of(&self.machine);
        }
        let changes = self.bug.changes(changes);
        let observations = locked(&self.context.observations);
        let tokens = locked(&self.context.typed_tokens);
        let may_be_missing = |token| tokens.may_be_missing(token);
        // After a restore the client may hold a position of the lost history, so that its text is
        // hidden or shown twice until it has resumed. The final checks find what remains.
        let is_restored = observations.counts.restores > 0;
        let may_be_missing = (!is_restored).then_some(may_be_missing);
        let shown = self.view.show_changes(changes, &self.machine, may_be_missing);
        drop((observations, tokens));
        if let Err(fault) = shown {
            self.view_fault(&fault);
        }
    }

    fn view_fault(&self, fault: &str) {
        self.context.fault(format!("client {}: the view shows {fault}", self.number));
    }

    pub(super) fn send(&mut self, frame: String) {
        if self.deviations.refuses(&frame) {
            return self.context.log(format_args!("client {}: refused {frame}", self.number));
        }
        self.context.log(format_args!("client {}: > {frame}", self.number));
        if let Some(command) = self.connection.checker.sent(&frame) {
            let sent = self.submitted_by(self.actor.id);
            let checked = locked(&self.context.observations).sent(command, sent);
            if let Err(fault) = checked {
                self.context.fault(format!("client {}: {fault}", self.number));
            }
        }
        self.connection.send(frame);
    }

    fn submitted_by(&self, actor: ActorId) -> SubmittedCommand {
        SubmittedCommand { client: self.number, actor, at: self.context.now() }
    }

    pub(super) fn store(&mut self) {
        self.stored = self.bug.stored(self.machine.persisted_state());
        self.unstored.clear();
        self.store_at = None;
    }

    pub(super) fn typed(&mut self, tokens: &str) {
        self.unstored.push_str(tokens);
        self.store_soon();
    }

    fn store_soon(&mut self) {
        self.store_at.get_or_insert(Instant::now() + STORED_WITHIN);
    }

    pub fn submit(&mut self, command: Command, key: Option<&str>) {
        let (id, key) = (MessageId(self.ids.uuid()), key.map(ToOwned::to_owned));
        let submitted = self.submitted_by(self.page_actor);
        locked(&self.context.observations).submitted(id, submitted);
        self.input(MachineInput::Submit { command, id, key });
        self.store_soon();
    }

    /// Drops the connection.
    pub(super) fn lose(&mut self) {
        if self.connection.drop_connection(&mut self.random) {
            self.deviations.take_delayed();
            self.input(MachineInput::Disconnected);
        }
    }

    /// Whether it has a connection that is not dead without its knowledge.
    pub fn is_connected(&self) -> bool {
        self.connection.network().is_some_and(|connection| !connection.is_dead())
    }
}
