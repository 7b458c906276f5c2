//! What was observed during a run: commits of the store and messages to clients. A contradiction
//! between the two is a fault at once; the rest is left to the final checks.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sockbit_application::bus_messages::{CommandEnvelope, OutcomeEnvelope};
use sockbit_application::ports::{BoardChanges, Squash};
use sockbit_domain::{ActorId, Event, EventId, MessageId, Outcome, RejectionCode, Timestamp};

use crate::command_order::CommandOrder;
use crate::counts::Counts;
use crate::typed_tokens::inserted;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A client must not send an older command again: its outcome may be deleted.
const RESENT_WITHIN_MS: i64 = 60 * DAY_MS;

/// When a command was submitted, and by which client under which identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubmittedCommand {
    pub client: usize,
    pub actor: ActorId,
    pub at: Timestamp,
}

/// Everything that is known of a run.
#[derive(Default)]
pub(crate) struct Observations {
    /// The first violated invariant.
    pub fault: Option<String>,
    /// Every event that was ever committed, in all its forms: an event that replaces several has
    /// the id of the last one.
    committed: BTreeMap<EventId, Vec<Event>>,
    /// Squashed events, each with the event that it was squashed into.
    squashed: BTreeMap<EventId, EventId>,
    /// Events that were lost when a backup was restored.
    gone: BTreeSet<EventId>,
    gone_tokens: BTreeSet<char>,
    /// The outcome that each command's sender received.
    outcomes_received: BTreeMap<MessageId, Outcome>,
    commands: BTreeMap<MessageId, SubmittedCommand>,
    /// Commands whose outcome a worker has sent.
    with_outcome_sent: HashSet<MessageId>,
    pub command_order: CommandOrder,
    pub counts: Counts,
}

impl Observations {
    pub fn committed(&mut self, changes: &BoardChanges) {
        self.counts.commits += 1;
        for event in changes.facts.iter().map(|fact| &fact.event) {
            self.committed.entry(event.id).or_default().push(event.clone());
        }
    }

    /// Some events were replaced by one.
    pub fn squashed(&mut self, squash: &Squash) {
        for run in &squash.runs {
            let into = run.event.id;
            self.committed.entry(into).or_default().push(run.event.clone());
            let others = run.replaced.iter().map(|it| it.event).filter(|it| *it != into);
            self.squashed.extend(others.map(|event| (event, into)));
            self.counts.squashed += run.replaced.len() as u64 - 1;
        }
    }

    /// The event that an event was squashed into, if it was.
    pub fn squashed_into(&self, event: EventId) -> Option<EventId> {
        let into = *self.squashed.get(&event)?;
        Some(self.squashed_into(into).unwrap_or(into))
    }

    /// A backup was restored that lacks these changes.
    pub fn restored(&mut self, without: &[BoardChanges]) {
        self.counts.restores += 1;
        for event in without.iter().flat_map(|it| &it.facts).map(|fact| &fact.event) {
            self.gone.insert(event.id);
            self.gone_tokens.extend(inserted(event));
        }
        let forgotten = without.iter().flat_map(|it| &it.outcomes).map(|it| it.message);
        for message in forgotten {
            self.outcomes_received.remove(&message);
        }
    }

    pub fn is_gone(&self, event: EventId) -> bool {
        self.gone.contains(&event)
    }

    pub fn is_gone_token(&self, token: char) -> bool {
        self.gone_tokens.contains(&token)
    }

    /// A client submitted a command, or froze an edit into one.
    pub fn submitted(&mut self, message: MessageId, command: SubmittedCommand) {
        self.commands.entry(message).or_insert(command);
    }

    /// A client sent a command, perhaps again.
    pub fn sent(&mut self, message: MessageId, sent: SubmittedCommand) -> Result<(), String> {
        let first = *self.commands.entry(message).or_insert(sent);
        if first.actor != sent.actor {
            return Err(format!("{message} was submitted under another identity and is sent"));
        }
        let age = sent.at.0 - first.at.0;
        if age > RESENT_WITHIN_MS {
            return Err(format!("{message} is sent again after {} days", age / DAY_MS));
        }
        Ok(())
    }

    pub fn outcomes_received(&self) -> impl Iterator<Item = (&MessageId, &Outcome)> {
        self.outcomes_received.iter()
    }

    /// A client received an outcome: it must be the sender and receive the same outcome each time.
    pub fn received_outcome(
        &mut self,
        client: usize,
        message: MessageId,
        outcome: &Outcome,
    ) -> Result<(), String> {
        if self.commands.get(&message).map(|it| it.client) != Some(client) {
            return Err(format!(
                "client {client} received the outcome of {message}, which it did not send"
            ));
        }
        if let Outcome::Rejected(rejection) = outcome {
            if rejection.code == RejectionCode::MessageIdReused {
                return Err(format!("{message} is rejected as a reused id"));
            }
            if matches!(rejection.code, RejectionCode::TextTooLong | RejectionCode::BoardFull) {
                self.counts.over_limit += 1;
            }
            if !rejection.code.is_recorded() {
                return Ok(());
            }
        }
        let before = self.outcomes_received.insert(message, outcome.clone());
        match before {
            Some(before) if before != *outcome && !self.may_differ(&before, outcome) => {
                Err(format!("{message} had {before:?} and later {outcome:?}"))
            }
            _ => Ok(()),
        }
    }

    /// An outcome that a restore removed may differ when the command is sent again.
    fn may_differ(&self, before: &Outcome, after: &Outcome) -> bool {
        let is_gone = |outcome: &Outcome| match outcome {
            Outcome::Saved { position } | Outcome::Unchanged { position } => {
                self.is_gone(position.event)
            }
            Outcome::Rejected(_) => self.counts.restores > 0,
        };
        is_gone(before) || is_gone(after)
    }

    /// A client received an event: it must be identical to a committed one.
    pub fn received_event(&self, event: &Event) -> Result<(), String> {
        match self.committed.get(&event.id) {
            None => Err(format!("event {} was sent and never committed", event.seq)),
            Some(committed) if committed.contains(event) => Ok(()),
            Some(_) => Err(format!("event {} differs from its commit", event.seq)),
        }
    }

    pub fn outcomes_sent(&mut self, batch: &[OutcomeEnvelope]) {
        self.with_outcome_sent.extend(batch.iter().map(|it| it.message));
    }

    /// Commands may be acknowledged only after their outcomes were sent.
    pub fn acknowledged(&self, commands: &[CommandEnvelope]) -> Result<(), String> {
        let without_outcome =
            commands.iter().find(|it| !self.with_outcome_sent.contains(&it.message));
        match without_outcome {
            Some(command) => {
                Err(format!("{} is acknowledged before its outcome was sent", command.message))
            }
            None => Ok(()),
        }
    }
}
