//! What can go wrong, each with how it is mended.

use std::cell::RefCell;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::time::sleep;

use super::crowd::a_crowd_comes_back;
use super::deaf::{Suffered, clients_stop_reading};
use super::house::Worker;
use super::poison::poison_is_published;
use super::{Bus, House, People, Witness};
use crate::proxy::Line;

/// How long something is wrong, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// For every change of the code.
    Short,
    /// For a night.
    Long,
}

/// One time that something goes wrong.
#[derive(Clone, Copy)]
pub struct Blow<'a> {
    /// The so-many-th time.
    pub round: usize,
    /// In a run of this size.
    pub size: Size,
    /// Those who feel it.
    pub people: &'a People,
    /// Who looks at what a page says meanwhile.
    pub witness: &'a Witness,
    /// What else is worth telling.
    pub remarks: &'a Remarks,
}

/// What was measured besides, one remark each.
#[derive(Default)]
pub struct Remarks(RefCell<Vec<String>>);

impl Remarks {
    fn say(&self, remark: String) {
        self.0.borrow_mut().push(remark);
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> Vec<String> {
        self.0.into_inner()
    }
}

/// What it takes for something to go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Any house.
    Anywhere,
    /// A house on small disks.
    SmallDisks,
}

/// Something that goes wrong.
pub struct Fault {
    /// What it is called.
    pub name: &'static str,
    /// Where.
    pub place: Place,
    /// How often it happens across processes.
    pub rounds: [usize; 2],
    /// How often it happens in one process; never where there is no such thing.
    pub rounds_in_one_process: [usize; 2],
    /// Within how many seconds of its mending everybody should be served again.
    pub healed_within: u64,
    strike: for<'a> fn(&'a mut House, Blow<'a>) -> LocalBoxFuture<'a, ()>,
}

impl Fault {
    /// How often it happens in a run of this size.
    #[must_use]
    pub fn rounds(&self, bus: Bus, size: Size) -> usize {
        match bus {
            Bus::Memory => self.rounds_in_one_process[size as usize],
            Bus::RabbitMq => self.rounds[size as usize],
        }
    }

    /// Goes wrong, and is mended when this returns.
    pub async fn strike(&self, house: &mut House, blow: Blow<'_>) {
        (self.strike)(house, blow).await;
    }
}

/// All of them.
pub const FAULTS: [Fault; 13] = [
    Fault {
        name: "what_holds_connections_is_killed",
        place: Place::Anywhere,
        rounds: [20, 500],
        rounds_in_one_process: [3, 50],
        healed_within: 5,
        strike: |house, blow| a_gateway_is_killed(house, blow).boxed_local(),
    },
    Fault {
        name: "a_worker_is_killed_at_each_of_five_points",
        place: Place::Anywhere,
        rounds: [25, 1_000],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        strike: |house, blow| a_worker_is_killed(house, blow).boxed_local(),
    },
    Fault {
        name: "the_broker_is_killed",
        place: Place::Anywhere,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        strike: |house, _| async { house.crash_broker() }.boxed_local(),
    },
    Fault {
        name: "the_database_is_killed",
        place: Place::Anywhere,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        strike: |house, _| async { house.crash_database() }.boxed_local(),
    },
    Fault {
        name: "a_line_is_cut_both_ways_or_one_way",
        place: Place::Anywhere,
        rounds: [4, 12],
        rounds_in_one_process: [0, 3],
        healed_within: 15,
        strike: |house, blow| a_line_is_cut(house, blow).boxed_local(),
    },
    Fault {
        name: "a_line_is_slow_or_comes_in_crumbs",
        place: Place::Anywhere,
        rounds: [4, 12],
        rounds_in_one_process: [0, 2],
        healed_within: 15,
        strike: |house, blow| a_line_is_slow(house, blow).boxed_local(),
    },
    Fault {
        name: "the_broker_is_out_of_memory_or_disk",
        place: Place::Anywhere,
        rounds: [2, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 15,
        strike: |house, blow| the_broker_gives_the_alarm(house, blow).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_store_is_full",
        place: Place::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [1, 20],
        healed_within: 20,
        strike: |house, blow| the_disk_of_the_store_is_full(house, blow).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_broker_is_full",
        place: Place::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        strike: |house, blow| the_disk_of_the_broker_is_full(house, blow).boxed_local(),
    },
    Fault {
        name: "thirty_kinds_of_poison_are_published",
        place: Place::Anywhere,
        rounds: [1, 1],
        rounds_in_one_process: [0, 0],
        healed_within: 5,
        strike: |house, _| poison_is_published(house).boxed_local(),
    },
    Fault {
        name: "fifty_clients_stop_reading",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 5,
        strike: |house, blow| fifty_clients_stop_reading(house, blow).boxed_local(),
    },
    Fault {
        name: "two_thousand_clients_come_back_within_a_second",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 15,
        strike: |house, blow| two_thousand_clients_come_back(house, blow).boxed_local(),
    },
    Fault {
        name: "everything_is_restarted_in_turn",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [1, 10],
        healed_within: 5,
        strike: |house, _| everything_is_restarted_in_turn(house).boxed_local(),
    },
];

async fn a_gateway_is_killed(house: &mut House, blow: Blow<'_>) {
    let of = house.gateways.len();
    let gateway = &mut house.gateways[blow.round % of].process;
    gateway.kill().await;
    gateway.start_again().await;
}

/// Long enough for some work to get as far as it can.
const STUCK: Duration = Duration::from_millis(500);

/// The worker gets so far with what it has, and no further; then it is killed.
async fn a_worker_is_killed(house: &mut House, blow: Blow<'_>) {
    let worker = &mut house.workers[blow.round % 2];
    match blow.round % 5 {
        // It received commands, and cannot load what they are about.
        0 => worker.database.set(Line::Held),
        // It decided, and its commit does not arrive.
        1 => worker.database.set(Line::HeldFrom(b"COMMIT")),
        // It committed, and can tell nobody.
        2 => worker.broker.set(Line::Held),
        // It announced and answered, and cannot acknowledge.
        3 => worker.broker.set(Line::HeldOn(b"sockbit working")),
        // It acknowledges as it works.
        _ => {}
    }
    sleep(STUCK).await;
    kill_and_start(worker).await;
}

async fn kill_and_start(worker: &mut Worker) {
    worker.kill().await;
    worker.start_again().await;
}

/// Each line once in each way, in the long run; in the short one each way and each line.
async fn a_line_is_cut(house: &mut House, Blow { round, size, .. }: Blow<'_>) {
    let lines = house.lines(round);
    let ways = [Line::Cut, Line::Deaf, Line::Mute];
    let line = lines[round % lines.len()];
    line.set(ways[round % ways.len()]);
    sleep(match size {
        Size::Short => Duration::from_secs(10),
        Size::Long => Duration::from_mins(3),
    })
    .await;
    // Connections that lost something are of no use to anybody.
    line.set(Line::Cut);
    line.set(Line::Whole);
}

async fn a_line_is_slow(house: &mut House, Blow { round, size, .. }: Blow<'_>) {
    let lines = house.lines(round);
    let line = lines[round % lines.len()];
    let ways = [Line::Late(Duration::from_millis(150)), Line::Crumbs];
    line.set(ways[(round + round / lines.len()) % ways.len()]);
    sleep(match size {
        Size::Short => Duration::from_secs(7),
        Size::Long => Duration::from_secs(100),
    })
    .await;
    line.set(Line::Whole);
}

/// It takes nothing more until it has room again.
async fn the_broker_gives_the_alarm(house: &mut House, blow: Blow<'_>) {
    let [alarm, all_clear]: [&[&str]; 2] = match blow.round % 2 {
        0 => [
            &["set_vm_memory_high_watermark", "0.000001"],
            &["set_vm_memory_high_watermark", "absolute", "768MB"],
        ],
        _ => [&["set_disk_free_limit", "900000GB"], &["set_disk_free_limit", "1MB"]],
    };
    house.tell_broker(alarm);
    blow.witness.until_it_says_not_saved().await;
    house.tell_broker(all_clear);
}

/// What is full stays full for so long after somebody was told.
const FULL_FOR: Duration = Duration::from_secs(4);

async fn the_disk_of_the_store_is_full(house: &mut House, blow: Blow<'_>) {
    house.disks().store.fill();
    blow.witness.until_it_says_not_saved().await;
    sleep(FULL_FOR).await;
    house.disks().store.clear();
    house.revive_database();
}

async fn the_disk_of_the_broker_is_full(house: &mut House, blow: Blow<'_>) {
    house.disks().broker.fill();
    blow.witness.until_it_says_not_saved().await;
    sleep(FULL_FOR).await;
    house.disks().broker.clear();
    // Queues whose log could not be written do not come back by themselves.
    house.crash_broker();
}

async fn fifty_clients_stop_reading(house: &mut House, blow: Blow<'_>) {
    let Suffered { stayed, pace } = clients_stop_reading(house, blow.people).await;
    blow.remarks.say(format!("cut after {stayed:.1?}, the others at {pace:.2} of their pace"));
    if blow.size == Size::Long {
        assert!(stayed <= Duration::from_secs(10), "who does not read stays for {stayed:?}");
        assert!(pace >= 0.5, "others are served at {pace:.2} of their pace");
    }
}

async fn two_thousand_clients_come_back(house: &mut House, blow: Blow<'_>) {
    let took = a_crowd_comes_back(house).await;
    blow.remarks.say(format!("all knew everything after {took:.1?}"));
    if blow.size == Size::Long {
        assert!(took <= Duration::from_secs(15), "all know everything after {took:?}");
    }
}

async fn everything_is_restarted_in_turn(house: &mut House) {
    for process in house.processes() {
        assert!(process.stop().await, "it ends well when it is asked to");
        process.start_again().await;
    }
}
