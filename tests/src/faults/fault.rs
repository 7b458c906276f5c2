//! What can go wrong, how often, and how soon all is to be well again.

use std::cell::RefCell;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::fault_injection::{
    a_connection_is_bad, a_connection_is_cut, a_gateway_is_killed, a_worker_is_killed,
    an_older_program_is_replaced_in_turn, everything_is_restarted_in_turn,
    fifty_clients_stop_reading, the_broker_raises_an_alarm, the_disk_of_the_broker_is_full,
    the_disk_of_the_store_is_full, two_thousand_clients_come_back,
};
use super::poison_messages::poison_is_published;
use super::{Bus, PageProbe, TestCluster, TypingClients};

/// How long something is wrong, and how often.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunLength {
    /// For every change of the code.
    Short,
    /// For a night.
    Long,
}

/// One time that something goes wrong.
#[derive(Clone, Copy)]
pub struct Injection<'a> {
    /// The so-many-th time.
    pub round: usize,
    /// In a run of this size.
    pub length: RunLength,
    /// Those who feel it.
    pub clients: &'a TypingClients,
    /// Who looks at what a page says meanwhile.
    pub probe: &'a PageProbe,
    /// What else is worth telling.
    pub measurements: &'a Measurements,
}

/// What was measured besides, one remark each.
#[derive(Default)]
pub struct Measurements(RefCell<Vec<String>>);

impl Measurements {
    pub(super) fn record(&self, remark: String) {
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
pub enum Environment {
    /// Any house.
    Any,
    /// A house on small disks.
    SmallDisks,
    /// A house in which an older program runs.
    OlderProgram,
}

impl Environment {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Any, Self::SmallDisks, Self::OlderProgram];
}

/// Something that goes wrong.
pub struct Fault {
    /// What it is called.
    pub name: &'static str,
    /// Where.
    pub place: Environment,
    /// How often it happens across processes.
    pub rounds: [usize; 2],
    /// How often it happens in one process; never where there is no such thing.
    pub rounds_in_one_process: [usize; 2],
    /// Within how many seconds of its mending everybody should be served again.
    pub healed_within: u64,
    /// Whether people type as fast in a night as in a short run, since what is measured depends on it.
    pub is_about_pace: bool,
    inject: for<'a> fn(&'a mut TestCluster, Injection<'a>) -> LocalBoxFuture<'a, ()>,
}

impl Fault {
    /// How often it happens in a run of this size.
    #[must_use]
    pub fn rounds(&self, bus: Bus, length: RunLength) -> usize {
        match bus {
            Bus::Memory => self.rounds_in_one_process[length as usize],
            Bus::RabbitMq => self.rounds[length as usize],
        }
    }

    /// Goes wrong, and is mended when this returns.
    pub async fn inject(&self, cluster: &mut TestCluster, injection: Injection<'_>) {
        (self.inject)(cluster, injection).await;
    }
}

/// All of them.
pub const FAULTS: [Fault; 14] = [
    Fault {
        name: "what_holds_connections_is_killed",
        place: Environment::Any,
        rounds: [20, 500],
        rounds_in_one_process: [3, 50],
        healed_within: 5,
        is_about_pace: false,
        inject: |cluster, injection| a_gateway_is_killed(cluster, injection).boxed_local(),
    },
    Fault {
        name: "a_worker_is_killed_at_each_of_five_points",
        place: Environment::Any,
        rounds: [25, 1_000],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        inject: |cluster, injection| a_worker_is_killed(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_broker_is_killed",
        place: Environment::Any,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        inject: |cluster, _| async { cluster.crash_broker() }.boxed_local(),
    },
    Fault {
        name: "the_database_is_killed",
        place: Environment::Any,
        rounds: [3, 50],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        inject: |cluster, _| async { cluster.crash_database() }.boxed_local(),
    },
    Fault {
        name: "a_line_is_cut_both_ways_or_one_way",
        place: Environment::Any,
        rounds: [4, 14],
        rounds_in_one_process: [0, 3],
        healed_within: 15,
        is_about_pace: false,
        inject: |cluster, injection| a_connection_is_cut(cluster, injection).boxed_local(),
    },
    Fault {
        name: "a_line_is_slow_or_reset_or_comes_in_crumbs",
        place: Environment::Any,
        rounds: [4, 12],
        rounds_in_one_process: [0, 3],
        healed_within: 15,
        is_about_pace: false,
        inject: |cluster, injection| a_connection_is_bad(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_broker_is_out_of_memory_or_disk",
        place: Environment::Any,
        rounds: [2, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 15,
        is_about_pace: false,
        inject: |cluster, injection| the_broker_raises_an_alarm(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_store_is_full",
        place: Environment::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [1, 20],
        healed_within: 20,
        is_about_pace: false,
        inject: |cluster, injection| {
            the_disk_of_the_store_is_full(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "the_disk_of_the_broker_is_full",
        place: Environment::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [0, 0],
        healed_within: 20,
        is_about_pace: false,
        inject: |cluster, injection| {
            the_disk_of_the_broker_is_full(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "thirty_kinds_of_poison_are_published",
        place: Environment::Any,
        rounds: [1, 1],
        rounds_in_one_process: [0, 0],
        healed_within: 5,
        is_about_pace: false,
        inject: |cluster, _| poison_is_published(cluster).boxed_local(),
    },
    Fault {
        name: "fifty_clients_stop_reading",
        place: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 5,
        is_about_pace: true,
        inject: |cluster, injection| fifty_clients_stop_reading(cluster, injection).boxed_local(),
    },
    Fault {
        name: "two_thousand_clients_come_back_within_a_second",
        place: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        healed_within: 15,
        is_about_pace: false,
        inject: |cluster, injection| {
            two_thousand_clients_come_back(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "everything_is_restarted_in_turn",
        place: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [1, 10],
        healed_within: 5,
        is_about_pace: false,
        inject: |cluster, _| everything_is_restarted_in_turn(cluster).boxed_local(),
    },
    Fault {
        name: "an_older_program_is_replaced_in_turn",
        place: Environment::OlderProgram,
        rounds: [1, 1],
        rounds_in_one_process: [1, 1],
        healed_within: 5,
        is_about_pace: false,
        inject: |cluster, injection| {
            an_older_program_is_replaced_in_turn(cluster, injection).boxed_local()
        },
    },
];
