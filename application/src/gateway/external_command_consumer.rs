//! Consumes the commands of external programs, which hold no connection: authenticates their senders
//! and sends them to the core like all other commands.

use std::sync::Arc;

use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, SentCommand, ServerMessage};
use tokio::task::JoinSet;

use super::gateway::Gateway;
use super::identity::Identity;
use super::server_message_encoding::{AGAIN_AFTER, again, encode};
use crate::ports::{ExternalCommand, ExternalCommands};

/// External commands that wait for their outcomes at the same time.
const PENDING_MAX: usize = 64;

impl Gateway {
    /// Consumes external commands until the bus is closed and all of them have a reply.
    ///
    /// A message larger than `message_bytes_max` is refused. `sender_of` returns the owner of a token.
    pub async fn consume_external_commands(
        self: &Arc<Self>,
        commands: &dyn ExternalCommands,
        message_bytes_max: usize,
        sender_of: impl Fn(&str) -> Option<Identity>,
    ) {
        let mut pending = JoinSet::new();
        while let Some(message) = commands.next().await {
            while pending.len() >= PENDING_MAX {
                pending.join_next().await;
            }
            while pending.try_join_next().is_some() {}
            match parse(&message, message_bytes_max, &sender_of) {
                Ok((identity, sent)) => {
                    let gateway = Arc::clone(self);
                    pending.spawn(async move {
                        let outcome = gateway.outcome_message(&identity, sent).await;
                        (message.reply)(encode(&outcome));
                    });
                }
                Err(refusal) => {
                    metrics::counter!("sockbit_programs_refused_total").increment(1);
                    tracing::debug!(%refusal, "a message of a program was refused");
                    (message.reply)(encode(&ServerMessage::Refused(refusal)));
                }
            }
        }
        while pending.join_next().await.is_some() {}
    }

    async fn outcome_message(&self, identity: &Identity, sent: SentCommand) -> ServerMessage {
        let (id, board) = (sent.id, sent.board);
        match self.command(identity, sent).await {
            Ok(outcome) => ServerMessage::Outcome { id, board, outcome },
            Err(_) => again(Some(id), None, AGAIN_AFTER),
        }
    }
}

/// Parses a message and authenticates its sender.
fn parse(
    message: &ExternalCommand,
    bytes_max: usize,
    sender_of: impl Fn(&str) -> Option<Identity>,
) -> Result<(Identity, SentCommand), Refusal> {
    let refusal = |id, code, detail: &str| Refusal { id, code, detail: detail.to_owned() };
    if message.message.len() > bytes_max {
        let detail = format!("the message is larger than {bytes_max} bytes");
        return Err(refusal(None, RefusalCode::Malformed, &detail));
    }
    let json = str::from_utf8(&message.message)
        .map_err(|_| refusal(None, RefusalCode::Malformed, "the message is not UTF-8"))?;
    let ClientMessage::Command(sent) = ClientMessage::parse(json)? else {
        let detail = "only commands are accepted here; use a connection for everything else";
        return Err(refusal(None, RefusalCode::UnknownType, detail));
    };
    let unauthenticated = |detail| refusal(Some(sent.id), RefusalCode::Unauthenticated, detail);
    let token = message.token.as_deref();
    let token = token.ok_or_else(|| unauthenticated("the message carries no token"))?;
    let identity = sender_of(token);
    let identity = identity.ok_or_else(|| unauthenticated("the token is not known here"))?;
    Ok((identity, sent))
}
