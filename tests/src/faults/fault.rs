//! What can go wrong, how often, and how soon all is to be well again.

use std::cell::RefCell;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::poison::poison_is_published;
use super::strikes::{
    a_gateway_is_killed, a_line_is_bad, a_line_is_cut, a_worker_is_killed,
    an_older_program_is_replaced_in_turn, everything_is_restarted_in_turn,
    fifty_clients_stop_reading, the_broker_gives_the_alarm, the_disk_of_the_broker_is_full,
    the_disk_of_the_store_is_full, two_thousand_clients_come_back,
};
use super::{Bus, House, People, Witness};

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
    pub(super) fn say(&self, remark: String) {
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
    /// A house in which an older program runs.
    Older,
}

impl Place {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Anywhere, Self::SmallDisks, Self::Older];
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
    /// Whether people type as fast in a night as in a short run, since what is measured depends on it.
    pub is_about_pace: bool,
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
pub const FAULTS: [Fault; 14] = [
    Fault {
        name: "what_holds_connections_is_killed",
        place: Place::Anywhere,
        rounds: [20, 500],
        rounds_in_one_process: [3, 50],
        healed_within: 5,
        is_about_pace: false,
        strike: |house, blow| a_gateway_is_killed(house, blow).boxed_local(),
    },
    Fault {
        name: "a_worker_is_killed_at_each_of_five_points",
        place: Place::Anywhere,
        rounds: [25, 1_000],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        strike: |house, blow| a_worker_is_killed(house, blow).boxed_local(),
    },
    Fault {
        name: "the_broker_is_killed",
        place: Place::Anywhere,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        strike: |house, _| async { house.crash_broker() }.boxed_local(),
    },
    Fault {
        name: "the_database_is_killed",
        place: Place::Anywhere,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        strike: |house, _| async { house.crash_database() }.boxed_local(),
    },
    Fault {
        name: "a_line_is_cut_both_ways_or_one_way",
        place: Place::Anywhere,
        rounds: [4, 14],
        rounds_in_one_process: [0, 3],
        healed_within: 15,
        is_about_pace: false,
        strike: |house, blow| a_line_is_cut(house, blow).boxed_local(),
    },
    Fault {
        name: "a_line_is_slow_or_reset_or_comes_in_crumbs",
        place: Place::Anywhere,
        rounds: [4, 12],
        rounds_in_one_process: [0, 3],
        healed_within: 15,
        is_about_pace: false,
        strike: |house, blow| a_line_is_bad(house, blow).boxed_local(),
    },
    Fault {
        name: "the_broker_is_out_of_memory_or_disk",
        place: Place::Anywhere,
        rounds: [2, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 15,
        is_about_pace: false,
        strike: |house, blow| the_broker_gives_the_alarm(house, blow).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_store_is_full",
        place: Place::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [1, 20],
        healed_within: 20,
        is_about_pace: false,
        strike: |house, blow| the_disk_of_the_store_is_full(house, blow).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_broker_is_full",
        place: Place::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        strike: |house, blow| the_disk_of_the_broker_is_full(house, blow).boxed_local(),
    },
    Fault {
        name: "thirty_kinds_of_poison_are_published",
        place: Place::Anywhere,
        rounds: [1, 1],
        rounds_in_one_process: [0, 0],
        healed_within: 5,
        is_about_pace: false,
        strike: |house, _| poison_is_published(house).boxed_local(),
    },
    Fault {
        name: "fifty_clients_stop_reading",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 5,
        is_about_pace: true,
        strike: |house, blow| fifty_clients_stop_reading(house, blow).boxed_local(),
    },
    Fault {
        name: "two_thousand_clients_come_back_within_a_second",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 15,
        is_about_pace: false,
        strike: |house, blow| two_thousand_clients_come_back(house, blow).boxed_local(),
    },
    Fault {
        name: "everything_is_restarted_in_turn",
        place: Place::Anywhere,
        rounds: [1, 10],
        rounds_in_one_process: [1, 10],
        healed_within: 5,
        is_about_pace: false,
        strike: |house, _| everything_is_restarted_in_turn(house).boxed_local(),
    },
    Fault {
        name: "an_older_program_is_replaced_in_turn",
        place: Place::Older,
        rounds: [1, 1],
        rounds_in_one_process: [1, 1],
        healed_within: 5,
        is_about_pace: false,
        strike: |house, blow| an_older_program_is_replaced_in_turn(house, blow).boxed_local(),
    },
];
