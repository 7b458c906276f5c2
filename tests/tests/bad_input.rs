//! Whatever comes over a connection gets the documented answer, harms nobody else and stops nothing.

use futures::SinkExt;
use serde_json::{Value, json};
use sockbit_tests::system::{App, RawClient, eventually};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;

const BOARD: &str = "b0a00000-0000-4000-8000-000000000001";
const NOTE: &str = "20700000-0000-4000-8000-000000000001";

/// An app with a board, its owner, and a bystander whose connection must stay untouched.
struct Scene {
    app: App,
    owner: RawClient,
    bystander: RawClient,
    head: Value,
}

impl Scene {
    async fn begin() -> Self {
        let app = App::start().await;
        let mut owner = RawClient::guest(&app).await;
        owner.command(BOARD, json!({"type": "create_board", "title": "Scene"})).await;
        let note = json!({"type": "create_note", "note": NOTE, "text": "a👧b", "colour": "paper", "rank": "V"});
        let saved = owner.command(BOARD, note).await;
        let bystander = RawClient::guest(&app).await;
        Self { owner, bystander, head: saved["outcome"]["position"].clone(), app }
    }

    async fn rejects(&mut self, body: Value, code: &str) {
        let answer = self.owner.command(BOARD, body.clone()).await;
        assert_eq!(answer["outcome"]["result"], "rejected", "{body} → {answer}");
        assert_eq!(answer["outcome"]["code"], code, "{body} → {answer}");
        assert!(answer["outcome"]["detail"].as_str().is_some_and(|it| it.len() > 10), "{answer}");
    }

    async fn refuses(&mut self, frame: &str, code: &str) {
        self.owner.send_text(frame).await;
        let answer = self.owner.next_message("refused").await;
        assert_eq!(answer["code"], code, "{frame} → {answer}");
    }

    fn edit(&self, delta: &Value) -> Value {
        json!({"type": "edit_note", "note": NOTE, "base": self.head, "delta": delta})
    }

    /// Everybody is still served, and nothing was logged as a panic.
    async fn stands(mut self) {
        self.bystander.ping().await;
        assert!(self.app.is_running(), "the process still runs");
        assert!(!self.app.log().contains("panicked"), "nothing panicked: {}", self.app.log());
    }
}

#[tokio::test]
async fn a_frame_that_is_no_message_is_refused_by_name() {
    let mut scene = Scene::begin().await;
    scene.refuses("", "malformed").await;
    scene.refuses("{", "malformed").await;
    scene.refuses("[]", "malformed").await;
    scene.refuses("null", "malformed").await;
    scene.refuses(r#"{"v":1}"#, "malformed").await;
    scene.refuses(r#"{"v":2,"type":"ping"}"#, "unsupported_version").await;
    scene.refuses(r#"{"v":1,"type":"shout"}"#, "unknown_type").await;
    scene.refuses(r#"{"v":1,"type":"join","board":"no uuid"}"#, "malformed").await;
    scene.refuses(r#"{"v":1,"type":"command","board":"x"}"#, "malformed").await;
    scene.refuses(&"[".repeat(100_000), "malformed").await;
    scene.refuses(&format!(r#"{{"v":1,"type":"{}"}}"#, "x".repeat(10_000)), "unknown_type").await;
    scene.stands().await;
}

#[tokio::test]
async fn a_refusal_carries_the_id_of_what_it_refuses() {
    let mut scene = Scene::begin().await;
    let id = Uuid::from_u128(7);
    scene.owner.send_text(&format!(r#"{{"v":1,"type":"command","id":"{id}"}}"#)).await;
    let answer = scene.owner.next_message("refused").await;
    assert_eq!(answer["id"], json!(id));
    assert_eq!(answer["detail"], "missing field `board`");
    scene.stands().await;
}

#[tokio::test]
async fn a_body_that_is_no_command_is_rejected_as_malformed() {
    let mut scene = Scene::begin().await;
    scene.rejects(json!({"type": "explode"}), "malformed").await;
    scene.rejects(json!({}), "malformed").await;
    scene.rejects(json!(7), "malformed").await;
    scene.rejects(json!({"type": "edit_note", "note": NOTE}), "malformed").await;
    scene
        .rejects(json!({"type": "recolour_note", "note": NOTE, "colour": "mauve"}), "malformed")
        .await;
    scene.rejects(json!({"type": "move_note", "note": NOTE, "rank": "V0"}), "malformed").await;
    let both =
        json!({"type": "edit_note", "note": NOTE, "base": scene.head, "delta": [], "text": ""});
    scene.rejects(both, "malformed").await;
    let half = r#"{"type":"rename_board","title":"\ud800"}"#;
    let answer = scene.owner.raw_command(BOARD, half).await;
    assert_eq!(answer["outcome"]["code"], "malformed", "half a surrogate pair: {answer}");
    scene.stands().await;
}

#[tokio::test]
async fn a_delta_that_does_not_fit_is_rejected() {
    let mut scene = Scene::begin().await;
    for delta in [
        json!([{"retain": 5}, {"insert": "x"}]),
        json!([{"delete": 5}]),
        json!([{"delete": 2_147_483_647_u32}]),
        json!([{"retain": 2}, {"insert": "x"}]),
        json!([{"retain": 1}, {"delete": 1}]),
        json!([{"insert": "nul \u{0}"}]),
        json!([{"insert": "cr \r\n"}]),
    ] {
        let edit = scene.edit(&delta);
        scene.rejects(edit, "bad_delta").await;
    }
    let huge = json!([{"insert": "x".repeat(65 * 1024)}]);
    let edit = scene.edit(&huge);
    scene.rejects(edit, "text_too_long").await;
    for delta in [json!([{"retain": 0}]), json!([{"retain": -1}]), json!([{"jump": 1}]), json!("x")]
    {
        let edit = scene.edit(&delta);
        scene.rejects(edit, "malformed").await;
    }
    scene.stands().await;
}

#[tokio::test]
async fn a_whole_text_is_normalised_and_not_rejected() {
    let mut scene = Scene::begin().await;
    let edit = json!({"type": "edit_note", "note": NOTE, "base": scene.head, "text": "one\r\ntwo\u{0}\rthree"});
    let answer = scene.owner.command(BOARD, edit).await;
    assert_eq!(answer["outcome"]["result"], "saved");
    let note = scene.owner.query(json!({"type": "note", "board": BOARD, "note": NOTE})).await;
    assert_eq!(note["body"]["note"]["text"], "one\ntwo\nthree");
    scene.stands().await;
}

#[tokio::test]
async fn a_base_of_the_future_or_of_another_history_is_gone() {
    let mut scene = Scene::begin().await;
    let event = scene.head["event"].clone();
    for base in [
        json!({"seq": 99, "event": event}),
        json!({"seq": 2, "event": Uuid::from_u128(1)}),
        json!({"seq": 0, "event": event}),
        json!({"seq": u64::MAX, "event": event}),
    ] {
        let edit =
            json!({"type": "edit_note", "note": NOTE, "base": base, "delta": [{"insert": "x"}]});
        scene.rejects(edit, "base_gone").await;
        let join = json!({"v": 1, "type": "join", "board": BOARD, "position": base});
        scene.owner.send(join).await;
        assert_eq!(scene.owner.next_message("base_gone").await["board"], BOARD);
    }
    scene.stands().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let mut scene = Scene::begin().await;
    let unknown = Uuid::from_u128(9);
    scene.rejects(json!({"type": "trash_note", "note": unknown}), "note_not_found").await;
    let elsewhere = unknown.to_string();
    for body in [
        json!({"type": "rename_board", "title": "mine"}),
        json!({"type": "explode"}),
        json!({"type": "join_board"}),
    ] {
        let answer = scene.bystander.command(&elsewhere, body.clone()).await;
        assert_eq!(answer["outcome"]["code"], "not_found", "{body}");
        let answer = scene.bystander.command(BOARD, body.clone()).await;
        assert_eq!(answer["outcome"]["code"], "not_found", "a stranger learns nothing: {body}");
    }
    let join = json!({"v": 1, "type": "join", "board": BOARD});
    scene.bystander.send(join).await;
    assert_eq!(scene.bystander.next_message("left").await["rejection"]["code"], "not_found");
    let page = scene.bystander.query(json!({"type": "board_page", "board": BOARD})).await;
    assert_eq!(page["body"]["code"], "not_found");
    scene.stands().await;
}

#[tokio::test]
async fn the_same_id_with_another_body_changes_nothing() {
    let mut scene = Scene::begin().await;
    let id = Uuid::from_u128(77);
    let first = scene.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"One"}"#).await;
    let again = scene.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"One"}"#).await;
    assert_eq!(first["outcome"], again["outcome"], "a repeat has the same outcome");
    let other = scene.owner.command_as(id, BOARD, r#"{"type":"rename_board","title":"Two"}"#).await;
    assert_eq!(other["outcome"]["code"], "message_id_reused");
    let page = scene.owner.query(json!({"type": "board_page", "board": BOARD})).await;
    assert_eq!(page["body"]["title"], "One");
    scene.stands().await;
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_its_own_connection_alone() {
    let scene = Scene::begin().await;
    let mut hostile = RawClient::guest(&scene.app).await;
    hostile.socket.send(Message::text("x".repeat(300 * 1024))).await.ok();
    assert_eq!(hostile.close_code().await, Some(CloseCode::Size));
    scene.stands().await;
}

#[tokio::test]
async fn binary_and_broken_text_close_their_own_connection_alone() {
    let scene = Scene::begin().await;
    let mut hostile = RawClient::guest(&scene.app).await;
    hostile.socket.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(hostile.close_code().await, Some(CloseCode::Unsupported));
    let mut hostile = RawClient::guest(&scene.app).await;
    hostile.send_broken_text(&[0xff, 0xfe]).await;
    assert_eq!(hostile.close_code().await, Some(CloseCode::Invalid));
    scene.stands().await;
}

#[tokio::test]
async fn who_sends_too_fast_is_asked_to_send_again_later() {
    let mut scene = Scene::begin().await;
    let query =
        json!({"v": 1, "type": "query", "id": Uuid::from_u128(5), "body": {"type": "my_boards"}});
    for _ in 0..100 {
        scene.owner.send(query.clone()).await;
    }
    let again = scene.owner.next_message("again").await;
    assert!(again["after_ms"].as_u64().is_some_and(|it| it > 0), "{again}");
    scene.stands().await;
}

#[tokio::test]
async fn the_eleventh_connection_of_a_person_is_turned_away() {
    let app = App::start().await;
    let first = RawClient::guest(&app).await;
    let mut others = Vec::new();
    for _ in 0..9 {
        others.push(first.connect_again().await.expect("a connection"));
    }
    assert!(first.connect_again().await.is_err(), "the eleventh is turned away");
    drop(others.pop());
    eventually("a place is free again", || async { first.connect_again().await.ok() }).await;
}
