//! Decides all commands of one board in memory, without I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sockbit_domain::{
    Board, Change, ClientId, Context, Decision, EventId, Fact, Limits, LinkId, MessageId, NoteId,
    Outcome, Position, Rejection, RejectionCode, Role, Seq, Timestamp, decide,
};

use super::board_batch::{BoardBatch, ReceivedCommand};
use crate::bus_messages::{AnnouncedEvent, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{BoardChanges, Ids, LoadedBoard, StoredOutcome};

/// The reason in the dead letter of a repeat; the original reason was logged and is not stored.
const FAILED_BEFORE: &str = "deciding it failed before";

/// What a batch results in on one board.
#[derive(Default)]
pub(super) struct DecidedBatch {
    /// The outcomes to send after the commit.
    pub outcomes: Vec<OutcomeEnvelope>,
    /// The events to announce after the commit.
    pub events: Vec<AnnouncedEvent>,
    /// Numbers of events that an earlier run committed and may not have announced.
    pub repeated: BTreeSet<Seq>,
    /// Commands whose decision failed, now or in an earlier run, with the reason.
    pub failed: Vec<(CommandEnvelope, String)>,
}

impl DecidedBatch {
    /// Whether an outcome is not recorded, so that no commit can detect a repeat of its command.
    pub fn has_unrecorded(&self) -> bool {
        let outcomes = self.outcomes.iter().filter_map(|it| it.outcome.as_ref());
        outcomes.into_iter().any(|outcome| !is_recorded(outcome))
    }
}

/// What the core adds to a command to decide it.
pub(super) struct DecisionInputs<'a> {
    pub ids: &'a dyn Ids,
    pub now: Timestamp,
    pub limits: &'a Limits,
}

impl<'a> DecisionInputs<'a> {
    fn context(&self, envelope: &'a CommandEnvelope) -> Context<'a> {
        Context {
            board: envelope.board,
            actor: &envelope.actor,
            key: envelope.key,
            message: envelope.message,
            event: EventId(self.ids.mint()),
            link: LinkId(self.ids.mint()),
            now: self.now,
            limits: self.limits,
        }
    }
}

/// A decided batch that is not committed yet.
pub(super) struct Uncommitted {
    pub decided: DecidedBatch,
    /// `None` if every command was a repeat or is not recorded.
    pub changes: Option<BoardChanges>,
    /// The board after the batch.
    pub board: Option<Board>,
}

/// Decides the commands in order, each on the state that the one before it left.
pub(super) fn decide_batch(
    batch: &BoardBatch<'_>,
    loaded: LoadedBoard,
    inputs: &DecisionInputs<'_>,
) -> Uncommitted {
    let mut decider = BatchDecider {
        inputs,
        expected: loaded.board.as_ref().map(|board| board.head),
        board: loaded.board,
        known: loaded.outcomes.into_iter().map(|it| ((it.client, it.message), it)).collect(),
        facts: Vec::new(),
        new_outcomes: Vec::new(),
        decided: DecidedBatch::default(),
    };
    for received in &batch.commands {
        decider.add(received);
    }
    decider.finish()
}

/// A board while the commands of its batch are decided.
struct BatchDecider<'a> {
    inputs: &'a DecisionInputs<'a>,
    expected: Option<Position>,
    board: Option<Board>,
    known: BTreeMap<(ClientId, MessageId), StoredOutcome>,
    facts: Vec<Fact>,
    new_outcomes: Vec<StoredOutcome>,
    decided: DecidedBatch,
}

impl BatchDecider<'_> {
    fn add(&mut self, received: &ReceivedCommand<'_>) {
        let outcome = match self.repeated_outcome(received) {
            Some(outcome) => outcome,
            None => self.decide_and_record(received),
        };
        let envelope = received.envelope;
        tracing::debug!(
            trace = %envelope.trace, board = %envelope.board, id = %envelope.message, ?outcome,
            "decided"
        );
        self.decided.outcomes.push(envelope.with_outcome(Some(outcome)));
    }

    /// The stored outcome of a repeated command; a rejection if its id came with another body.
    fn repeated_outcome(&mut self, received: &ReceivedCommand<'_>) -> Option<Outcome> {
        let envelope = received.envelope;
        let known = self.known.get(&(envelope.client, envelope.message))?;
        if known.body_hash != received.body_hash {
            return Some(Outcome::Rejected(Rejection::new(
                RejectionCode::MessageIdReused,
                "this message id was used before, for another body",
            )));
        }
        // The run that failed on it may have ended before it dead-lettered it.
        if let Outcome::Rejected(rejection) = &known.outcome
            && rejection.code == RejectionCode::Internal
            && self.decided.failed.iter().all(|(failed, _)| failed.message != envelope.message)
        {
            self.decided.failed.push((envelope.clone(), FAILED_BEFORE.to_owned()));
        }
        // Events of this run are announced anyway, in order.
        if let Outcome::Saved { position } = known.outcome
            && self.expected.is_some_and(|head| position.seq <= head.seq)
        {
            self.decided.repeated.insert(position.seq);
        }
        Some(known.outcome.clone())
    }

    fn decide_and_record(&mut self, received: &ReceivedCommand<'_>) -> Outcome {
        let outcome = match self.decide(received) {
            Ok(Decision::Happened(fact)) => self.apply(received, fact),
            Ok(Decision::Unchanged) => self.unchanged(),
            Err(rejection) => Outcome::Rejected(rejection),
        };
        if is_recorded(&outcome) {
            self.record(received, &outcome);
        }
        outcome
    }

    fn decide(&mut self, received: &ReceivedCommand<'_>) -> Result<Decision, Rejection> {
        let envelope = received.envelope;
        let command = match &received.command {
            Ok(command) => command,
            Err(rejection) if self.is_member(envelope) => return Err(rejection.clone()),
            Err(_) => return Err(Rejection::not_found()),
        };
        let board = self.board.as_ref();
        let decision = catch_unwind(AssertUnwindSafe(|| {
            decide(board, command, &self.inputs.context(envelope))
        }));
        decision.unwrap_or_else(|panic| Err(self.fail(envelope, panic_message(&*panic))))
    }

    fn is_member(&self, envelope: &CommandEnvelope) -> bool {
        self.board.as_ref().is_some_and(|board| board.role(envelope.actor.id).is_some())
    }

    fn apply(&mut self, received: &ReceivedCommand<'_>, fact: Fact) -> Outcome {
        let follows = self.board.as_ref().map(|board| board.head.event);
        if let Some(board) = &mut self.board {
            if let Err(error) = board.apply(&fact) {
                return Outcome::Rejected(self.fail(received.envelope, error.to_string()));
            }
        } else {
            self.board = Board::created(&fact.event);
        }
        let position = fact.event.position();
        let trace = received.envelope.trace;
        self.decided.events.push(AnnouncedEvent { trace, follows, event: fact.event.clone() });
        self.facts.push(fact);
        Outcome::Saved { position }
    }

    fn unchanged(&self) -> Outcome {
        match &self.board {
            Some(board) => Outcome::Unchanged { position: board.head },
            None => Outcome::Rejected(Rejection::not_found()),
        }
    }

    fn record(&mut self, received: &ReceivedCommand<'_>, outcome: &Outcome) {
        let stored = StoredOutcome {
            client: received.envelope.client,
            message: received.envelope.message,
            body_hash: received.body_hash,
            outcome: outcome.clone(),
            at: self.inputs.now,
        };
        self.known.insert((stored.client, stored.message), stored.clone());
        self.new_outcomes.push(stored);
    }

    fn fail(&mut self, envelope: &CommandEnvelope, reason: String) -> Rejection {
        tracing::error!(trace = %envelope.trace, %reason, "deciding a command failed");
        self.decided.failed.push((envelope.clone(), reason));
        Rejection::new(
            RejectionCode::Internal,
            "the server failed on this command and has set it aside",
        )
    }

    fn finish(self) -> Uncommitted {
        let Self { expected, board, facts, new_outcomes, decided, .. } = self;
        let changes = board
            .as_ref()
            .filter(|_| !facts.is_empty() || !new_outcomes.is_empty())
            .map(|board| changes(board, expected, facts, new_outcomes));
        Uncommitted { decided, changes, board }
    }
}

fn changes(
    board: &Board,
    expected: Option<Position>,
    facts: Vec<Fact>,
    outcomes: Vec<StoredOutcome>,
) -> BoardChanges {
    let changed = changed_notes(&facts);
    BoardChanges {
        board: board.id,
        expected,
        head: board.head,
        title: board.title.clone(),
        note_count: board.note_count,
        text_bytes: board.text_bytes,
        notes: changed.iter().filter_map(|id| board.notes.get(id)).cloned().collect(),
        members: new_members(&facts),
        links: added_links(board, &facts),
        facts,
        outcomes,
    }
}

fn is_recorded(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Saved { .. } | Outcome::Unchanged { .. } => true,
        Outcome::Rejected(rejection) => rejection.code.is_recorded(),
    }
}

fn panic_message(cause: &(dyn std::any::Any + 'static)) -> String {
    cause
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "it panicked without a message".to_owned())
}

fn changed_notes(facts: &[Fact]) -> BTreeSet<NoteId> {
    facts.iter().filter_map(|fact| fact.event.change.note()).collect()
}

fn new_members(facts: &[Fact]) -> Vec<(sockbit_domain::ActorId, Role)> {
    let role = |fact: &Fact| match fact.event.change {
        Change::BoardCreated { .. } => Some(Role::Owner),
        Change::MemberJoined { role } => Some(role),
        _ => None,
    };
    facts.iter().filter_map(|fact| Some((fact.event.actor.id, role(fact)?))).collect()
}

fn added_links(board: &Board, facts: &[Fact]) -> Vec<sockbit_domain::Link> {
    let added = facts.iter().filter(|fact| matches!(fact.event.change, Change::LinkAdded { .. }));
    let first = board.links.len().saturating_sub(added.count());
    board.links.iter().skip(first).cloned().collect()
}
