//! The bus as a gateway sees it.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::envelope::{Answer, Answered, CommandEnvelope, Question};
use sockbit_application::ports::{Announcements, Commands, News, Queries, SendError, Unavailable};
use sockbit_application::slot::Slot;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Heard, Shared, locked};

const SEND_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// One gateway's ports.
pub struct GatewayEnd {
    shared: Arc<Shared>,
    news: tokio::sync::Mutex<broadcast::Receiver<Heard>>,
    slots: Mutex<BTreeSet<Slot>>,
    /// The gateways in whose name commands were sent from here: usually one.
    senders: Mutex<HashSet<Uuid>>,
}

impl GatewayEnd {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let news = tokio::sync::Mutex::new(shared.news.subscribe());
        Self { shared, news, slots: Mutex::default(), senders: Mutex::default() }
    }

    fn hears(&self, slot: Slot) -> bool {
        locked(&self.slots).contains(&slot)
    }

    fn own(&self, answers: &[Answered]) -> Vec<Answered> {
        let senders = locked(&self.senders);
        answers.iter().filter(|it| senders.contains(&it.to.gateway)).cloned().collect()
    }
}

#[async_trait]
impl Commands for GatewayEnd {
    async fn send(&self, batch: Vec<CommandEnvelope>) -> Result<(), SendError> {
        locked(&self.senders).extend(batch.iter().map(|it| it.reply_to.gateway));
        tokio::select! {
            biased;
            () = self.shared.closed() => Err(SendError::Refused("the bus is closed".to_owned())),
            sent = self.shared.commands.send_timeout(batch, SEND_WITHIN) => {
                sent.map_err(|_| SendError::Refused("the workers do not keep up".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Queries for GatewayEnd {
    async fn ask(&self, question: Question) -> Result<Answer, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            self.shared.questions.send((question, reply)).await.ok()?;
            answer.await.ok()
        };
        tokio::select! {
            () = self.shared.closed() => Err(Unavailable("the bus is closed".to_owned())),
            answer = tokio::time::timeout(ANSWER_WITHIN, asking) => answer
                .ok()
                .flatten()
                .ok_or_else(|| Unavailable("no worker answered in time".to_owned())),
        }
    }
}

#[async_trait]
impl Announcements for GatewayEnd {
    async fn listen(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.slots).insert(slot);
        Ok(())
    }

    async fn unlisten(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.slots).remove(&slot);
        Ok(())
    }

    async fn next(&self) -> Option<News> {
        let mut news = self.news.lock().await;
        loop {
            let heard = tokio::select! {
                biased;
                () = self.shared.closed() => return None,
                heard = news.recv() => heard,
            };
            match heard {
                Ok(Heard::Announced(it)) if self.hears(it.slot) => {
                    return Some(News::Announced((*it).clone()));
                }
                Ok(Heard::Announced(_)) => {}
                Ok(Heard::Answered(it)) => {
                    let own = self.own(&it);
                    if !own.is_empty() {
                        return Some(News::Answered(own));
                    }
                }
                Err(RecvError::Lagged(_)) => return Some(News::Interrupted),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
