//! Queries and their replies.

use sockbit_domain::wire::{Query, Reply};

use super::*;
use crate::test_fixtures::message_id;

async fn reply_if(
    reply: impl Fn(CoreQuery) -> QueryResult + Send + Sync + 'static,
) -> ServerMessage {
    let fixture = FixtureBuilder::replying(reply).start();
    let mut client = fixture.client(1);
    client.send(ClientMessage::Query { id: message_id(5), query: Query::MyBoards {} }).await;
    client.receive_welcome().await;
    client.receive().await
}

fn again() -> ServerMessage {
    ServerMessage::Again { id: Some(message_id(5)), board: None, after_ms: 1_000 }
}

#[tokio::test]
async fn a_query_names_its_actor_and_the_reply_carries_its_id() {
    let reply = reply_if(|query| {
        let expected = CoreQuery::Client { actor: person(1).id, query: Query::MyBoards {} };
        assert_eq!(query, expected);
        Ok(CoreReply::Client(Reply::MyBoards { boards: Vec::new(), more: false }))
    });
    let body = Reply::MyBoards { boards: Vec::new(), more: false };
    assert_eq!(reply.await, ServerMessage::Reply { id: message_id(5), body });
}

#[tokio::test]
async fn a_query_gets_again_if_no_worker_can_be_reached() {
    assert_eq!(reply_if(|_| Err(no_bus())).await, again());
}

#[tokio::test]
async fn a_query_gets_again_if_the_store_is_not_available() {
    assert_eq!(reply_if(|_| Ok(CoreReply::Unavailable)).await, again());
}

#[tokio::test]
async fn a_query_gets_again_if_the_reply_has_another_type() {
    assert_eq!(reply_if(|_| Ok(CoreReply::Events(Vec::new()))).await, again());
}
