//! The limits on connections, and draining.

use std::collections::HashSet;

use futures::future::join_all;
use tokio::time::Instant;

use super::*;
use crate::gateway::ConnectionRefused;
use crate::gateway::drain::DRAIN_WITHIN;

fn start(settings: GatewaySettings) -> GatewayFixture {
    let builder = FixtureBuilder::replying(|_| Err(no_bus()));
    FixtureBuilder { settings, ..builder }.start()
}

#[tokio::test]
async fn a_person_may_have_ten_connections_and_another_after_one_is_closed() {
    let fixture = start(GatewaySettings::default());
    let mut sessions: Vec<_> = (0..10)
        .map(|n| fixture.gateway.open(identity(1), address(n)).expect("it is below the limit"))
        .collect();
    let more = fixture.gateway.open(identity(1), address(99));
    assert_eq!(more.err(), Some(ConnectionRefused::Actor));
    assert!(fixture.gateway.open(identity(2), address(99)).is_ok(), "another person may connect");
    sessions.pop();
    assert!(fixture.gateway.open(identity(1), address(99)).is_ok());
}

#[tokio::test]
async fn an_address_may_have_fifty_connections_and_another_after_one_is_closed() {
    let fixture = start(GatewaySettings::default());
    let mut sessions: Vec<_> = (0..50)
        .map(|n| fixture.gateway.open(identity(n), address(1)).expect("it is below the limit"))
        .collect();
    let more = fixture.gateway.open(identity(99), address(1));
    assert_eq!(more.err(), Some(ConnectionRefused::Address));
    assert!(fixture.gateway.open(identity(99), address(2)).is_ok(), "another address may connect");
    sessions.pop();
    assert!(fixture.gateway.open(identity(99), address(1)).is_ok());
}

#[tokio::test]
async fn refused_connections_do_not_count() {
    let settings = GatewaySettings { connections_per_actor_max: 1, ..GatewaySettings::default() };
    let fixture = start(settings);
    let session = fixture.gateway.open(identity(1), address(1)).expect("it is below the limit");
    for _ in 0..100 {
        assert!(fixture.gateway.open(identity(1), address(2)).is_err());
    }
    assert_eq!(fixture.gateway.sessions(), 1);
    drop(session);
    assert_eq!(fixture.gateway.sessions(), 0);
    assert!(fixture.gateway.open(identity(2), address(2)).is_ok());
}

#[tokio::test(start_paused = true)]
async fn draining_closes_many_sessions_at_different_times_and_all_in_time() {
    let fixture =
        start(GatewaySettings { connections_per_address_max: 5_000, ..GatewaySettings::default() });
    let mut clients: Vec<_> = (0..5_000).map(|n| fixture.client(n)).collect();
    for client in &mut clients {
        client.receive_welcome().await;
    }
    let (start, gateway) = (Instant::now(), Arc::clone(&fixture.gateway));
    let draining = tokio::spawn(async move { gateway.drain().await });

    let times = join_all(clients.iter().map(async |client| {
        assert_eq!(client.close_reason().await, CloseReason::GoingAway);
        start.elapsed().as_millis()
    }));
    let times: HashSet<_> = times.await.into_iter().collect();

    draining.await.expect("it does not panic");
    assert!(times.len() > 1_000, "{}", times.len());
    assert!(times.iter().all(|it| *it <= DRAIN_WITHIN.as_millis()));
}

#[tokio::test]
async fn draining_closes_all_sessions_and_refuses_new_ones() {
    let fixture = start(GatewaySettings::default());
    let clients = [fixture.client(1), fixture.client(2)];
    fixture.gateway.drain().await;
    for client in &clients {
        assert_eq!(client.close_reason().await, CloseReason::GoingAway);
    }
    let more = fixture.gateway.open(identity(3), address(3));
    assert_eq!(more.err(), Some(ConnectionRefused::Draining));
    drop(clients);
    assert_eq!(fixture.gateway.sessions(), 0);
}
