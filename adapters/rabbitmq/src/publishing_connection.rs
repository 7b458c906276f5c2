//! The connection on which an endpoint publishes.

use std::sync::Arc;

use async_trait::async_trait;
use lapin::Channel;
use tokio::sync::Mutex;

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::confirm_channel::ConfirmChannel;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{ConnectionRole, LiveConnection};
use crate::topology;

/// The role of a publishing connection.
pub(crate) struct PublishingConnection {
    pub settings: Arc<Settings>,
}

/// The channels besides that of the publish pipeline.
pub(crate) struct PublishingChannels {
    /// On a channel of their own, so that a dead-letter queue that does not confirm delays nothing
    /// else.
    pub dead_letters: Mutex<ConfirmChannel<()>>,
    pub unconfirmed: Channel,
}

#[async_trait]
impl ConnectionRole for PublishingConnection {
    type Channels = PublishingChannels;

    fn name(&self) -> &'static str {
        "publishing"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        _: u64,
    ) -> Result<PublishingChannels, BrokerError> {
        let unconfirmed = connection.open_channel().await?;
        topology::declare(&unconfirmed, &self.settings).await?;
        let dead_letters = Mutex::new(ConfirmChannel::open(connection).await?);
        Ok(PublishingChannels { dead_letters, unconfirmed })
    }

    async fn serve(&self, _: &PublishingChannels, shutdown: &ShutdownSignal) -> String {
        shutdown.reached(Phase::Draining).await;
        String::new()
    }

    fn disconnected(&self, _: &PublishingChannels) {}
}

/// Fails with the reason while the broker accepts nothing.
pub(crate) fn check_unblocked(live: &LiveConnection<PublishingChannels>) -> Result<(), String> {
    if live.connection.is_blocked() {
        return Err("RabbitMQ blocks publishers: it is out of memory or disk space".to_owned());
    }
    Ok(())
}
