//! Queries that get no answer.

use sockbit_domain::wire::Reply;

use super::*;
use crate::testing::message_id;

async fn reply_where(
    answer: impl Fn(CoreQuery) -> Answering + Send + Sync + 'static,
) -> ServerMessage {
    let house = Surroundings::answering(answer).house();
    let mut client = house.client(1);
    client.say(ClientMessage::Query { id: message_id(5), query: Query::MyBoards {} }).await;
    client.hears_the_welcome().await;
    client.hear().await
}

fn come_again() -> ServerMessage {
    ServerMessage::Again { id: Some(message_id(5)), board: None, after_ms: 1_000 }
}

#[tokio::test]
async fn a_query_is_asked_in_the_name_of_who_asks_and_its_reply_carries_its_id() {
    let reply = reply_where(|query| {
        let expected = CoreQuery::Client { actor: person(1).id, query: Query::MyBoards {} };
        assert_eq!(query, expected);
        Ok(CoreReply::Client(Reply::MyBoards { boards: Vec::new(), more: false }))
    });
    let body = Reply::MyBoards { boards: Vec::new(), more: false };
    assert_eq!(reply.await, ServerMessage::Reply { id: message_id(5), body });
}

#[tokio::test]
async fn who_asks_hears_again_where_no_worker_can_be_reached() {
    assert_eq!(reply_where(|_| Err(no_bus())).await, come_again());
}

#[tokio::test]
async fn who_asks_hears_again_where_the_store_is_away() {
    assert_eq!(reply_where(|_| Ok(CoreReply::Unavailable)).await, come_again());
}

#[tokio::test]
async fn an_answer_to_another_kind_of_question_is_no_answer() {
    assert_eq!(reply_where(|_| Ok(CoreReply::Events(Vec::new()))).await, come_again());
}
