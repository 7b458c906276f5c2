//! The session: its state, from the opening of a connection to its end.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_domain::BoardId;
use sockbit_domain::wire::ServerMessage;

use super::board_progress::{BoardProgress, PageFetch};
use crate::gateway::close_reason::CloseReason;
use crate::gateway::connection_limiter::{ConnectionPermit, ConnectionRefused};
use crate::gateway::gateway::Gateway;
use crate::gateway::identity::Identity;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::gateway::server_message_encoding::encode;
use crate::gateway::token_bucket::TokenBucket;
use crate::mutex::locked;

/// The session of a client, whatever the transport.
///
/// A transport uses two tasks: one passes the client's messages to the [pipeline](Self::pipeline),
/// the other one writes what [`Self::next`] returns.
pub struct Session {
    pub(super) gateway: Arc<Gateway>,
    pub(super) number: u64,
    pub(super) identity: Identity,
    pub(super) outgoing: Arc<OutgoingQueue>,
    /// Limits the messages of the client.
    pub(super) rate: Mutex<TokenBucket>,
    /// Budget for `again` replies to messages over that limit.
    pub(super) again_budget: Mutex<TokenBucket>,
    pub(super) joined: Mutex<BTreeMap<BoardId, BoardProgress>>,
    /// A page whose fetch was interrupted by something else to write.
    pub(super) page_fetch: Mutex<Option<PageFetch>>,
    _permit: ConnectionPermit,
}

impl Gateway {
    /// Opens a session for a client, unless it or its address has too many connections.
    pub fn open(
        self: &Arc<Self>,
        identity: Identity,
        address: IpAddr,
    ) -> Result<Session, ConnectionRefused> {
        let permit = Arc::clone(&self.limiter).acquire(identity.actor.id, address)?;
        let outgoing = self.new_outgoing_queue();
        let number = self.recipients.add_session(Arc::clone(&outgoing));
        // A drain that started after the permit was acquired may have missed this session.
        if self.limiter.is_closed() {
            outgoing.close(CloseReason::GoingAway);
        }
        Ok(Session::new(Arc::clone(self), number, identity, outgoing, permit))
    }
}

impl Session {
    fn new(
        gateway: Arc<Gateway>,
        number: u64,
        identity: Identity,
        outgoing: Arc<OutgoingQueue>,
        permit: ConnectionPermit,
    ) -> Self {
        let settings = &gateway.settings;
        let bucket = || TokenBucket::new(settings.messages_per_second, settings.messages_burst);
        let (rate, again_budget) = (Mutex::new(bucket()), Mutex::new(bucket()));
        outgoing.push(encode(&ServerMessage::Welcome {
            actor: identity.actor.clone(),
            client: identity.client,
        }));
        Self {
            gateway,
            number,
            identity,
            outgoing,
            rate,
            again_budget,
            joined: Mutex::default(),
            page_fetch: Mutex::default(),
            _permit: permit,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for board in locked(&self.joined).keys() {
            self.gateway.hub.leave(*board, self.number);
            self.gateway.presence.leave(*board, self.number);
        }
        self.gateway.recipients.remove(self.number);
    }
}
