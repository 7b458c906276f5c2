//! The fault rig: clients type, a fault is injected and repaired, and everything that they typed is
//! checked.

mod bus_and_transport;
mod cluster;
mod fault;
mod fault_injectors;
mod injection;
mod page_probe;
mod poison_messages;
mod proxied_processes;
mod reconnect_storm;
mod run_length;
mod small_disk;
mod stalled_readers;
mod typing_clients;

pub use bus_and_transport::{Bus, Transport};
pub use cluster::{ClusterOptions, Disks, TestCluster};
pub use fault::{Environment, FAULTS, Fault};
pub use injection::{Injection, Measurements};
pub use page_probe::{Page, PageProbe, ProbeState};
pub use run_length::RunLength;
pub use small_disk::SmallDisk;
pub use typing_clients::{TypingClients, TypingResult};
