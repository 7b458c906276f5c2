//! A run: boards are begun, people act while things go wrong, all heals, and what is left is judged.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::envelope::{Address, Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::ports::{Announcer, Unavailable};
use sockbit_application::trace::TraceId;
use sockbit_client::JoinState;
use sockbit_domain::{
    Actor, ActorId, BoardId, ClientId, Command, KeyHash, MessageId, Position, Role,
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::bus::Broker;
use crate::gateway_process::GatewayProcess;
use crate::life::Life;
use crate::locked;
use crate::people::{everybody_sees_the_others, who_sees_whom};
use crate::random::{Part, Random};
use crate::seat::{KEY, Seat, sit};
use crate::sim::{Phase, Sim, SimClock, SimIds};
use crate::store::{StoreEnd, Vault, at_once};
use crate::verdict::Case;
use crate::weather::House;
use crate::worker_process::WorkerProcess;

/// Until all must be quiet after the healing: an answer that was waited for, a line that was found
/// to be dead, and what comes after.
const QUIET_WITHIN: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Until those who went without a word are forgotten, and those of whom a word was lost are known.
const PEOPLE_KNOWN_WITHIN: Duration = Duration::from_secs(40);
/// Until the loss of the very last event must be noticed.
const NOTICED_WITHIN: Duration = Duration::from_secs(25);

/// All that there is in a run.
pub(crate) struct World {
    pub house: House,
    pub seats: Vec<Arc<Mutex<Seat>>>,
}

/// Plays a run from its beginning to its end, or to its first fault.
pub(crate) async fn play(sim: Arc<Sim>) {
    sim.tell(format_args!("plan: {:?}", sim.plan));
    let world = World::new(&sim).await;
    sim.enter(Phase::Active);
    world.begin();
    world.watch_for(sim.plan.active).await;
    sim.enter(Phase::Healed);
    world.house.workers.iter().for_each(|it| it.pardon());
    if world.rest().await.is_none() {
        return;
    }
    if !world.sees_who_is_here(PEOPLE_KNOWN_WITHIN).await {
        return sim
            .fault(format!("not everybody sees who is here: {}", who_sees_whom(&world.seats)));
    }
    world.lose_the_last_event();
    if !world.becomes_quiet(NOTICED_WITHIN).await {
        return sim.fault(format!("the last event is missed for good: {}", world.unrest()));
    }
    world.judge();
}

impl World {
    pub async fn new(sim: &Arc<Sim>) -> Self {
        let broker = Arc::new(Broker::new(Arc::clone(sim)));
        let vault = Arc::new(Vault::new(Arc::clone(sim)));
        let gateways: Vec<_> =
            (0..sim.plan.gateways).map(|it| GatewayProcess::new(sim, &broker, it)).collect();
        let workers =
            (0..sim.plan.workers).map(|it| WorkerProcess::new(sim, &broker, &vault, it)).collect();
        let mut random = sim.random(Part::Beginning, 0);
        let boards: Vec<_> = (0..sim.plan.boards).map(|_| BoardId(random.uuid())).collect();
        let actors = actors(sim, &mut random);
        let mut seats = Vec::new();
        for (number, actor) in actors.into_iter().enumerate() {
            let board = boards[number % boards.len()];
            seats.push(Arc::new(Mutex::new(Seat::new(sim, number, board, actor, &gateways))));
        }
        let house = House { sim: Arc::clone(sim), broker, vault, gateways, workers, boards };
        let world = Self { house, seats };
        world.begin_boards(&mut random).await;
        world
    }

    /// The first at each board begins it and makes a link; the others come by that.
    async fn begin_boards(&self, random: &mut Random) {
        let sim = &self.house.sim;
        let store = StoreEnd {
            sim: Arc::clone(sim),
            vault: Arc::clone(&self.house.vault),
            life: Arc::new(Life::default()),
            random: Mutex::new(sim.random(Part::Beginning, 1)),
            is_cut: Arc::default(),
            delivered_again: Arc::default(),
        };
        let ports = CorePorts {
            store: Arc::new(store),
            announcer: Arc::new(Nobody),
            clock: Arc::new(SimClock::new(Arc::clone(sim), 0)),
            ids: Arc::new(SimIds::new(Arc::clone(sim), usize::MAX, false)),
        };
        let core = Core::new(ports, sim.plan.limits.clone());
        for (number, board) in self.house.boards.iter().enumerate() {
            let owner = locked(&self.seats[number]).actor.clone();
            let title = "A board".to_owned();
            let commands =
                [Command::CreateBoard { title }, Command::AddLink { role: Role::Editor }];
            let batch: Vec<_> =
                commands.iter().map(|it| envelope(*board, &owner, it, random)).collect();
            if let Err(error) = core.process(&batch).await {
                sim.fault(format!("a board could not be begun: {error}"));
            }
        }
        self.house.vault.back_up();
    }

    pub fn begin(&self) {
        for gateway in &self.house.gateways {
            tokio::spawn(Arc::clone(gateway).run());
        }
        for worker in &self.house.workers {
            tokio::spawn(Arc::clone(worker).run());
        }
        for seat in &self.seats {
            tokio::spawn(sit(Arc::clone(seat)));
        }
        self.house.expose();
    }

    fn has_fault(&self) -> bool {
        locked(&self.house.sim.evidence).fault.is_some()
    }

    async fn watch_for(&self, time: Duration) {
        let looks = time.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            if self.has_fault() {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Whether everybody has everything, and the server has everything of everybody's.
    async fn becomes_quiet(&self, within: Duration) -> bool {
        let looks = within.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            sleep(LOOK_EVERY).await;
            if self.has_fault() || self.is_quiet() {
                return true;
            }
        }
        false
    }

    /// Waits until nothing is on its way any more; `None` where that does not come.
    pub async fn rest(&self) -> Option<()> {
        let is_quiet = self.becomes_quiet(QUIET_WITHIN).await;
        if !is_quiet {
            self.house.sim.fault(format!("no rest: {}", self.unrest()));
        }
        (is_quiet && !self.has_fault()).then_some(())
    }

    /// Whether all that somebody typed becomes saved.
    pub async fn is_saved(&self, seat: &Mutex<Seat>) -> bool {
        let looks = QUIET_WITHIN.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            sleep(LOOK_EVERY).await;
            if locked(seat).machine.unsent() == 0 {
                return !self.has_fault();
            }
        }
        false
    }

    /// Whether each comes to see all others at its board, in the notes that they are in.
    async fn sees_who_is_here(&self, within: Duration) -> bool {
        let looks = within.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..looks {
            if self.has_fault() || everybody_sees_the_others(&self.seats) {
                return true;
            }
            sleep(LOOK_EVERY).await;
        }
        false
    }

    fn is_quiet(&self) -> bool {
        !self.house.vault.is_away()
            && self.seats.iter().all(|seat| {
                let seat = locked(seat);
                let machine = &seat.machine;
                seat.is_connected()
                    && machine.joined() == JoinState::Live
                    && machine.unsent() == 0
                    && machine.position() == self.head(seat.board)
            })
    }

    pub fn head(&self, board: BoardId) -> Option<Position> {
        use sockbit_application::ports::Store;
        let heads = at_once(self.house.vault.store().heads(&[board]));
        heads.ok()?.first().map(|(_, head)| *head)
    }

    fn unrest(&self) -> String {
        let state = |seat: &Arc<Mutex<Seat>>| {
            let seat = locked(seat);
            let machine = &seat.machine;
            let (joined, position) = (machine.joined(), machine.position().map(|it| it.seq));
            let head = self.head(seat.board).map(|it| it.seq);
            let (number, unsent) = (seat.number, machine.unsent());
            format!("seat {number} {joined:?} at {position:?} of {head:?}, unsent {unsent}")
        };
        self.seats.iter().map(state).collect::<Vec<_>>().join("; ")
    }

    /// Somebody does one thing more, and no gateway hears of it.
    fn lose_the_last_event(&self) {
        self.house.sim.mute();
        let title = "the last word".to_owned();
        for seat in self.seats.iter().take(self.house.boards.len()) {
            locked(seat).wish(Command::RenameBoard { title: title.clone() }, None);
        }
    }

    pub fn judge(&self) {
        if self.has_fault() {
            return;
        }
        let sim = &self.house.sim;
        let heads = self.house.boards.iter().filter_map(|it| self.head(*it));
        locked(&sim.evidence).counts.events = heads.map(|it| it.seq.0).sum();
        if let Err(fault) = self.verdict() {
            sim.fault(fault);
        }
    }

    fn verdict(&self) -> Result<(), String> {
        let seats: Vec<_> = self.seats.iter().map(|seat| locked(seat)).collect();
        let case = Case {
            store: &self.house.vault.store(),
            boards: &self.house.boards,
            seats: &seats.iter().map(|seat| &**seat).collect::<Vec<_>>(),
            evidence: &locked(&self.house.sim.evidence),
            words: &locked(&self.house.sim.words),
        };
        case.verdict()
    }
}

/// Sometimes a person has two tabs.
fn actors(sim: &Sim, random: &mut Random) -> Vec<Actor> {
    let boards = sim.plan.boards;
    let person = |number: usize, random: &mut Random| {
        let has_two = number >= boards && random.percent(20);
        if has_two { number - boards } else { number }
    };
    (0..sim.plan.seats)
        .map(|number| {
            let id = ActorId(Uuid::from_u128(1 + person(number, random) as u128));
            Actor { id, name: format!("Person {number}"), colour: 0 }
        })
        .collect()
}

fn envelope(
    board: BoardId,
    owner: &Actor,
    command: &Command,
    random: &mut Random,
) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId::default(),
        reply_to: Address { gateway: Uuid::nil(), session: 0 },
        actor: owner.clone(),
        client: ClientId(Uuid::nil()),
        message: MessageId(random.uuid()),
        board,
        key: Some(KeyHash(Sha256::digest(KEY.as_bytes()).into())),
        body: serde_json::value::to_raw_value(command).expect("a command is plain data"),
    }
}

/// Who listens before there is anybody.
struct Nobody;

#[async_trait]
impl Announcer for Nobody {
    async fn announce(&self, _: Vec<Announcement>) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn send_outcomes(&self, _: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        Ok(())
    }
}
