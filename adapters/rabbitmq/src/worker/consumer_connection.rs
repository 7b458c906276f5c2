//! What a worker consumes: questions, the signs of life of the others, and the queues that are its own.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery as Message;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use sockbit_application::mutex::locked;
use sockbit_application::seal::MessageKind;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::consumer_set::ConsumerSet;
use super::query_inbox;
use super::worker_state::WorkerState;
use crate::bus_messages::Heartbeat;
use crate::connection::{BrokerConnection, BrokerError};
use crate::consumer::consume;
use crate::supervised_connection::{ConnectionRole, Phase, ShutdownSignal};
use crate::topology::{self, WORKERS_KEY};
use crate::worker_registry::{CALLED_ON_EVERY, FORGOTTEN_AFTER, PRESENT_EVERY};

const SIGNS_AHEAD: u16 = 64;
/// What is under way when a worker leaves gets so long; then it comes again to another one.
const FINISHED_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct ConsumerConnection {
    pub shared: Arc<WorkerState>,
}

pub(super) struct Session {
    open: Arc<BrokerConnection>,
    /// Where signs of life are heard.
    queue: String,
    signs: Channel,
    questions: Channel,
    consumers: Mutex<Option<(Consumer, Consumer)>>,
}

/// What a worker learned from a sign of life.
#[derive(PartialEq, Eq)]
enum Learned {
    /// The way from here to here is whole.
    Myself,
    /// A worker that has not heard of this one yet.
    SomeoneNew,
    /// Nothing to be done about.
    Nothing,
}

impl ConsumerConnection {
    /// Keeps to the queues that are this worker's, as the others come and go.
    async fn keep_queues(
        &self,
        session: &Session,
        mut signs: Consumer,
        stands: &mut ConsumerSet,
    ) -> String {
        let mut every = interval(PRESENT_EVERY);
        let mut heard_myself = Instant::now();
        loop {
            let is_to_speak = tokio::select! {
                _ = every.tick() => {
                    if self.shared.publisher.health().is_err() {
                        heard_myself = Instant::now();
                    }
                    if heard_myself.elapsed() > FORGOTTEN_AFTER {
                        return "not even its own sign of life is heard".to_owned();
                    }
                    true
                }
                reason = stands.failed() => return reason,
                message = signs.next() => match message {
                    Some(Ok(message)) => match self.hear(&session.signs, message).await {
                        Learned::Myself => {
                            heard_myself = Instant::now();
                            false
                        }
                        heard => heard == Learned::SomeoneNew,
                    },
                    Some(Err(error)) => return error.to_string(),
                    None => return "the worker's queue is gone".to_owned(),
                },
            };
            if is_to_speak {
                let (shared, here) =
                    (Arc::clone(&self.shared), self.shared.sign_of_life(&session.queue));
                tokio::spawn(async move { shared.tell_all(&here).await });
            }
            stands.hold(&self.shared.due());
        }
    }

    /// Calls on one other worker after the other, and tells everybody who is gone. The broker notices the end of a
    /// process before anybody can miss its word.
    async fn call_on_others(&self, session: &Session) -> Infallible {
        let mut every = interval(CALLED_ON_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let here = self.shared.sign_of_life(&session.queue);
        let mut last = here.worker;
        loop {
            every.tick().await;
            while let Some(other) = self.shared.roster.next_after(last, here.worker)
                && let Some(queue) = other.hears_at.clone()
            {
                last = other.worker;
                if !self.shared.is_gone(&here, queue).await {
                    break;
                }
                tracing::info!(worker = %other.worker, "another worker is gone");
                let gone = Heartbeat { leaves: true, ..other };
                self.shared.roster.hear(gone.clone());
                self.shared.tell_all(&gone).await;
            }
        }
    }

    async fn hear(&self, channel: &Channel, message: Message) -> Learned {
        let heard: Result<Heartbeat, _> =
            self.shared.settings.keys.open(MessageKind::Heartbeat, &message.data);
        // Where this is lost, the connection is.
        channel.basic_ack(message.delivery_tag, BasicAckOptions::default()).await.ok();
        match heard {
            Ok(sign) if sign.worker == self.shared.settings.id => Learned::Myself,
            Ok(sign) => {
                let leaves = sign.leaves;
                let is_change = self.shared.roster.hear(sign);
                if is_change && !leaves { Learned::SomeoneNew } else { Learned::Nothing }
            }
            Err(error) => {
                metrics::counter!("sockbit_bus_unreadable_total").increment(1);
                tracing::warn!(%error, "a sign of life on the bus could not be read");
                Learned::Nothing
            }
        }
    }

    async fn hear_questions(&self, session: &Session, mut questions: Consumer) -> String {
        while let Some(message) = questions.next().await {
            match message {
                Ok(message) => {
                    self.shared.asked.put(&self.shared, &session.questions, message).await;
                }
                Err(error) => return error.to_string(),
            }
        }
        "the queue of questions is gone".to_owned()
    }

    /// Leaves: what was taken is finished, unless this is to be at once.
    async fn leave(&self, session: &Session, stands: &mut ConsumerSet, closing: &ShutdownSignal) {
        stands.hold(&BTreeSet::new());
        let here = self.shared.sign_of_life(&session.queue);
        self.shared.tell_all(&Heartbeat { leaves: true, ..here }).await;
        let finishing = async {
            tokio::join!(self.shared.inbox.finish(), self.shared.asked.finish(), stands.finish(),);
        };
        tokio::select! {
            finished = timeout(FINISHED_WITHIN, finishing) => {
                if finished.is_err() {
                    tracing::warn!("what was under way was not finished in time; it comes again");
                }
            }
            () = closing.reached(Phase::Aborted) => {}
        }
    }
}

#[async_trait]
impl ConnectionRole for ConsumerConnection {
    type Session = Session;

    fn name(&self) -> &'static str {
        "working"
    }

    async fn begin(
        &self,
        open: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<Session, BrokerError> {
        let (signs, questions) = (open.channel().await?, open.channel().await?);
        let settings = &self.shared.settings;
        topology::declare(&signs, settings).await?;
        let queue = settings.names.worker(settings.id, number);
        topology::declare_worker_queue(&signs, &queue).await?;
        let (exchange, key) = (settings.names.announce(), WORKERS_KEY.to_owned());
        topology::bind(&signs, &queue, exchange, key).await?;
        let hearing = consume(&signs, &queue, SIGNS_AHEAD).await?;
        let asking =
            consume(&questions, &settings.names.questions(), query_inbox::PREFETCH).await?;
        let consumers = Mutex::new(Some((hearing, asking)));
        Ok(Session { open: Arc::clone(open), queue, signs, questions, consumers })
    }

    async fn carry_on(&self, session: &Session, closing: &ShutdownSignal) -> String {
        let Some((signs, questions)) = locked(&session.consumers).take() else {
            return String::new();
        };
        let mut stands = ConsumerSet::new(Arc::clone(&self.shared), Arc::clone(&session.open));
        let reason = tokio::select! {
            reason = self.keep_queues(session, signs, &mut stands) => Some(reason),
            reason = self.hear_questions(session, questions) => Some(reason),
            never = self.call_on_others(session) => match never {},
            () = closing.reached(Phase::Draining) => None,
        };
        if reason.is_none() {
            self.leave(session, &mut stands, closing).await;
        }
        reason.unwrap_or_default()
    }

    fn lost(&self, _: &Session) {
        self.shared.inbox.clear();
        self.shared.asked.clear();
        self.shared.let_go_of_all();
    }
}
