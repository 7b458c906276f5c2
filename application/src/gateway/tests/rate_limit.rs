//! How fast a client may go, and what becomes of one that goes faster.

use tokio::time::Instant;

use super::*;
use crate::testing::message_id;

fn house(settings: GatewaySettings) -> House {
    Surroundings { settings, ..Surroundings::answering(|_| Ok(CoreReply::Unavailable)) }.house()
}

fn query(n: u64) -> ClientMessage {
    ClientMessage::Query { id: message_id(n), query: Query::MyBoards {} }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_again_is_taken_at_the_pace_of_everything_else() {
    let house = house(GatewaySettings { messages_burst: 1, ..GatewaySettings::default() });
    let client = house.client(1);
    client.say(ClientMessage::Ping).await;
    let began = Instant::now();
    for _ in 0..10 {
        client.session.receive("no message").await;
        client.say(ClientMessage::Ping).await;
    }
    assert_eq!(began.elapsed().as_millis().div_euclid(100), 10, "20 a second, and 20 were sent");
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_too_fast_is_read_at_twice_its_rate_at_most_and_answered_all_the_same() {
    let house = house(GatewaySettings::default());
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let began = Instant::now();
    for n in 1..=1_000 {
        client.say(query(n)).await;
        let ServerMessage::Again { id, .. } = client.hear().await else { panic!("no answer") };
        assert_eq!(id, Some(message_id(n)));
    }
    // Sixty at once each way, then twenty a second each way.
    assert_eq!(began.elapsed().as_secs(), (1_000 - 2 * 60) / 40);
}

#[tokio::test(start_paused = true)]
async fn who_sends_a_little_too_fast_is_not_kept_waiting() {
    let house = house(GatewaySettings::default());
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let began = Instant::now();
    for n in 1..=120 {
        client.say(query(n)).await;
        client.hear().await;
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}
