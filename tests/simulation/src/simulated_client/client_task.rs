//! What happens to a client over time: frames arrive, timers end, and the user acts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sockbit_application::gateway::Identity;
use sockbit_application::mutex::locked;
use sockbit_client::{JoinState, PersistedCommand, SaveState};
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{Command, NoteId};
use tokio::time::{Instant, sleep_until};

use super::client::SimulatedClient;
use crate::board_setup::KEY;
use crate::machine_input::MachineInput;

const TICK_EVERY: Duration = Duration::from_secs(1);
/// How far a wall clock is set at once, in milliseconds.
const CLOCK_STEP_MAX: u64 = 60 * 60 * 1_000;

/// Runs the client until the run ends.
pub(crate) async fn run_client(client: Arc<Mutex<SimulatedClient>>) {
    loop {
        let (connection, due, sleeps_for) = {
            let mut client = locked(&client);
            (client.connection.network(), client.next_due(), client.sleeps_for.take())
        };
        if let Some(pause) = sleeps_for {
            let (context, start) = (Arc::clone(&locked(&client).context), Instant::now());
            context.pause(pause).await;
            locked(&client).clocks.slept(start.elapsed());
            continue;
        }
        let frame = async {
            match &connection {
                Some(connection) => connection.down.receive().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = frame => locked(&client).on_frame(frame),
            () = sleep_until(due) => locked(&client).on_time(),
        }
    }
}

impl SimulatedClient {
    /// A frame arrived, or the connection ended.
    fn on_frame(&mut self, frame: Option<Bytes>) {
        let Some(frame) = frame else { return self.lose() };
        let Ok(text) = std::str::from_utf8(&frame) else { return };
        self.context.log(format_args!("client {}: < {text}", self.number));
        let Ok(message) = ServerMessage::parse(text) else {
            return self.context.fault(format!("client {} cannot read {text}", self.number));
        };
        self.connection.frame_received();
        let number = self.number;
        let checked = self.connection.checker.received(
            number,
            &message,
            &mut locked(&self.context.observations),
        );
        if let Err(fault) = checked {
            self.context.fault(fault);
        }
        for message in self.deviations.received(message) {
            self.on_message(message);
        }
    }

    fn on_message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { actor, .. } => {
                self.connection.welcomed();
                self.page_actor = actor.id;
                self.input(MachineInput::Connected { actor });
            }
            ServerMessage::Pong {} => {}
            message => {
                self.count_snapshots(&message);
                let message = Box::new(self.bug.incoming(message));
                self.input(MachineInput::Receive { message });
            }
        }
    }

    fn count_snapshots(&self, message: &ServerMessage) {
        let counts = &mut locked(&self.context.observations).counts;
        match message {
            ServerMessage::BaseGone { .. } => counts.base_gone += 1,
            ServerMessage::Reply { .. } => counts.pulled_pages += 1,
            _ => {}
        }
    }

    /// Runs what is due.
    fn on_time(&mut self) {
        let now = Instant::now();
        if self.store_at.is_some_and(|it| it <= now) {
            self.store();
        }
        if self.next_tick <= now {
            self.next_tick = now + TICK_EVERY;
            self.tick();
        }
        if self.connection.is_due(now) {
            self.connect();
        }
        if self.next_move <= now {
            self.next_move = now + self.presence_random.millis(1, 3_000);
            if !self.context.is_settling() {
                self.move_to_another_note();
            }
        }
        if self.next_act <= now {
            self.next_act = now + self.random.millis(1, 2 * self.context.parameters.pace_ms);
            if self.context.is_active() {
                self.act();
            }
        }
    }

    fn next_due(&self) -> Instant {
        let due = self.next_tick.min(self.next_act).min(self.next_move);
        let due = self.store_at.map_or(due, |it| it.min(due));
        self.connection.due().map_or(due, |it| it.min(due))
    }

    fn tick(&mut self) {
        for message in self.deviations.take_delayed() {
            self.on_message(message);
        }
        self.maybe_set_clock();
        self.input(MachineInput::Tick);
        if self.connection.is_silent() {
            self.context.log(format_args!("client {}: the connection is silent", self.number));
            self.lose();
        } else if self.connection.needs_ping() {
            self.send(r#"{"v":1,"type":"ping"}"#.to_owned());
        }
        if self.machine.join_state() == JoinState::Refused && self.random.percent(50) {
            self.open_link();
        }
        if self.context.is_settling() {
            self.finish_typing();
        }
    }

    /// NTP or the user sets the wall clock forward or back.
    fn maybe_set_clock(&mut self) {
        let is_wrong = self.context.is_active() && self.context.parameters.has_wrong_clocks;
        if !is_wrong || !self.clock_random.percent(8) {
            return;
        }
        let step = i64::try_from(self.clock_random.next() % CLOCK_STEP_MAX).unwrap_or(0);
        let is_forward = self.clock_random.percent(50);
        self.clocks.set_wall(if is_forward { step } else { -step });
        let counts = &mut locked(&self.context.observations).counts;
        counts.clocks_set_forward += u64::from(is_forward);
        counts.clocks_set_back += u64::from(!is_forward);
    }

    /// Connects to one of the gateways.
    fn connect(&mut self) {
        let identity = Identity { actor: self.actor.clone(), client: self.client };
        if self.connection.open(&self.context, self.number, identity, &mut self.random) {
            self.context.log(format_args!("client {}: connects", self.number));
            locked(&self.context.observations).counts.connections += 1;
        }
    }

    /// The user leaves the notes that they typed in.
    fn finish_typing(&mut self) {
        let notes = self.machine.notes().into_iter().map(|note| note.id);
        let typed = notes.filter(|it| self.machine.save_status(*it).state == SaveState::Editing);
        for note in typed.collect::<Vec<NoteId>>() {
            self.input(MachineInput::Flush { note });
        }
        self.connection.end_absence();
    }

    /// Opens the board's link, unless that command is already queued.
    fn open_link(&mut self) {
        let saved = self.machine.persisted_state();
        let mut commands = saved.iter().flat_map(|saved| &saved.outbox);
        let is_queued = commands.any(
            |it| matches!(it, PersistedCommand::Frozen { body, .. } if body.contains("join_board")),
        );
        if !is_queued {
            self.submit(Command::JoinBoard {}, Some(KEY));
        }
    }
}
