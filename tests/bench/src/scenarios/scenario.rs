//! The list of scenarios.

use anyhow::Result;
use clap::ValueEnum;

use super::figures::{CPU, DUPLICATED, Figures, GENERATOR, LOST};
use super::length::Length;
use super::{fan_out, idle, latency, reconnect, saturation, start};
use crate::deployment::{Deployment, Subject};
use crate::setup::Ids;

/// A load scenario.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Scenario {
    /// Start of `sockbit serve` on an empty database until its first page
    Start,
    /// 10,000 connections that do nothing
    Idle,
    /// 20 writers and 80 readers on 10 boards, 200 edits/s whatever the server does
    #[value(name = "latency-200")]
    Latency200,
    /// The same at 1,000 edits/s
    #[value(name = "latency-1000")]
    Latency1000,
    /// 64 writers on 32 boards, each with 8 unfinished edits
    Saturation,
    /// 1,000 readers of one board
    #[value(name = "fan-out-1000")]
    FanOut1000,
    /// 5,000 readers of one board
    #[value(name = "fan-out-5000")]
    FanOut5000,
    /// 5,000 readers of 50 boards disconnected at once, while 100 edits/s go on
    Reconnect,
}

impl Scenario {
    /// Idle connections come before any load: memory that a load used is used again.
    pub const ALL: [Self; 8] = [
        Self::Start,
        Self::Idle,
        Self::Latency200,
        Self::Latency1000,
        Self::Saturation,
        Self::FanOut1000,
        Self::FanOut5000,
        Self::Reconnect,
    ];

    /// Whether it measures this subject.
    pub fn applies_to(self, subject: Subject) -> bool {
        self != Self::Start || subject == Subject::Sqlite
    }

    /// Measures a deployment.
    pub fn run(
        self,
        deployment: &Deployment<'_>,
        ids: &mut Ids,
        length: Length,
    ) -> Result<Figures> {
        match self {
            Self::Start => start::run(length),
            Self::Idle => idle::run(deployment, ids, length),
            Self::Latency200 => latency::run(deployment, ids, 200.0, length),
            Self::Latency1000 => latency::run(deployment, ids, 1_000.0, length),
            Self::Saturation => saturation::run(deployment, ids, length),
            Self::FanOut1000 => fan_out::run(deployment, ids, 1_000, length),
            Self::FanOut5000 => fan_out::run(deployment, ids, 5_000, length),
            Self::Reconnect => reconnect::run(deployment, ids, length),
        }
    }

    /// The heading of its table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Idle => "Idle connections",
            Self::Latency200 => "Latency at 200 edits/s",
            Self::Latency1000 => "Latency at 1,000 edits/s",
            Self::Saturation => "Saturation",
            Self::FanOut1000 => "Fan-out to 1,000 readers",
            Self::FanOut5000 => "Fan-out to 5,000 readers",
            Self::Reconnect => "5,000 readers reconnect",
        }
    }

    /// What is done and what the figures mean.
    pub fn description(self) -> &'static str {
        match self {
            Self::Start => {
                "From the start of `sockbit serve` on an empty database until its first page has arrived."
            }
            Self::Idle => {
                "10,000 connections (2,000 in a quick run) beyond the first 100 join 100 boards and do nothing. Memory is the resident memory of the processes that hold the connections; the kernel's buffers are not in it."
            }
            Self::Latency200 | Self::Latency1000 => {
                "20 writers and 80 readers on 10 boards. Edits are sent at fixed times, whatever the server does, and each is timed from when it was due until it arrives at each other client of its board."
            }
            Self::Saturation => {
                "64 writers on 32 boards, each with 8 unfinished edits. An edit is finished when its writer receives the event or the outcome."
            }
            Self::FanOut1000 => {
                "One writer and 1,000 readers of one board. First four edits at a time that have not reached every reader; then 20 edits/s, timed as above."
            }
            Self::FanOut5000 => "The same with 5,000 readers, and 4 edits/s.",
            Self::Reconnect => {
                "5,000 readers on 50 boards are disconnected at once and connect again immediately, at most 256 handshakes at a time, while 50 writers make 100 edits/s. A client is back when it has the state of its board and receives events. Missed are the events that never arrived as messages; Socket.IO clients find them in the state that they load."
            }
        }
    }

    /// The columns of its table.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Start => &["first page, ms"],
            Self::Idle => &["KiB/connection", "connections/s", GENERATOR],
            Self::Latency200 | Self::Latency1000 => {
                &["p50 ms", "p99 ms", "max ms", CPU, LOST, DUPLICATED, GENERATOR]
            }
            Self::Saturation => &["edits/s", "p50 ms", "p99 ms", CPU, LOST, DUPLICATED, GENERATOR],
            Self::FanOut1000 | Self::FanOut5000 => &[
                "deliveries/s",
                "p50 ms",
                "p99 ms",
                "max ms",
                "CPU s/million deliveries",
                LOST,
                DUPLICATED,
                GENERATOR,
            ],
            Self::Reconnect => &["all back, s", "missed/client", LOST, DUPLICATED, GENERATOR],
        }
    }

    /// The columns that are plotted.
    pub fn plotted(self) -> &'static [&'static str] {
        match self {
            Self::Latency200 | Self::Latency1000 => &["p50 ms", "p99 ms"],
            _ => &self.columns()[..1],
        }
    }
}
