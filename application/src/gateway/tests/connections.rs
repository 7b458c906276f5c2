//! How many connections there may be.

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
    assert_eq!(more.err(), Some(TooManyConnections::Actor));
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
    assert_eq!(more.err(), Some(TooManyConnections::Address));
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

#[tokio::test]
async fn a_gateway_that_drains_sends_everybody_away_and_takes_nobody() {
    let house = house(GatewaySettings::default());
    let clients = [house.client(1), house.client(2)];
    house.gateway.drain();
    for client in &clients {
        assert_eq!(client.closing().await, CloseReason::GoingAway);
    }
    let more = house.gateway.open(identity(3), home(3));
    assert_eq!(more.err(), Some(TooManyConnections::Draining));
    drop(clients);
    assert_eq!(house.gateway.sessions(), 0);
}
