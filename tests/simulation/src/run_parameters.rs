//! What a seed decides before a run begins: who takes part, and which faults are possible.

use std::time::Duration;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;

use crate::random::{Random, RandomStream};

/// The parameters of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunParameters {
    pub boards: usize,
    pub gateways: usize,
    pub workers: usize,
    pub clients: usize,
    pub queues: usize,
    /// Whether several workers may take from one queue at once, as in one process, or while a
    /// worker has a wrong view of the others.
    pub is_competitive: bool,
    pub limits: Limits,
    pub settings: GatewaySettings,
    /// Maximum bytes of a page of notes or events.
    pub page_bytes: usize,
    /// Maximum latency of one message.
    pub latency_ms: u64,
    /// Average time between two actions of a user.
    pub pace_ms: u64,
    /// The length of a long absence in the middle of the run.
    pub absence_days: Option<i64>,
    /// Whether users change their identity.
    pub changes_identity: bool,
    /// Whether the clocks of clients are set forward and back, and stop while a computer sleeps.
    pub has_wrong_clocks: bool,
    /// How long each client types before it is the next one's turn; zero if all type at once.
    pub typing_turn: Duration,
    /// How long users act and faults happen.
    pub active: Duration,
    pub rates: FaultRates,
    pub process_faults: ProcessFaultCounts,
}

/// The probability of each fault, in a thousand opportunities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FaultRates {
    pub send_refused: usize,
    pub send_unknown: usize,
    pub query_lost: usize,
    pub subscribe_failed: usize,
    pub announce_failed: usize,
    pub announcement_lost: usize,
    pub outcome_lost: usize,
    pub acknowledge_failed: usize,
    pub store_unavailable: usize,
    pub commit_unknown: usize,
    pub store_slow: usize,
    pub decide_panics: usize,
    pub connection_faulty: usize,
    pub presence_lost: usize,
    pub event_delayed: usize,
    pub event_repeated: usize,
    pub frame_refused: usize,
}

impl FaultRates {
    pub const NONE: Self = Self {
        send_refused: 0,
        send_unknown: 0,
        query_lost: 0,
        subscribe_failed: 0,
        announce_failed: 0,
        announcement_lost: 0,
        outcome_lost: 0,
        acknowledge_failed: 0,
        store_unavailable: 0,
        commit_unknown: 0,
        store_slow: 0,
        decide_panics: 0,
        connection_faulty: 0,
        presence_lost: 0,
        event_delayed: 0,
        event_repeated: 0,
        frame_refused: 0,
    };
}

/// The number of faults of whole processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProcessFaultCounts {
    pub worker_crashes: usize,
    pub gateway_crashes: usize,
    pub gateway_drains: usize,
    pub gateway_cuts: usize,
    pub worker_cuts: usize,
    pub store_outages: usize,
    pub hand_overs: usize,
    pub forgettings: usize,
    pub compactions: usize,
    /// At most one.
    pub restores: usize,
}

impl RunParameters {
    /// Three clients on one board, without faults.
    pub fn without_faults() -> Self {
        let connections_per_address_max = 1_000;
        Self {
            boards: 1,
            gateways: 1,
            workers: 1,
            clients: 3,
            queues: 1,
            is_competitive: false,
            limits: Limits::default(),
            settings: GatewaySettings { connections_per_address_max, ..GatewaySettings::default() },
            page_bytes: 100_000,
            latency_ms: 2,
            pace_ms: 400,
            active: Duration::ZERO,
            rates: FaultRates::NONE,
            process_faults: ProcessFaultCounts::default(),
            typing_turn: Duration::ZERO,
            absence_days: None,
            changes_identity: false,
            has_wrong_clocks: false,
        }
    }

    pub fn of(seed: u64) -> Self {
        let mut random = Random::of(seed, RandomStream::Parameters, 0);
        let boards = 1 + random.below(2);
        Self {
            boards,
            gateways: 1 + random.below(3),
            workers: 1 + random.below(3),
            clients: boards + 1 + random.below(4),
            queues: 1 + random.below(3),
            is_competitive: random.percent(50),
            limits: limits(&mut random),
            settings: settings(&mut random),
            page_bytes: random.pick(&[1, 400, 100_000], 1),
            latency_ms: random.pick(&[2, 10, 60, 400], 10),
            pace_ms: random.pick(&[40, 120, 400, 900], 400),
            active: random.millis(4_000, 16_000),
            rates: rates(&mut random),
            process_faults: process_faults(&mut random),
            typing_turn: Duration::from_millis(random.pick(&[0, 0, 1_500, 4_000], 0)),
            absence_days: random.percent(15).then(|| random.pick(&[1, 30, 61, 100], 61)),
            changes_identity: random.percent(40),
            has_wrong_clocks: random.percent(50),
        }
    }
}

fn limits(random: &mut Random) -> Limits {
    match random.below(8) {
        0 => Limits { note_bytes_max: 60, notes_max: 3, ..Limits::default() },
        _ => Limits::default(),
    }
}

/// Small limits, so that they are reached.
fn settings(random: &mut Random) -> GatewaySettings {
    GatewaySettings {
        outgoing_messages_max: random.pick(&[8, 24, 256], 24),
        feed_bytes_max: random.pick(&[1_500, 128 * 1024], 1_500),
        connections_per_address_max: 1_000,
        ..GatewaySettings::default()
    }
}

/// Each kind of fault occurs in about half of the runs, so that each also occurs without the
/// others.
fn rates(random: &mut Random) -> FaultRates {
    let mut rate = |most: usize| if random.percent(50) { 1 + random.below(most) } else { 0 };
    FaultRates {
        send_refused: rate(100),
        send_unknown: rate(150),
        query_lost: rate(100),
        subscribe_failed: rate(200),
        announce_failed: rate(150),
        announcement_lost: rate(200),
        outcome_lost: rate(150),
        acknowledge_failed: rate(200),
        store_unavailable: rate(80),
        commit_unknown: rate(200),
        store_slow: rate(100),
        decide_panics: rate(30),
        connection_faulty: rate(800),
        presence_lost: rate(300),
        event_delayed: rate(150),
        event_repeated: rate(300),
        frame_refused: rate(15),
    }
}

fn process_faults(random: &mut Random) -> ProcessFaultCounts {
    let mut times = |most: usize| if random.percent(40) { 1 + random.below(most) } else { 0 };
    ProcessFaultCounts {
        worker_crashes: times(5),
        gateway_crashes: times(2),
        gateway_drains: times(1),
        gateway_cuts: times(2),
        worker_cuts: times(3),
        store_outages: times(2),
        hand_overs: times(4),
        forgettings: times(2),
        compactions: times(8),
        restores: usize::from(random.percent(20)),
    }
}
