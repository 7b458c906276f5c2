//! How many connections there may be.

use std::collections::HashSet;

use futures::future::join_all;

use super::*;

fn house(settings: GatewaySettings) -> House {
    let surroundings = Surroundings::answering(|_| Err(no_bus()));
    Surroundings { settings, ..surroundings }.house()
}

#[tokio::test]
async fn a_person_has_ten_connections_and_gets_another_when_one_ends() {
    let house = house(GatewaySettings::default());
    let mut sessions: Vec<_> =
        (0..10).map(|n| house.gateway.open(identity(1), home(n)).expect("there is room")).collect();
    let more = house.gateway.open(identity(1), home(99));
    assert_eq!(more.err(), Some(ConnectionRefused::Actor));
    assert!(house.gateway.open(identity(2), home(99)).is_ok(), "another person has room");
    sessions.pop();
    assert!(house.gateway.open(identity(1), home(99)).is_ok());
}

#[tokio::test]
async fn an_address_has_fifty_connections_and_gets_another_when_one_ends() {
    let house = house(GatewaySettings::default());
    let mut sessions: Vec<_> =
        (0..50).map(|n| house.gateway.open(identity(n), home(1)).expect("there is room")).collect();
    let more = house.gateway.open(identity(99), home(1));
    assert_eq!(more.err(), Some(ConnectionRefused::Address));
    assert!(house.gateway.open(identity(99), home(2)).is_ok(), "another address has room");
    sessions.pop();
    assert!(house.gateway.open(identity(99), home(1)).is_ok());
}

#[tokio::test]
async fn what_was_refused_does_not_count() {
    let settings = GatewaySettings { connections_per_actor_max: 1, ..GatewaySettings::default() };
    let house = house(settings);
    let session = house.gateway.open(identity(1), home(1)).expect("there is room");
    for _ in 0..100 {
        assert!(house.gateway.open(identity(1), home(2)).is_err());
    }
    assert_eq!(house.gateway.sessions(), 1);
    drop(session);
    assert_eq!(house.gateway.sessions(), 0);
    assert!(house.gateway.open(identity(2), home(2)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_drains_tells_many_at_different_moments_and_all_in_time() {
    let house =
        house(GatewaySettings { connections_per_address_max: 5_000, ..GatewaySettings::default() });
    let mut clients: Vec<_> = (0..5_000).map(|n| house.client(n)).collect();
    for client in &mut clients {
        client.hears_the_welcome().await;
    }
    let (begun, gateway) = (Instant::now(), Arc::clone(&house.gateway));
    let draining = tokio::spawn(async move { gateway.drain().await });

    let told = join_all(clients.iter().map(async |client| {
        assert_eq!(client.closing().await, CloseReason::GoingAway);
        begun.elapsed().as_millis()
    }));
    let moments: HashSet<_> = told.await.into_iter().collect();

    draining.await.expect("it does not panic");
    assert!(moments.len() > 1_000, "{}", moments.len());
    assert!(moments.iter().all(|it| *it <= ALL_LEAVE_WITHIN.as_millis()));
}

#[tokio::test]
async fn a_gateway_that_drains_sends_everybody_away_and_takes_nobody() {
    let house = house(GatewaySettings::default());
    let clients = [house.client(1), house.client(2)];
    house.gateway.drain().await;
    for client in &clients {
        assert_eq!(client.closing().await, CloseReason::GoingAway);
    }
    let more = house.gateway.open(identity(3), home(3));
    assert_eq!(more.err(), Some(ConnectionRefused::Draining));
    drop(clients);
    assert_eq!(house.gateway.sessions(), 0);
}
