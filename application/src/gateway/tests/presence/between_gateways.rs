//! The presence that gateways publish to each other, and when it expires.

use super::*;

#[tokio::test(start_paused = true)]
async fn people_at_other_gateways_are_listed_until_they_leave() {
    let fixture = start();
    let mut ada = fixture.present_member(1, None).await;
    fixture
        .remote_presence
        .send(update_of(77, vec![person_here(2, &[7])]))
        .expect("the gateway runs");
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![]), (2, vec![7])]));
    fixture
        .remote_presence
        .send(update_of(78, vec![person_here(2, &[8])]))
        .expect("the gateway runs");
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![]), (2, vec![7, 8])]));
    fixture.remote_presence.send(update_of(77, Vec::new())).expect("the gateway runs");
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![]), (2, vec![8])]));
}

#[tokio::test(start_paused = true)]
async fn people_at_a_gateway_that_stops_publishing_disappear() {
    let fixture = start();
    let mut ada = fixture.present_member(1, None).await;
    for _ in 0..3 {
        fixture
            .remote_presence
            .send(update_of(77, vec![person_here(2, &[])]))
            .expect("the gateway runs");
        ada.presences(Duration::from_secs(30)).await;
    }
    assert_eq!(ada.latest_presence().await, None, "people at a publishing gateway stay");
    let presences = ada.presences(Duration::from_secs(6)).await;
    assert_eq!(presences, [vec![(1, vec![])]]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_asks_for_presence_on_the_first_join_and_publishes_its_own_when_asked() {
    let mut fixture = start();
    let ada = fixture.member(1).await;
    let updates = fixture.published().await;
    assert_eq!(updates.iter().map(|it| it.asks).collect::<Vec<_>>(), [true]);
    assert_eq!(updates.first().map(|it| it.people.len()), Some(0));

    ada.send(presence(Some(note(7)))).await;
    let _ben = fixture.present_member(2, None).await;
    let updates = fixture.published().await;
    assert!(updates.iter().all(|it| !it.asks), "it asks only once: {updates:?}");

    let asks = BoardPresence { board: board_id(BOARD), people: Vec::new(), more: 0, asks: true };
    let request = PresenceUpdate { boards: vec![asks], ..update_of(77, Vec::new()) };
    fixture.remote_presence.send(request).expect("the gateway runs");
    let updates = fixture.published().await;
    let people = vec![person_here(1, &[7]), person_here(2, &[])];
    assert_eq!(updates.into_iter().map(|it| it.people).collect::<Vec<_>>(), [people]);
}

#[tokio::test(start_paused = true)]
async fn presence_is_republished_so_that_lost_updates_are_corrected() {
    let mut fixture = start();
    let ada = fixture.present_member(1, None).await;
    fixture.published().await;
    for _ in 0..4 {
        sleep(Duration::from_secs(15)).await;
        let updates = fixture.published().await;
        let people: Vec<_> = updates.into_iter().map(|it| it.people).collect();
        assert!(people.contains(&vec![person_here(1, &[])]), "within 15 s: {people:?}");
    }
    drop(ada);
    let updates = fixture.published().await;
    assert_eq!(
        updates.into_iter().map(|it| it.people).collect::<Vec<_>>(),
        [[]],
        "an empty update"
    );
    sleep(Duration::from_mins(1)).await;
    assert_eq!(fixture.published().await, [], "an empty presence is published once");
}

#[tokio::test(start_paused = true)]
async fn a_draining_gateway_publishes_an_empty_presence() {
    let mut fixture = start();
    let ada = fixture.present_member(1, None).await;
    fixture.published().await;
    let client = async {
        while !matches!(ada.session.next().await, TransportOutput::Close(_)) {}
        drop(ada);
    };
    tokio::join!(fixture.gateway.drain(), client);
    let updates = fixture.published().await;
    assert_eq!(updates.into_iter().map(|it| it.people).collect::<Vec<_>>(), [[]]);
}

#[tokio::test(start_paused = true)]
async fn of_many_people_a_hundred_are_listed_and_the_others_counted() {
    let mut fixture = start();
    let mut ada = fixture.present_member(1, None).await;
    ada.latest_presence().await;
    let many = (2..=150).map(|n| person_here(n, &[])).collect();
    fixture.remote_presence.send(update_of(77, many)).expect("the gateway runs");
    sleep(INTERVAL).await;
    let ServerMessage::Presence { people, more, .. } = ada.receive().await else {
        panic!("presence")
    };
    assert_eq!((people.len(), more), (100, 1), "an update lists at most a hundred");

    let mut members = Vec::new();
    for n in 2..=130 {
        members.push(fixture.present_member(n, None).await);
    }
    // The first of them was published at once, and the others an interval later.
    sleep(2 * INTERVAL).await;
    let updates = fixture.published().await;
    assert_eq!(updates.last().map(|it| (it.people.len(), it.more)), Some((100, 30)));
}

#[tokio::test(start_paused = true)]
async fn updates_for_boards_without_members_are_not_stored() {
    let mut fixture = start();
    let ada = fixture.present_member(1, None).await;
    drop(ada);
    fixture.published().await;
    fixture
        .remote_presence
        .send(update_of(77, vec![person_here(2, &[])]))
        .expect("the gateway runs");
    advance(INTERVAL).await;
    let mut ben = fixture.member(3).await;
    assert_eq!(ben.latest_presence().await, None, "the update was not stored");
    let updates = fixture.published().await;
    assert_eq!(updates.iter().filter(|it| it.asks).count(), 1, "the gateway asks for it");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_ignores_its_own_updates() {
    let mut fixture = start();
    let mut ada = fixture.present_member(1, Some(note(7))).await;
    ada.latest_presence().await;
    let own = fixture.published_presence.recv().await.expect("it publishes");
    ada.send(presence(None)).await;
    ada.latest_presence().await;
    fixture.remote_presence.send(own).expect("the gateway runs");
    assert_eq!(ada.latest_presence().await, None);
}
