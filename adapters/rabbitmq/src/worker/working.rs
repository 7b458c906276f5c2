//! What a worker consumes: questions, the presences of the others, and the queues that are its own.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery as Message;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use sockbit_application::seal::Kind;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::asked;
use super::common::Common;
use super::stands::Stands;
use crate::connection::{Fault, Open};
use crate::consuming::consume;
use crate::link::{Closing, Purpose, Stage, locked};
use crate::roster::{CALLED_ON_EVERY, FORGOTTEN_AFTER, PRESENT_EVERY};
use crate::topology::{self, WORKERS_KEY};
use crate::wire::Presence;

const PRESENCES_AHEAD: u16 = 64;
/// What is under way when a worker leaves gets so long; then it comes again to another one.
const FINISHED_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Working {
    pub common: Arc<Common>,
}

pub(super) struct Session {
    open: Arc<Open>,
    /// Where presences are heard.
    queue: String,
    presences: Channel,
    questions: Channel,
    consumers: Mutex<Option<(Consumer, Consumer)>>,
}

/// What a worker learned from a presence.
#[derive(PartialEq, Eq)]
enum Heard {
    /// The way from here to here is whole.
    Myself,
    /// A worker that has not heard of this one yet.
    SomeoneNew,
    /// Nothing to be done about.
    Nothing,
}

impl Working {
    /// Keeps to the queues that are this worker's, as the others come and go.
    async fn keep_queues(
        &self,
        session: &Session,
        mut presences: Consumer,
        stands: &mut Stands,
    ) -> String {
        let mut every = interval(PRESENT_EVERY);
        let mut heard_myself = Instant::now();
        loop {
            let is_to_speak = tokio::select! {
                _ = every.tick() => {
                    if self.common.publisher.health().is_err() {
                        heard_myself = Instant::now();
                    }
                    if heard_myself.elapsed() > FORGOTTEN_AFTER {
                        return "not even its own presence is heard".to_owned();
                    }
                    true
                }
                reason = stands.failed() => return reason,
                message = presences.next() => match message {
                    Some(Ok(message)) => match self.hear(&session.presences, message).await {
                        Heard::Myself => {
                            heard_myself = Instant::now();
                            false
                        }
                        heard => heard == Heard::SomeoneNew,
                    },
                    Some(Err(error)) => return error.to_string(),
                    None => return "the worker's queue is gone".to_owned(),
                },
            };
            if is_to_speak {
                let (common, here) =
                    (Arc::clone(&self.common), self.common.presence(&session.queue));
                tokio::spawn(async move { common.tell_all(&here).await });
            }
            stands.hold(&self.common.due());
        }
    }

    /// Calls on one other worker after the other, and tells everybody who is gone. The broker notices the end of a
    /// process before anybody can miss its word.
    async fn call_on_others(&self, session: &Session) -> Infallible {
        let mut every = interval(CALLED_ON_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let here = self.common.presence(&session.queue);
        let mut last = here.worker;
        loop {
            every.tick().await;
            while let Some(other) = self.common.roster.next_after(last, here.worker)
                && let Some(queue) = other.hears_at.clone()
            {
                last = other.worker;
                if !self.common.is_gone(&here, queue).await {
                    break;
                }
                tracing::info!(worker = %other.worker, "another worker is gone");
                let gone = Presence { leaves: true, ..other };
                self.common.roster.hear(gone.clone());
                self.common.tell_all(&gone).await;
            }
        }
    }

    async fn hear(&self, channel: &Channel, message: Message) -> Heard {
        let heard: Result<Presence, _> =
            self.common.settings.keys.open(Kind::Presence, &message.data);
        // Where this is lost, the connection is.
        channel.basic_ack(message.delivery_tag, BasicAckOptions::default()).await.ok();
        match heard {
            Ok(presence) if presence.worker == self.common.settings.id => Heard::Myself,
            Ok(presence) => {
                let leaves = presence.leaves;
                let is_change = self.common.roster.hear(presence);
                if is_change && !leaves { Heard::SomeoneNew } else { Heard::Nothing }
            }
            Err(error) => {
                metrics::counter!("sockbit_bus_unreadable_total").increment(1);
                tracing::warn!(%error, "a presence on the bus could not be read");
                Heard::Nothing
            }
        }
    }

    async fn hear_questions(&self, session: &Session, mut questions: Consumer) -> String {
        while let Some(message) = questions.next().await {
            match message {
                Ok(message) => {
                    self.common.asked.put(&self.common, &session.questions, message).await;
                }
                Err(error) => return error.to_string(),
            }
        }
        "the queue of questions is gone".to_owned()
    }

    /// Leaves: what was taken is finished, unless this is to be at once.
    async fn leave(&self, session: &Session, stands: &mut Stands, closing: &Closing) {
        stands.hold(&BTreeSet::new());
        let here = self.common.presence(&session.queue);
        self.common.tell_all(&Presence { leaves: true, ..here }).await;
        let finishing = async {
            tokio::join!(self.common.inbox.finish(), self.common.asked.finish(), stands.finish(),);
        };
        tokio::select! {
            finished = timeout(FINISHED_WITHIN, finishing) => {
                if finished.is_err() {
                    tracing::warn!("what was under way was not finished in time; it comes again");
                }
            }
            () = closing.reached(Stage::Abandoned) => {}
        }
    }
}

#[async_trait]
impl Purpose for Working {
    type Session = Session;

    fn name(&self) -> &'static str {
        "working"
    }

    async fn begin(&self, open: &Arc<Open>, number: u64) -> Result<Session, Fault> {
        let (presences, questions) = (open.channel().await?, open.channel().await?);
        let settings = &self.common.settings;
        topology::declare(&presences, settings).await?;
        let queue = settings.names.worker(settings.id, number);
        topology::declare_presence_queue(&presences, &queue).await?;
        let (exchange, key) = (settings.names.announce(), WORKERS_KEY.to_owned());
        topology::bind(&presences, &queue, exchange, key).await?;
        let hearing = consume(&presences, &queue, PRESENCES_AHEAD).await?;
        let asking = consume(&questions, &settings.names.questions(), asked::PREFETCH).await?;
        let consumers = Mutex::new(Some((hearing, asking)));
        Ok(Session { open: Arc::clone(open), queue, presences, questions, consumers })
    }

    async fn carry_on(&self, session: &Session, closing: &Closing) -> String {
        let Some((presences, questions)) = locked(&session.consumers).take() else {
            return String::new();
        };
        let mut stands = Stands::new(Arc::clone(&self.common), Arc::clone(&session.open));
        let reason = tokio::select! {
            reason = self.keep_queues(session, presences, &mut stands) => Some(reason),
            reason = self.hear_questions(session, questions) => Some(reason),
            never = self.call_on_others(session) => match never {},
            () = closing.reached(Stage::Finishing) => None,
        };
        if reason.is_none() {
            self.leave(session, &mut stands, closing).await;
        }
        reason.unwrap_or_default()
    }

    fn lost(&self, _: &Session) {
        self.common.inbox.clear();
        self.common.asked.clear();
        self.common.let_go_of_all();
    }
}
