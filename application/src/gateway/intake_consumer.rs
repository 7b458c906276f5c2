//! Commands of programs that hold no connection: taken in, authenticated, and sent on like all others.

use std::sync::Arc;

use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, SentCommand, ServerMessage};
use tokio::task::JoinSet;

use super::{AGAIN_AFTER, Gateway, Identity, again, encode};
use crate::ports::{Intake, IntakeMessage};

/// Commands of programs that wait for their outcomes at the same time.
const UNDER_WAY_MAX: usize = 64;

impl Gateway {
    /// Takes in what programs send, until there is nothing more to come. A message has so
    /// many bytes at most, and `who` knows whose a token is.
    pub async fn consume_intake(
        self: &Arc<Self>,
        intake: &dyn Intake,
        message_bytes_max: usize,
        who: impl Fn(&str) -> Option<Identity>,
    ) {
        let mut under_way = JoinSet::new();
        while let Some(submission) = intake.next().await {
            while under_way.len() >= UNDER_WAY_MAX {
                under_way.join_next().await;
            }
            while under_way.try_join_next().is_some() {}
            match read(&submission, message_bytes_max, &who) {
                Ok((identity, sent)) => {
                    let gateway = Arc::clone(self);
                    under_way.spawn(async move {
                        let answer = gateway.outcome(&identity, sent).await;
                        (submission.reply)(encode(&answer));
                    });
                }
                Err(refusal) => {
                    metrics::counter!("sockbit_programs_refused_total").increment(1);
                    tracing::debug!(%refusal, "a message of a program is refused");
                    (submission.reply)(encode(&ServerMessage::Refused(refusal)));
                }
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn outcome(&self, identity: &Identity, sent: SentCommand) -> ServerMessage {
        let (id, board) = (sent.id, sent.board);
        match self.command(identity, sent).await {
            Ok(outcome) => ServerMessage::Outcome { id, board, outcome },
            Err(_) => again(Some(id), None, AGAIN_AFTER),
        }
    }
}

/// Whose command it is, and which.
fn read(
    submission: &IntakeMessage,
    bytes_max: usize,
    who: impl Fn(&str) -> Option<Identity>,
) -> Result<(Identity, SentCommand), Refusal> {
    let refusal = |id, code, detail: &str| Refusal { id, code, detail: detail.to_owned() };
    if submission.message.len() > bytes_max {
        let detail = format!("the message is larger than {bytes_max} bytes");
        return Err(refusal(None, RefusalCode::Malformed, &detail));
    }
    let json = str::from_utf8(&submission.message)
        .map_err(|_| refusal(None, RefusalCode::Malformed, "the message is not UTF-8"))?;
    let ClientMessage::Command(sent) = ClientMessage::parse(json)? else {
        let detail = "only commands are taken here; ask and listen over a connection";
        return Err(refusal(None, RefusalCode::UnknownType, detail));
    };
    let unauthenticated = |detail| refusal(Some(sent.id), RefusalCode::Unauthenticated, detail);
    let token = submission.token.as_deref();
    let token = token.ok_or_else(|| unauthenticated("the message carries no token"))?;
    let identity = who(token);
    let identity = identity.ok_or_else(|| unauthenticated("the token is not one of this site"))?;
    Ok((identity, sent))
}
