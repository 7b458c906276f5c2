//! The bus as a gateway sees it.

mod announcement_consumer;
mod bounded_inbox;
mod circuit_breaker;
mod intake_consumer;
mod pending_queries;
mod presence_updates;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::byte_batches::split_by_bytes;
use sockbit_application::envelope::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Commands, Incoming, Intake, IntakeMessage, Presence, Queries, SendError,
    Unavailable,
};
use sockbit_application::seal::MessageKind;
use sockbit_application::slot::Slot;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::announcement_consumer::{AnnouncementConsumer, BindingChange, Session};
use self::circuit_breaker::CircuitBreaker;
use self::intake_consumer::IntakeConsumer;
use self::presence_updates::PresenceUpdates;
use crate::bus_messages::QueryMessage;
use crate::connect_error::ConnectError;
use crate::publisher::{CONNECTED_WITHIN, OutgoingMessage, PublishResult, Publisher};
use crate::settings::Settings;
use crate::supervised_connection::{Phase, ShutdownSignal, SupervisedConnection};
use crate::topology::{ANSWER_WITHIN, queue_of};

/// A deadline for what is asked of the broker, also while it is away.
const LISTEN_WITHIN: Duration = Duration::from_secs(5);
/// Questions that wait for their answers at the same time.
const QUESTIONS_MAX: usize = 1_024;
/// The broker takes larger messages, but whoever consumes them holds many at once.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;

/// One gateway's ports.
pub struct GatewayEndpoint {
    settings: Arc<Settings>,
    publisher: Publisher,
    hearing: Arc<SupervisedConnection<AnnouncementConsumer>>,
    taking_in: Arc<SupervisedConnection<IntakeConsumer>>,
    telling: Arc<SupervisedConnection<PresenceUpdates>>,
    places: Semaphore,
    silent: CircuitBreaker,
    closing: ShutdownSignal,
    keeping: tokio::sync::Mutex<Vec<JoinHandle<()>>>,
}

/// Connects a gateway. The first connection is made before this returns; from then on, a lost one
/// is made anew until the end is closed or dropped.
pub async fn connect_gateway(settings: Settings) -> Result<Arc<GatewayEndpoint>, ConnectError> {
    let settings = Arc::new(settings);
    let closing = ShutdownSignal::new();
    let failed = |fault| ConnectError::new(&settings, &fault);
    let publisher = Publisher::establish(Arc::clone(&settings), closing.clone());
    let publisher = publisher.await.map_err(failed)?;
    let hearing = AnnouncementConsumer::new(Arc::clone(&settings));
    let hearing = SupervisedConnection::establish(hearing, Arc::clone(&settings), closing.clone());
    let hearing = hearing.await.map_err(failed)?;
    let taking_in = IntakeConsumer::new(Arc::clone(&settings), publisher.clone());
    let taking_in =
        SupervisedConnection::establish(taking_in, Arc::clone(&settings), closing.clone());
    let taking_in = taking_in.await.map_err(failed)?;
    let telling = PresenceUpdates::new(Arc::clone(&settings), publisher.clone());
    let telling = SupervisedConnection::establish(telling, Arc::clone(&settings), closing.clone());
    let telling = telling.await.map_err(failed)?;
    let keeping = vec![
        tokio::spawn({
            let publisher = publisher.clone();
            async move { publisher.keep().await }
        }),
        tokio::spawn({
            let hearing = Arc::clone(&hearing);
            async move { hearing.keep().await }
        }),
        tokio::spawn({
            let taking_in = Arc::clone(&taking_in);
            async move { taking_in.keep().await }
        }),
        tokio::spawn({
            let telling = Arc::clone(&telling);
            async move { telling.keep().await }
        }),
    ];
    Ok(Arc::new(GatewayEndpoint {
        settings,
        publisher,
        hearing,
        taking_in,
        telling,
        places: Semaphore::new(QUESTIONS_MAX),
        silent: CircuitBreaker::default(),
        closing,
        keeping: tokio::sync::Mutex::new(keeping),
    }))
}

impl GatewayEndpoint {
    /// Why this gateway cannot serve now.
    pub fn health(&self) -> Result<(), String> {
        self.publisher.health()?;
        self.hearing.now().ok_or_else(|| self.hearing.fault())?;
        let roster = &self.hearing.purpose.roster;
        if roster.present().is_empty() {
            return Err("no worker is heard on the bus".to_owned());
        }
        roster.agree(self.settings.work_queues)
    }

    /// Ends it: whoever waits is told that nothing more comes. ShutdownSignal twice is once.
    pub async fn close(&self) {
        self.closing.set(Phase::Draining);
        self.hearing.purpose.waiting.give_up();
        for keeping in self.keeping.lock().await.drain(..) {
            // A supervisor that panicked is gone as well.
            keeping.await.ok();
        }
    }

    /// Sees to it that outcomes find their way back before anything is sent.
    async fn have_addresses(&self, batch: &[CommandEnvelope]) -> Result<(), String> {
        for command in batch {
            let (address, hearing) = (command.reply_to.gateway, &self.hearing.purpose);
            if locked(&hearing.addresses).insert(address)
                && let Err(error) = self.have(BindingChange::Answers(address)).await
            {
                locked(&hearing.addresses).remove(&address);
                return Err(error.0);
            }
        }
        Ok(())
    }

    /// Has it so on the connection that stands, or on the next, within a deadline.
    async fn have(&self, wish: BindingChange) -> Result<(), Unavailable> {
        let had = timeout(LISTEN_WITHIN, self.have_in_the_end(wish)).await;
        had.unwrap_or_else(|_| Err("RabbitMQ did not answer in time".to_owned()))
            .map_err(Unavailable)
    }

    async fn have_in_the_end(&self, wish: BindingChange) -> Result<(), String> {
        loop {
            let standing = self.hearing.soon(LISTEN_WITHIN).await?;
            match self.hearing.purpose.have(&standing.session, wish).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    standing.give_up(&error.to_string());
                    self.gone(&standing.session).await;
                }
            }
        }
    }

    /// Waits until a session that was given up is no longer the current one.
    async fn gone(&self, session: &Session) {
        while let Some(now) = self.hearing.now()
            && std::ptr::eq(&raw const now.session, session)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The batch as bus messages with their queues, in order for each queue.
    fn parcels(&self, batch: &[CommandEnvelope]) -> Result<Vec<(u16, OutgoingMessage)>, String> {
        let mut queues: BTreeMap<u16, Vec<&CommandEnvelope>> = BTreeMap::new();
        for command in batch {
            let queue = queue_of(Slot::of(command.board), self.settings.work_queues);
            queues.entry(queue).or_default().push(command);
        }
        let mut parcels = Vec::new();
        for (queue, commands) in queues {
            for message in split_commands(commands) {
                let sealed = self.settings.keys.seal(MessageKind::Commands, &message);
                let body = sealed.map_err(|error| error.to_string())?;
                let name = self.settings.names.work(queue);
                parcels
                    .push((queue, OutgoingMessage::kept(name, MessageKind::Commands.name(), body)));
            }
        }
        Ok(parcels)
    }

    async fn answered(&self, question: CoreQuery) -> Result<CoreReply, String> {
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        // A reply would not find its way while there is nobody to hear it.
        self.hearing.soon(CONNECTED_WITHIN).await?;
        let mut place = self.hearing.purpose.waiting.begin();
        let asking = QueryMessage { gateway: self.settings.id, number: place.number, question };
        let sealed = self.settings.keys.seal(MessageKind::Queries, &asking);
        let body = sealed.map_err(|error| error.to_string())?;
        let kind = MessageKind::Queries.name();
        let parcel =
            OutgoingMessage::news(String::new(), self.settings.names.questions(), kind, body)
                .with(|it| it.with_expiration(ANSWER_WITHIN.as_millis().to_string().into()));
        self.publisher.post(parcel).await?;
        let answer = place.answer().await;
        answer.ok_or_else(|| "the connection to RabbitMQ was lost".to_owned())
    }
}

impl Drop for GatewayEndpoint {
    fn drop(&mut self) {
        self.closing.set(Phase::Aborted);
    }
}

/// Splits commands into messages that are not too large.
fn split_commands<'a>(commands: Vec<&'a CommandEnvelope>) -> Vec<Vec<&'a CommandEnvelope>> {
    let bytes = |command: &&CommandEnvelope| command.body.get().len() + ENVELOPE_BYTES;
    split_by_bytes(commands, MESSAGE_BYTES_MAX, bytes)
}

/// About what a command takes beside its body.
const ENVELOPE_BYTES: usize = 512;

#[async_trait]
impl Commands for GatewayEndpoint {
    async fn send(&self, batch: Vec<CommandEnvelope>) -> Result<(), SendError> {
        if self.closing.is_set() {
            return Err(SendError::Refused("the bus is closed".to_owned()));
        }
        let ready = self.hearing.purpose.roster.agree(self.settings.work_queues);
        ready.map_err(SendError::Refused)?;
        self.have_addresses(&batch).await.map_err(SendError::Refused)?;
        let parcels = self.parcels(&batch).map_err(SendError::Refused)?;
        let (answering, silent) = self.silent.part(parcels);
        let (queues, parcels): (Vec<u16>, Vec<OutgoingMessage>) = answering.into_iter().unzip();
        let mut verdicts = self.publisher.publish(parcels).await;
        self.silent.learn(&queues, &verdicts);
        verdicts.extend(silent.into_iter().map(|(queue, _)| {
            PublishResult::Refused(format!("{} does not answer", self.settings.names.work(queue)))
        }));
        result(verdicts)
    }
}

/// One word for a batch that went into several queues. It is refused only where none has any of it.
fn result(verdicts: Vec<PublishResult>) -> Result<(), SendError> {
    let is_taken = verdicts.contains(&PublishResult::Taken);
    let mut refused = None;
    for verdict in verdicts {
        match verdict {
            PublishResult::Taken => {}
            PublishResult::Refused(reason) | PublishResult::Unroutable(reason) => {
                refused = Some(reason)
            }
            PublishResult::Unknown(reason) | PublishResult::Silent(reason) => {
                return Err(SendError::Unknown(reason));
            }
        }
    }
    match refused {
        None => Ok(()),
        Some(reason) if is_taken => {
            Err(SendError::Unknown(format!("a part was refused: {reason}")))
        }
        Some(reason) => Err(SendError::Refused(reason)),
    }
}

#[async_trait]
impl Queries for GatewayEndpoint {
    async fn query(&self, question: CoreQuery) -> Result<CoreReply, Unavailable> {
        tokio::select! {
            answered = timeout(ANSWER_WITHIN, self.answered(question)) => answered
                .unwrap_or_else(|_| Err("no worker answered in time".to_owned()))
                .map_err(Unavailable),
            () = self.closing.reached(Phase::Draining) => {
                Err(Unavailable("the bus is closed".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Announcements for GatewayEndpoint {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        // Before it is bound, so that a connection that comes meanwhile binds it too.
        locked(&self.hearing.purpose.slots).insert(slot);
        tokio::join!(self.have(BindingChange::Incoming(slot)), self.telling.subscribe(slot)).0
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.hearing.purpose.slots).remove(&slot);
        tokio::join!(self.have(BindingChange::NoNews(slot)), self.telling.unsubscribe(slot)).0
    }

    async fn next(&self) -> Option<Incoming> {
        tokio::select! {
            biased;
            () = self.closing.reached(Phase::Draining) => None,
            news = self.hearing.purpose.news.next() => Some(news),
        }
    }
}

#[async_trait]
impl Presence for GatewayEndpoint {
    async fn publish(&self, presences: PresenceUpdate) {
        self.telling.purpose.tell(&presences).await;
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        tokio::select! {
            biased;
            () = self.closing.reached(Phase::Draining) => None,
            presences = self.telling.purpose.next() => Some(presences),
        }
    }
}

#[async_trait]
impl Intake for GatewayEndpoint {
    async fn next(&self) -> Option<IntakeMessage> {
        tokio::select! {
            biased;
            () = self.closing.reached(Phase::Draining) => None,
            submission = self.taking_in.purpose.next() => Some(submission),
        }
    }
}

#[cfg(test)]
mod tests {
    use sockbit_application::envelope::Address;
    use sockbit_application::trace::TraceId;
    use sockbit_domain::{Actor, ActorId, BoardId, ClientId, MessageId};
    use uuid::Uuid;

    use super::*;

    fn command(bytes: usize) -> CommandEnvelope {
        let body = serde_json::value::to_raw_value(&"x".repeat(bytes)).expect("it is JSON");
        CommandEnvelope {
            trace: TraceId::default(),
            reply_to: Address { gateway: Uuid::nil(), session: 1 },
            actor: Actor { id: ActorId(Uuid::nil()), name: "Ada".to_owned(), colour: 0 },
            client: ClientId(Uuid::nil()),
            message: MessageId(Uuid::nil()),
            board: BoardId(Uuid::nil()),
            key: None,
            body,
        }
    }

    fn sizes(bytes: &[usize]) -> Vec<usize> {
        let commands: Vec<_> = bytes.iter().map(|it| command(*it)).collect();
        split_commands(commands.iter().collect()).iter().map(Vec::len).collect()
    }

    #[test]
    fn small_commands_share_a_message_and_large_ones_do_not() {
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[10; 5]), [5]);
        assert_eq!(sizes(&[100_000; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[10, 300_000, 10, 10]), [1, 1, 2]);
        assert_eq!(sizes(&[1_000_000]), [1]);
    }

    #[test]
    fn a_batch_is_refused_only_where_no_queue_has_any_of_it() {
        let (taken, refused) = (PublishResult::Taken, PublishResult::Refused("full".to_owned()));
        let unknown = PublishResult::Unknown("late".to_owned());
        let said =
            |verdicts: &[&PublishResult]| result(verdicts.iter().copied().cloned().collect());
        assert_eq!(said(&[]), Ok(()));
        assert_eq!(said(&[&taken, &taken]), Ok(()));
        assert_eq!(said(&[&refused, &refused]), Err(SendError::Refused("full".to_owned())));
        assert!(matches!(said(&[&taken, &refused]), Err(SendError::Unknown(_))));
        assert!(matches!(said(&[&refused, &taken]), Err(SendError::Unknown(_))));
        assert!(matches!(said(&[&taken, &unknown]), Err(SendError::Unknown(_))));
        assert!(matches!(said(&[&refused, &unknown]), Err(SendError::Unknown(_))));
        let silent = PublishResult::Silent("late".to_owned());
        assert!(matches!(said(&[&silent]), Err(SendError::Unknown(_))));
    }
}
