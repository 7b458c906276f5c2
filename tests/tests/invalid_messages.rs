//! Invalid messages get the documented response and do not affect other clients.

use futures::SinkExt;
use serde_json::{Value, json};
use sockbit_tests::system::{App, RawClient, eventually};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;

const BOARD: &str = "b0a00000-0000-4000-8000-000000000001";
const NOTE: &str = "20700000-0000-4000-8000-000000000001";

/// An app with a board, its owner, and a second client whose connection must not be affected.
struct Fixture {
    app: App,
    owner: RawClient,
    other_client: RawClient,
    head: Value,
}

impl Fixture {
    async fn start() -> Self {
        let app = App::start().await;
        let mut owner = RawClient::guest(&app).await;
        owner.command(BOARD, json!({"type": "create_board", "title": "Fixture"})).await;
        let note = json!({"type": "create_note", "note": NOTE, "text": "a👧b", "colour": "paper", "rank": "V"});
        let saved = owner.command(BOARD, note).await;
        let other_client = RawClient::guest(&app).await;
        Self { owner, other_client, head: saved["outcome"]["position"].clone(), app }
    }

    async fn expect_rejected(&mut self, body: Value, code: &str) {
        let response = self.owner.command(BOARD, body.clone()).await;
        assert_eq!(response["outcome"]["result"], "rejected", "{body} → {response}");
        assert_eq!(response["outcome"]["code"], code, "{body} → {response}");
        assert!(
            response["outcome"]["detail"].as_str().is_some_and(|it| it.len() > 10),
            "{response}"
        );
    }

    async fn expect_refused(&mut self, frame: &str, code: &str) {
        self.owner.send_text(frame).await;
        let response = self.owner.next_message("refused").await;
        assert_eq!(response["code"], code, "{frame} → {response}");
    }

    fn edit(&self, delta: &Value) -> Value {
        json!({"type": "edit_note", "note": NOTE, "base": self.head, "delta": delta})
    }

    /// The app still serves other clients and has not panicked.
    async fn assert_unaffected(mut self) {
        self.other_client.ping().await;
        assert!(self.app.is_running(), "the process still runs");
        assert!(!self.app.log().contains("panicked"), "nothing panicked: {}", self.app.log());
    }
}

#[tokio::test]
async fn an_invalid_frame_is_refused_with_a_code() {
    let mut fixture = Fixture::start().await;
    fixture.expect_refused("", "malformed").await;
    fixture.expect_refused("{", "malformed").await;
    fixture.expect_refused("[]", "malformed").await;
    fixture.expect_refused("null", "malformed").await;
    fixture.expect_refused(r#"{"v":1}"#, "malformed").await;
    fixture.expect_refused(r#"{"v":2,"type":"ping"}"#, "unsupported_version").await;
    fixture.expect_refused(r#"{"v":1,"type":"shout"}"#, "unknown_type").await;
    fixture.expect_refused(r#"{"v":1,"type":"join","board":"no uuid"}"#, "malformed").await;
    fixture.expect_refused(r#"{"v":1,"type":"command","board":"x"}"#, "malformed").await;
    fixture.expect_refused(&"[".repeat(100_000), "malformed").await;
    fixture
        .expect_refused(&format!(r#"{{"v":1,"type":"{}"}}"#, "x".repeat(10_000)), "unknown_type")
        .await;
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_refusal_has_the_id_of_the_refused_message() {
    let mut fixture = Fixture::start().await;
    let id = Uuid::from_u128(7);
    fixture.owner.send_text(&format!(r#"{{"v":1,"type":"command","id":"{id}"}}"#)).await;
    let response = fixture.owner.next_message("refused").await;
    assert_eq!(response["id"], json!(id));
    assert_eq!(response["detail"], "missing field `board`");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn an_invalid_command_body_is_rejected_as_malformed() {
    let mut fixture = Fixture::start().await;
    fixture.expect_rejected(json!({"type": "explode"}), "malformed").await;
    fixture.expect_rejected(json!({}), "malformed").await;
    fixture.expect_rejected(json!(7), "malformed").await;
    fixture.expect_rejected(json!({"type": "edit_note", "note": NOTE}), "malformed").await;
    fixture
        .expect_rejected(
            json!({"type": "recolour_note", "note": NOTE, "colour": "mauve"}),
            "malformed",
        )
        .await;
    fixture
        .expect_rejected(json!({"type": "move_note", "note": NOTE, "rank": "V0"}), "malformed")
        .await;
    let both =
        json!({"type": "edit_note", "note": NOTE, "base": fixture.head, "delta": [], "text": ""});
    fixture.expect_rejected(both, "malformed").await;
    let half = r#"{"type":"rename_board","title":"\ud800"}"#;
    let response = fixture.owner.raw_command(BOARD, half).await;
    assert_eq!(response["outcome"]["code"], "malformed", "half a surrogate pair: {response}");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_delta_that_does_not_fit_the_text_is_rejected() {
    let mut fixture = Fixture::start().await;
    for delta in [
        json!([{"retain": 5}, {"insert": "x"}]),
        json!([{"delete": 5}]),
        json!([{"delete": 2_147_483_647_u32}]),
        json!([{"retain": 2}, {"insert": "x"}]),
        json!([{"retain": 1}, {"delete": 1}]),
        json!([{"insert": "nul \u{0}"}]),
        json!([{"insert": "cr \r\n"}]),
    ] {
        let edit = fixture.edit(&delta);
        fixture.expect_rejected(edit, "bad_delta").await;
    }
    let huge = json!([{"insert": "x".repeat(65 * 1024)}]);
    let edit = fixture.edit(&huge);
    fixture.expect_rejected(edit, "text_too_long").await;
    for delta in [json!([{"retain": 0}]), json!([{"retain": -1}]), json!([{"jump": 1}]), json!("x")]
    {
        let edit = fixture.edit(&delta);
        fixture.expect_rejected(edit, "malformed").await;
    }
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_whole_text_is_normalised_and_not_rejected() {
    let mut fixture = Fixture::start().await;
    let edit = json!({"type": "edit_note", "note": NOTE, "base": fixture.head, "text": "one\r\ntwo\u{0}\rthree"});
    let response = fixture.owner.command(BOARD, edit).await;
    assert_eq!(response["outcome"]["result"], "saved");
    let note = fixture.owner.query(json!({"type": "note", "board": BOARD, "note": NOTE})).await;
    assert_eq!(note["body"]["note"]["text"], "one\ntwo\nthree");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_base_beyond_the_head_or_of_another_history_is_gone() {
    let mut fixture = Fixture::start().await;
    let event = fixture.head["event"].clone();
    for base in [
        json!({"seq": 99, "event": event}),
        json!({"seq": 2, "event": Uuid::from_u128(1)}),
        json!({"seq": 0, "event": event}),
        json!({"seq": u64::MAX, "event": event}),
    ] {
        let edit =
            json!({"type": "edit_note", "note": NOTE, "base": base, "delta": [{"insert": "x"}]});
        fixture.expect_rejected(edit, "base_gone").await;
        let join = json!({"v": 1, "type": "join", "board": BOARD, "position": base});
        fixture.owner.send(join).await;
        assert_eq!(fixture.owner.next_message("base_gone").await["board"], BOARD);
    }
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn unknown_boards_and_notes_and_those_without_access_are_not_found() {
    let mut fixture = Fixture::start().await;
    let unknown = Uuid::from_u128(9);
    fixture.expect_rejected(json!({"type": "trash_note", "note": unknown}), "note_not_found").await;
    let unknown_board = unknown.to_string();
    for body in [
        json!({"type": "rename_board", "title": "mine"}),
        json!({"type": "explode"}),
        json!({"type": "join_board"}),
    ] {
        let response = fixture.other_client.command(&unknown_board, body.clone()).await;
        assert_eq!(response["outcome"]["code"], "not_found", "{body}");
        let response = fixture.other_client.command(BOARD, body.clone()).await;
        assert_eq!(
            response["outcome"]["code"], "not_found",
            "without access nothing is revealed: {body}"
        );
    }
    let join = json!({"v": 1, "type": "join", "board": BOARD});
    fixture.other_client.send(join).await;
    assert_eq!(fixture.other_client.next_message("left").await["rejection"]["code"], "not_found");
    let page = fixture.other_client.query(json!({"type": "board_page", "board": BOARD})).await;
    assert_eq!(page["body"]["code"], "not_found");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_reused_message_id_with_another_body_is_rejected() {
    let mut fixture = Fixture::start().await;
    let id = Uuid::from_u128(77);
    let first =
        fixture.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"One"}"#).await;
    let again =
        fixture.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"One"}"#).await;
    assert_eq!(first["outcome"], again["outcome"], "a repeat has the same outcome");
    let other =
        fixture.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"Two"}"#).await;
    assert_eq!(other["outcome"]["code"], "message_id_reused");
    let page = fixture.owner.query(json!({"type": "board_page", "board": BOARD})).await;
    assert_eq!(page["body"]["title"], "One");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_only_its_own_connection() {
    let fixture = Fixture::start().await;
    let mut hostile = RawClient::guest(&fixture.app).await;
    hostile.socket.send(Message::text("x".repeat(300 * 1024))).await.ok();
    assert_eq!(hostile.close_code().await, Some(CloseCode::Size));
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn binary_frames_and_invalid_utf8_close_only_their_own_connection() {
    let fixture = Fixture::start().await;
    let mut hostile = RawClient::guest(&fixture.app).await;
    hostile.socket.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(hostile.close_code().await, Some(CloseCode::Unsupported));
    let mut hostile = RawClient::guest(&fixture.app).await;
    hostile.send_broken_text(&[0xff, 0xfe]).await;
    assert_eq!(hostile.close_code().await, Some(CloseCode::Invalid));
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn a_client_that_sends_too_fast_is_asked_to_retry() {
    let mut fixture = Fixture::start().await;
    let query =
        json!({"v": 1, "type": "query", "id": Uuid::from_u128(5), "body": {"type": "my_boards"}});
    for _ in 0..100 {
        fixture.owner.send(query.clone()).await;
    }
    let again = fixture.owner.next_message("again").await;
    assert!(again["after_ms"].as_u64().is_some_and(|it| it > 0), "{again}");
    fixture.assert_unaffected().await;
}

#[tokio::test]
async fn the_eleventh_connection_of_a_user_is_refused() {
    let app = App::start().await;
    let first = RawClient::guest(&app).await;
    let mut others = Vec::new();
    for _ in 0..9 {
        others.push(first.connect_again().await.expect("a connection"));
    }
    assert!(first.connect_again().await.is_err(), "the eleventh is refused");
    drop(others.pop());
    eventually("a connection is allowed again", || async { first.connect_again().await.ok() })
        .await;
}
