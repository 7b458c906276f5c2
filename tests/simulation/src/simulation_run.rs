//! A run: boards are created, users act while faults happen, the faults end, and the final state is
//! checked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_application::ports::ReadStore;
use sockbit_client::JoinState;
use sockbit_domain::{Actor, BoardId, Command, Position};
use tokio::time::sleep;

use crate::board_setup::{actors, create_boards};
use crate::bus::Broker;
use crate::database::{Database, now_or_panic};
use crate::fault_schedule::Processes;
use crate::final_checks::FinalState;
use crate::gateway_process::GatewayProcess;
use crate::long_absence::pass_days;
use crate::page_renderer::PageRenderer;
use crate::presence_checks::{describe_presences, presences_are_complete};
use crate::random::RandomStream;
use crate::run_context::{Phase, RunContext};
use crate::simulated_client::{SimulatedClient, run_client};
use crate::worker_process::WorkerProcess;

/// How long a client may take to settle after the faults end: a reply times out, a dead connection
/// is noticed, and it resumes.
const SETTLED_WITHIN: Duration = Duration::from_mins(2);
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long until clients that vanished are forgotten and lost presence updates are repeated.
const PRESENCES_WITHIN: Duration = Duration::from_secs(40);
/// How long until the loss of the very last event is noticed.
const LOSS_NOTICED_WITHIN: Duration = Duration::from_secs(25);

/// All parts of a run.
pub(crate) struct SimulationRun {
    pub processes: Processes,
    pub clients: Vec<Arc<Mutex<SimulatedClient>>>,
}

/// Runs from the start to the end, or to the first fault.
pub(crate) async fn play(context: Arc<RunContext>) {
    context.log(format_args!("parameters: {:?}", context.parameters));
    let run = SimulationRun::new(&context).await;
    context.enter(Phase::Active);
    run.spawn_all();
    run.run_for(context.parameters.active / 2).await;
    if let Some(days) = context.parameters.absence_days {
        pass_days(&run.processes, &run.clients, days).await;
    }
    run.run_for(context.parameters.active / 2).await;
    context.enter(Phase::Settling);
    run.processes.workers.iter().for_each(|it| it.cancel_crash());
    if run.wait_until_settled().await.is_none() {
        return;
    }
    if !run.presences_settle_within(PRESENCES_WITHIN).await {
        return context.fault(format!(
            "a client does not see who is present: {}",
            describe_presences(&run.clients)
        ));
    }
    run.lose_the_last_event();
    if !run.settles_within(LOSS_NOTICED_WITHIN).await {
        return context.fault(format!(
            "the loss of the last event is not noticed: {}",
            run.describe_unsettled()
        ));
    }
    run.check_final_state();
    run.take_transcripts();
}

impl SimulationRun {
    pub async fn new(context: &Arc<RunContext>) -> Self {
        let broker = Arc::new(Broker::new(Arc::clone(context)));
        let database = Arc::new(Database::new(Arc::clone(context)));
        let gateways: Vec<_> = (0..context.parameters.gateways)
            .map(|it| GatewayProcess::new(context, &broker, it))
            .collect();
        let workers = (0..context.parameters.workers)
            .map(|it| WorkerProcess::new(context, &broker, &database, it))
            .collect();
        let mut random = context.random(RandomStream::Setup, 0);
        let boards: Vec<_> =
            (0..context.parameters.boards).map(|_| BoardId(random.uuid())).collect();
        let actors = actors(context, &mut random);
        let owners: Vec<_> = boards.iter().copied().zip(actors.iter().cloned()).collect();
        count_shared_actors(context, &actors);
        let pages = Arc::new(PageRenderer::new(context, &database));
        let mut clients = Vec::new();
        for (number, actor) in actors.into_iter().enumerate() {
            let board = boards[number % boards.len()];
            clients.push(Arc::new(Mutex::new(SimulatedClient::new(
                context, number, board, actor, &gateways, &pages,
            ))));
        }
        let processes =
            Processes { context: Arc::clone(context), broker, database, gateways, workers, boards };
        create_boards(context, &processes.database, &owners, &mut random).await;
        Self { processes, clients }
    }

    pub fn spawn_all(&self) {
        for gateway in &self.processes.gateways {
            tokio::spawn(Arc::clone(gateway).run());
        }
        for worker in &self.processes.workers {
            tokio::spawn(Arc::clone(worker).run());
        }
        for client in &self.clients {
            tokio::spawn(run_client(Arc::clone(client)));
        }
        self.processes.schedule_faults();
    }

    fn has_fault(&self) -> bool {
        locked(&self.processes.context.observations).fault.is_some()
    }

    async fn run_for(&self, time: Duration) {
        let polls = time.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            if self.has_fault() {
                return;
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Whether all clients have applied everything and have nothing unsent.
    async fn settles_within(&self, within: Duration) -> bool {
        let polls = within.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            sleep(POLL_INTERVAL).await;
            if self.has_fault() || self.is_settled() {
                return true;
            }
        }
        false
    }

    /// Waits until all clients have settled; `None` if they do not.
    pub async fn wait_until_settled(&self) -> Option<()> {
        let is_settled = self.settles_within(SETTLED_WITHIN).await;
        if !is_settled {
            self.processes.context.fault(format!("not settled: {}", self.describe_unsettled()));
        }
        (is_settled && !self.has_fault()).then_some(())
    }

    /// Whether everything that a client typed becomes saved.
    pub async fn is_saved(&self, client: &Mutex<SimulatedClient>) -> bool {
        let polls = SETTLED_WITHIN.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            sleep(POLL_INTERVAL).await;
            if locked(client).machine.unsent_count() == 0 {
                return !self.has_fault();
            }
        }
        false
    }

    /// Whether each client comes to see the others of its board, in the notes that they are in.
    async fn presences_settle_within(&self, within: Duration) -> bool {
        let polls = within.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            if self.has_fault() || presences_are_complete(&self.clients) {
                return true;
            }
            sleep(POLL_INTERVAL).await;
        }
        false
    }

    fn is_settled(&self) -> bool {
        !self.processes.database.is_offline()
            && self.clients.iter().all(|client| {
                let client = locked(client);
                let machine = &client.machine;
                client.is_connected()
                    && machine.join_state() == JoinState::Live
                    && machine.unsent_count() == 0
                    && machine.position() == self.head(client.board)
            })
    }

    pub fn head(&self, board: BoardId) -> Option<Position> {
        let heads = now_or_panic(self.processes.database.store().heads(&[board]));
        heads.ok()?.first().map(|(_, head)| *head)
    }

    fn describe_unsettled(&self) -> String {
        let state = |client: &Arc<Mutex<SimulatedClient>>| {
            let client = locked(client);
            let machine = &client.machine;
            let (joined, position) = (machine.join_state(), machine.position().map(|it| it.seq));
            let head = self.head(client.board).map(|it| it.seq);
            let (number, unsent) = (client.number, machine.unsent_count());
            format!("client {number} {joined:?} at {position:?} of {head:?}, unsent {unsent}")
        };
        self.clients.iter().map(state).collect::<Vec<_>>().join("; ")
    }

    /// Submits one more command whose event no gateway receives.
    fn lose_the_last_event(&self) {
        self.processes.context.drop_announcements();
        let title = "the last title".to_owned();
        for client in self.clients.iter().take(self.processes.boards.len()) {
            locked(client).submit(Command::RenameBoard { title: title.clone() }, None);
        }
    }

    pub fn check_final_state(&self) {
        if self.has_fault() {
            return;
        }
        let context = &self.processes.context;
        let heads = self.processes.boards.iter().filter_map(|it| self.head(*it));
        locked(&context.observations).counts.events = heads.map(|it| it.seq.0).sum();
        if let Err(fault) = self.result() {
            context.fault(fault);
        }
    }

    fn take_transcripts(&self) {
        let transcripts = self.clients.iter().filter_map(|it| locked(it).transcript.take());
        locked(&self.processes.context.transcripts).extend(transcripts);
    }

    fn result(&self) -> Result<(), String> {
        let clients: Vec<_> = self.clients.iter().map(|client| locked(client)).collect();
        let state = FinalState {
            store: &self.processes.database.store(),
            boards: &self.processes.boards,
            clients: &clients.iter().map(|client| &**client).collect::<Vec<_>>(),
            observations: &locked(&self.processes.context.observations),
            typed_tokens: &locked(&self.processes.context.typed_tokens),
            limits: &self.processes.context.parameters.limits,
        };
        state.result()
    }
}

fn count_shared_actors(context: &RunContext, actors: &[Actor]) {
    let distinct: BTreeSet<_> = actors.iter().map(|it| it.id).collect();
    locked(&context.observations).counts.shared_actors += (actors.len() - distinct.len()) as u64;
}
