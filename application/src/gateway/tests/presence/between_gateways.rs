//! What gateways tell each other of people, and when those of a gateway are gone.

use super::*;

#[tokio::test(start_paused = true)]
async fn people_of_other_gateways_are_shown_until_they_leave() {
    let house = house();
    let mut ada = house.member_in(1, None).await;
    house.elsewhere.send(told_by(77, vec![person_here(2, &[7])])).expect("the gateway runs");
    assert_eq!(ada.sees().await, Some(vec![(1, vec![]), (2, vec![7])]));
    house.elsewhere.send(told_by(78, vec![person_here(2, &[8])])).expect("the gateway runs");
    assert_eq!(ada.sees().await, Some(vec![(1, vec![]), (2, vec![7, 8])]));
    house.elsewhere.send(told_by(77, Vec::new())).expect("the gateway runs");
    assert_eq!(ada.sees().await, Some(vec![(1, vec![]), (2, vec![8])]));
}

#[tokio::test(start_paused = true)]
async fn people_of_a_gateway_that_is_not_heard_any_more_disappear_in_time() {
    let house = house();
    let mut ada = house.member_in(1, None).await;
    for _ in 0..3 {
        house.elsewhere.send(told_by(77, vec![person_here(2, &[])])).expect("the gateway runs");
        ada.is_shown(Duration::from_secs(30)).await;
    }
    assert_eq!(ada.sees().await, None, "whoever is heard of stays");
    let shown = ada.is_shown(Duration::from_secs(6)).await;
    assert_eq!(shown, [vec![(1, vec![])]]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_asks_when_somebody_comes_and_answers_who_asks() {
    let mut house = house();
    let ada = house.member(1).await;
    let told = house.tells().await;
    assert_eq!(told.iter().map(|it| it.asks).collect::<Vec<_>>(), [true]);
    assert_eq!(told.first().map(|it| it.people.len()), Some(0));

    ada.say(here(Some(note(7)))).await;
    let _ben = house.member_in(2, None).await;
    let told = house.tells().await;
    assert!(told.iter().all(|it| !it.asks), "it was told by now: {told:?}");

    let asks = BoardPresence { board: board_id(BOARD), people: Vec::new(), more: 0, asks: true };
    let asking = PresenceUpdate { boards: vec![asks], ..told_by(77, Vec::new()) };
    house.elsewhere.send(asking).expect("the gateway runs");
    let told = house.tells().await;
    let people = vec![person_here(1, &[7]), person_here(2, &[])];
    assert_eq!(told.into_iter().map(|it| it.people).collect::<Vec<_>>(), [people]);
}

#[tokio::test(start_paused = true)]
async fn who_is_here_is_told_again_and_again_so_that_what_was_lost_is_healed() {
    let mut house = house();
    let ada = house.member_in(1, None).await;
    house.tells().await;
    for _ in 0..4 {
        sleep(Duration::from_secs(15)).await;
        let told = house.tells().await;
        let people: Vec<_> = told.into_iter().map(|it| it.people).collect();
        assert!(people.contains(&vec![person_here(1, &[])]), "within 15 s: {people:?}");
    }
    drop(ada);
    let told = house.tells().await;
    assert_eq!(told.into_iter().map(|it| it.people).collect::<Vec<_>>(), [[]], "that they left");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(house.tells().await, [], "nobody is here, and that was told");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_drains_says_of_all_that_they_leave() {
    let mut house = house();
    let ada = house.member_in(1, None).await;
    house.tells().await;
    let serving = async {
        while !matches!(ada.session.next().await, SessionOutput::Close(_)) {}
        drop(ada);
    };
    tokio::join!(house.gateway.drain(), serving);
    let told = house.tells().await;
    assert_eq!(told.into_iter().map(|it| it.people).collect::<Vec<_>>(), [[]]);
}

#[tokio::test(start_paused = true)]
async fn of_very_many_people_a_hundred_are_named_and_the_others_counted() {
    let mut house = house();
    let mut ada = house.member_in(1, None).await;
    ada.sees().await;
    let many = (2..=150).map(|n| person_here(n, &[])).collect();
    house.elsewhere.send(told_by(77, many)).expect("the gateway runs");
    sleep(MOMENT).await;
    let ServerMessage::Presence { people, more, .. } = ada.hear().await else { panic!("presence") };
    assert_eq!((people.len(), more), (100, 1), "no more than a hundred are taken in");

    let mut crowd = Vec::new();
    for n in 2..=130 {
        crowd.push(house.member_in(n, None).await);
    }
    sleep(MOMENT).await;
    let told = house.tells().await;
    assert_eq!(told.last().map(|it| (it.people.len(), it.more)), Some((100, 30)));
}

#[tokio::test(start_paused = true)]
async fn boards_that_other_gateways_speak_of_and_nobody_looks_at_take_no_room() {
    let mut house = house();
    let ada = house.member_in(1, None).await;
    drop(ada);
    house.tells().await;
    house.elsewhere.send(told_by(77, vec![person_here(2, &[])])).expect("the gateway runs");
    advance(MOMENT).await;
    let mut ben = house.member(3).await;
    assert_eq!(ben.sees().await, None, "what was told to nobody is not kept");
    let told = house.tells().await;
    assert_eq!(told.iter().filter(|it| it.asks).count(), 1, "it is asked for");
}

#[tokio::test(start_paused = true)]
async fn what_a_bus_brings_back_is_not_taken_for_anothers() {
    let mut house = house();
    let mut ada = house.member_in(1, Some(note(7))).await;
    ada.sees().await;
    let own = house.told.recv().await.expect("it tells");
    ada.say(here(None)).await;
    ada.sees().await;
    house.elsewhere.send(own).expect("the gateway runs");
    assert_eq!(ada.sees().await, None);
}
