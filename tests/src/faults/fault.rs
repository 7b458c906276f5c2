//! The faults: how often each is injected, and how soon the app must recover.

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::fault_injectors::{
    a_connection_is_bad, a_connection_is_cut, a_gateway_is_killed, a_worker_is_killed,
    an_older_program_is_replaced_in_turn, everything_is_restarted_in_turn,
    fifty_clients_stop_reading, the_broker_raises_an_alarm, the_disk_of_the_broker_is_full,
    the_disk_of_the_store_is_full, two_thousand_clients_come_back,
};
use super::poison_messages::poison_is_published;
use super::{Bus, Injection, RunLength, TestCluster};

/// What a fault needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Environment {
    /// Any cluster.
    Any,
    /// A cluster whose servers have small disks.
    SmallDisks,
    /// A cluster that runs an older program.
    OlderProgram,
}

impl Environment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Any, Self::SmallDisks, Self::OlderProgram];
}

/// A fault and its limits.
pub struct Fault {
    /// The name, as in test names.
    pub name: &'static str,
    /// The environment that it needs.
    pub environment: Environment,
    /// Rounds across processes, by the length of the run.
    pub rounds: [usize; 2],
    /// Rounds in one process, by the length of the run; 0 if it does not apply.
    pub rounds_in_one_process: [usize; 2],
    /// The maximum seconds from the repair until all clients are served again.
    pub recovered_within: u64,
    /// Whether the rate of the other clients is measured; then clients type as fast in a long run
    /// as in a short one.
    pub measures_rate: bool,
    inject: for<'a> fn(&'a mut TestCluster, Injection<'a>) -> LocalBoxFuture<'a, ()>,
}

impl Fault {
    /// The number of rounds in a run.
    #[must_use]
    pub fn rounds(&self, bus: Bus, length: RunLength) -> usize {
        match bus {
            Bus::Memory => self.rounds_in_one_process[length as usize],
            Bus::RabbitMq => self.rounds[length as usize],
        }
    }

    /// Injects the fault; returns once it is repaired.
    pub async fn inject(&self, cluster: &mut TestCluster, injection: Injection<'_>) {
        (self.inject)(cluster, injection).await;
    }
}

/// All faults.
pub const FAULTS: [Fault; 14] = [
    Fault {
        name: "a_process_with_client_connections_is_killed",
        environment: Environment::Any,
        rounds: [1, 500],
        rounds_in_one_process: [1, 50],
        recovered_within: 5,
        measures_rate: false,
        inject: |cluster, injection| a_gateway_is_killed(cluster, injection).boxed_local(),
    },
    Fault {
        name: "a_worker_is_killed_at_each_of_five_points",
        environment: Environment::Any,
        rounds: [5, 1_000],
        rounds_in_one_process: [0, 0],
        recovered_within: 20,
        measures_rate: false,
        inject: |cluster, injection| a_worker_is_killed(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_broker_is_killed",
        environment: Environment::Any,
        rounds: [1, 50],
        rounds_in_one_process: [0, 0],
        recovered_within: 20,
        measures_rate: false,
        inject: |cluster, _| async { cluster.crash_broker() }.boxed_local(),
    },
    Fault {
        name: "the_database_is_killed",
        environment: Environment::Any,
        rounds: [1, 50],
        rounds_in_one_process: [0, 0],
        recovered_within: 20,
        measures_rate: false,
        inject: |cluster, _| async { cluster.crash_database() }.boxed_local(),
    },
    Fault {
        name: "a_connection_is_cut_both_ways_or_one_way",
        environment: Environment::Any,
        rounds: [4, 14],
        rounds_in_one_process: [0, 3],
        recovered_within: 15,
        measures_rate: false,
        inject: |cluster, injection| a_connection_is_cut(cluster, injection).boxed_local(),
    },
    Fault {
        name: "a_connection_is_slow_or_reset_or_fragmented",
        environment: Environment::Any,
        rounds: [4, 12],
        rounds_in_one_process: [0, 3],
        recovered_within: 15,
        measures_rate: false,
        inject: |cluster, injection| a_connection_is_bad(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_broker_is_out_of_memory_or_disk",
        environment: Environment::Any,
        rounds: [2, 20],
        rounds_in_one_process: [0, 0],
        recovered_within: 15,
        measures_rate: false,
        inject: |cluster, injection| the_broker_raises_an_alarm(cluster, injection).boxed_local(),
    },
    Fault {
        name: "the_disk_of_the_store_is_full",
        environment: Environment::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [1, 20],
        recovered_within: 20,
        measures_rate: false,
        inject: |cluster, injection| {
            the_disk_of_the_store_is_full(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "the_disk_of_the_broker_is_full",
        environment: Environment::SmallDisks,
        rounds: [1, 20],
        rounds_in_one_process: [0, 0],
        recovered_within: 20,
        measures_rate: false,
        inject: |cluster, injection| {
            the_disk_of_the_broker_is_full(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "thirty_kinds_of_poison_messages_are_published",
        environment: Environment::Any,
        rounds: [1, 1],
        rounds_in_one_process: [0, 0],
        recovered_within: 5,
        measures_rate: false,
        inject: |cluster, _| poison_is_published(cluster).boxed_local(),
    },
    Fault {
        name: "fifty_clients_stop_reading",
        environment: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        recovered_within: 5,
        measures_rate: true,
        inject: |cluster, injection| fifty_clients_stop_reading(cluster, injection).boxed_local(),
    },
    Fault {
        name: "two_thousand_clients_come_back_within_a_second",
        environment: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [0, 10],
        recovered_within: 15,
        measures_rate: false,
        inject: |cluster, injection| {
            two_thousand_clients_come_back(cluster, injection).boxed_local()
        },
    },
    Fault {
        name: "everything_is_restarted_in_turn",
        environment: Environment::Any,
        rounds: [1, 10],
        rounds_in_one_process: [1, 10],
        recovered_within: 5,
        measures_rate: false,
        inject: |cluster, _| everything_is_restarted_in_turn(cluster).boxed_local(),
    },
    Fault {
        name: "an_older_program_is_replaced_in_turn",
        environment: Environment::OlderProgram,
        rounds: [1, 1],
        rounds_in_one_process: [1, 1],
        recovered_within: 5,
        measures_rate: false,
        inject: |cluster, injection| {
            an_older_program_is_replaced_in_turn(cluster, injection).boxed_local()
        },
    },
];
