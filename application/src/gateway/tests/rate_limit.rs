//! The rate limit of a client, and what happens above it.

use sockbit_domain::wire::Query;
use tokio::time::Instant;

use super::*;
use crate::test_fixtures::message_id;

fn start(settings: GatewaySettings) -> GatewayFixture {
    FixtureBuilder { settings, ..FixtureBuilder::replying(|_| Ok(CoreReply::Unavailable)) }.start()
}

fn query(n: u64) -> ClientMessage {
    ClientMessage::Query { id: message_id(n), query: Query::MyBoards {} }
}

#[tokio::test(start_paused = true)]
async fn messages_without_an_again_reply_are_delayed_to_the_rate() {
    let fixture = start(GatewaySettings { messages_burst: 1, ..GatewaySettings::default() });
    let client = fixture.client(1);
    client.send(ClientMessage::Ping).await;
    let start_time = Instant::now();
    for _ in 0..10 {
        handle(&client.session, "no message").await;
        client.send(ClientMessage::Ping).await;
    }
    assert_eq!(start_time.elapsed().as_millis().div_euclid(100), 10, "20 messages at 20 a second");
}

#[tokio::test(start_paused = true)]
async fn a_client_above_its_rate_is_read_at_most_at_twice_the_rate_and_gets_all_replies() {
    let fixture = start(GatewaySettings::default());
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let start_time = Instant::now();
    for n in 1..=1_000 {
        client.send(query(n)).await;
        let ServerMessage::Again { id, .. } = client.receive().await else {
            panic!("no again reply")
        };
        assert_eq!(id, Some(message_id(n)));
    }
    // A burst of sixty and then twenty a second, for both limits.
    assert_eq!(start_time.elapsed().as_secs(), (1_000 - 2 * 60) / 40);
}

#[tokio::test(start_paused = true)]
async fn a_client_slightly_above_its_rate_is_not_delayed() {
    let fixture = start(GatewaySettings::default());
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let start_time = Instant::now();
    for n in 1..=120 {
        client.send(query(n)).await;
        client.receive().await;
    }
    assert_eq!(start_time.elapsed(), Duration::ZERO);
}
