//! SockBit's protocol, as far as the load needs it.

use anyhow::{Context, Result};
use serde::Deserialize;
use sockbit_domain::wire::ClientMessage;
use sockbit_domain::{EventId, MessageId, Position, Seq};

use super::client_state::ClientState;
use super::edit_ids::EditIds;
use super::observation::{Observer, What};
use super::wire_protocol::{OutgoingEdit, WireProtocol};

/// SockBit over WebSocket.
pub struct SockBitProtocol {
    ids: EditIds,
}

/// The fields of a server's message that the load reads. Parsing whole messages would take the
/// generator as long as the server takes to write them.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    message_type: &'a str,
    id: Option<MessageId>,
    head: Option<Position>,
    event: Option<EventHead>,
    #[serde(borrow)]
    outcome: Option<OutcomeHead<'a>>,
}

#[derive(Deserialize)]
struct EventHead {
    seq: Seq,
    id: EventId,
}

#[derive(Deserialize)]
struct OutcomeHead<'a> {
    result: &'a str,
    position: Option<Position>,
}

impl SockBitProtocol {
    /// The protocol with the ids of one load.
    pub fn new(ids: EditIds) -> Self {
        Self { ids }
    }

    fn receive_other(
        &self,
        state: &mut ClientState,
        bytes: &[u8],
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let frame: Frame<'_> = serde_json::from_slice(bytes).context("an unreadable message")?;
        match frame.message_type {
            "welcome" => welcome(state, observer)?,
            "joined" => {
                state.head_at_join = frame.head.map(|it| it.seq);
                report_subscription(state, observer);
            }
            "event" => {
                state.client.position = position_of(&frame);
                report_subscription(state, observer);
            }
            "outcome" => observer.add(self.outcome(&frame, bytes)),
            "pong" | "presence" => {}
            _ => observer.add(What::Failed(String::from_utf8_lossy(bytes).into_owned())),
        }
        Ok(())
    }

    fn outcome(&self, frame: &Frame<'_>, bytes: &[u8]) -> What {
        let edit = frame.id.and_then(|id| self.ids.number(id));
        match (edit, &frame.outcome) {
            (Some(edit), Some(OutcomeHead { result: "saved", position: Some(position) })) => {
                What::Saved { edit, position: *position }
            }
            _ => What::Failed(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

impl WireProtocol for SockBitProtocol {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn receive(
        &self,
        state: &mut ClientState,
        frame: &[u8],
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let Some(edit) = self.ids.number_in(frame) else {
            return self.receive_other(state, frame, observer);
        };
        let needs_position = state.client.tracks_position || !state.is_subscribed;
        let mut position = None;
        if needs_position {
            position = position_of(&serde_json::from_slice(frame)?);
            state.client.position = position;
        }
        observer.add(What::Arrived { edit, position });
        report_subscription(state, observer);
        Ok(())
    }

    fn edit(&self, edit: &OutgoingEdit<'_>) -> String {
        let OutgoingEdit { id, board, note, base, text } = edit;
        let (seq, event, length) = (base.seq, base.event, text.len());
        format!(
            r#"{{"v":1,"type":"command","id":"{id}","board":"{board}","body":{{"type":"edit_note","note":"{note}","base":{{"seq":{seq},"event":"{event}"}},"delta":[{{"insert":"{text}"}},{{"delete":{length}}}]}}}}"#
        )
    }

    fn has_outcomes(&self) -> bool {
        true
    }
}

fn position_of(frame: &Frame<'_>) -> Option<Position> {
    frame.event.as_ref().map(|it| Position { seq: it.seq, event: it.id })
}

fn welcome(state: &mut ClientState, observer: &mut Observer<'_>) -> Result<()> {
    let Some(board) = state.client.board else {
        state.is_subscribed = true;
        observer.add(What::Subscribed);
        return Ok(());
    };
    let join = ClientMessage::Join { board, position: state.client.position };
    state.append_text(&join.to_json()?)
}

/// A client is subscribed once it has received all events up to the head at its join.
fn report_subscription(state: &mut ClientState, observer: &mut Observer<'_>) {
    let applied = state.client.position.map(|it| it.seq);
    if !state.is_subscribed && state.head_at_join.is_some_and(|it| applied >= Some(it)) {
        state.is_subscribed = true;
        observer.add(What::Subscribed);
    }
}

#[cfg(test)]
mod tests {
    use sockbit_domain::wire::SentCommand;
    use sockbit_domain::{BoardId, Command, Delta, NoteId, TextChange};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_message_of_an_edit_is_a_valid_command() {
        let ids = EditIds::new(1);
        let (board, note) = (BoardId(Uuid::from_u128(2)), NoteId(Uuid::from_u128(3)));
        let base = Position { seq: Seq(4), event: EventId(Uuid::from_u128(5)) };
        let edit = OutgoingEdit { id: &ids.id(6), board, note, base, text: "text" };

        let message = SockBitProtocol::new(ids.clone()).edit(&edit);

        let ClientMessage::Command(SentCommand { id, board: sent_to, body, .. }) =
            ClientMessage::parse(&message).expect("a valid message")
        else {
            panic!("not a command: {message}");
        };
        assert_eq!((ids.number(id), sent_to), (Some(6), board));
        let delta = Delta::new().insert("text").delete(4);
        let expected = Command::EditNote { note, base, change: TextChange::Delta(delta) };
        let command: Command = serde_json::from_str(body.get()).expect("a valid body");
        assert_eq!(command, expected);
    }
}
