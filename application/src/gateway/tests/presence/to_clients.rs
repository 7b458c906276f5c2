//! The presence that clients are sent, and how often.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_member_is_sent_the_presence_and_appears_in_it_after_its_own_message() {
    let fixture = start();
    let mut ada = fixture.present_member(1, Some(note(7))).await;
    assert_eq!(
        ada.latest_presence().await,
        Some(vec![(1, vec![7])]),
        "the list contains the client's own person"
    );

    let mut ben = fixture.member(2).await;
    assert_eq!(
        ben.latest_presence().await,
        Some(vec![(1, vec![7])]),
        "a new member is sent the presence at once"
    );
    assert_eq!(
        ada.latest_presence().await,
        None,
        "a member without a presence message is not listed"
    );

    ben.send(presence(None)).await;
    for client in [&mut ada, &mut ben] {
        assert_eq!(client.latest_presence().await, Some(vec![(1, vec![7]), (2, vec![])]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_leaves_or_disconnects_disappears() {
    let fixture = start();
    let mut ada = fixture.present_member(1, None).await;
    let ben = fixture.present_member(2, None).await;
    let cem = fixture.present_member(3, Some(note(7))).await;
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![]), (2, vec![]), (3, vec![7])]));

    ben.send(leave()).await;
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![]), (3, vec![7])]));
    drop(cem);
    assert_eq!(ada.latest_presence().await, Some(vec![(1, vec![])]));
}

#[tokio::test(start_paused = true)]
async fn a_person_with_two_windows_is_listed_once_with_all_notes() {
    let fixture = start();
    let mut first = fixture.present_member(1, Some(note(8))).await;
    let second = fixture.present_member(1, Some(note(7))).await;
    assert_eq!(first.latest_presence().await, Some(vec![(1, vec![7, 8])]));
    second.send(presence(None)).await;
    assert_eq!(first.latest_presence().await, Some(vec![(1, vec![8])]));
    drop(second);
    assert_eq!(first.latest_presence().await, None, "the presence is unchanged");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_admission_neither_sees_presence_nor_appears_in_it() {
    let fixture = FixtureBuilder::replying(|_| Err(no_bus())).start();
    let mut stranger = fixture.client(9);
    stranger.receive_welcome().await;
    stranger.send(join(board_id(BOARD), Some(position(1)))).await;
    stranger.send(presence(Some(note(7)))).await;
    fixture
        .remote_presence
        .send(update_of(77, vec![person_here(2, &[])]))
        .expect("the gateway runs");
    assert_eq!(stranger.latest_presence().await, None);
    let mut fixture = fixture;
    assert_eq!(fixture.published().await, [], "nothing is published");
}

#[tokio::test(start_paused = true)]
async fn a_presence_that_was_not_sent_before_a_leave_is_discarded() {
    let fixture = start();
    let mut ada = fixture.present_member(1, None).await;
    sleep(INTERVAL).await;
    ada.send(leave()).await;
    assert_eq!(ada.latest_presence().await, None);
}

#[tokio::test(start_paused = true)]
async fn changes_are_sent_and_published_five_times_a_second_including_the_last_one() {
    let mut fixture = start();
    let ada = fixture.present_member(1, None).await;
    let mut ben = fixture.member(2).await;
    ben.latest_presence().await;
    fixture.published().await;

    let changes = async {
        for n in 1..=40 {
            ada.send(presence(Some(note(n)))).await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (presences, ()) = tokio::join!(ben.presences(Duration::from_millis(2_500)), changes);

    assert!((9..=11).contains(&presences.len()), "{} in two seconds", presences.len());
    assert_eq!(presences.last(), Some(&vec![(1, vec![40])]));
    let updates = fixture.published().await;
    assert!((9..=11).contains(&updates.len()), "{} in two seconds", updates.len());
    assert_eq!(updates.last().map(|it| it.people.clone()), Some(vec![person_here(1, &[40])]));
}

#[tokio::test(start_paused = true)]
async fn the_first_change_after_a_pause_is_sent_at_once() {
    let fixture = start();
    let ada = fixture.present_member(1, None).await;
    let mut ben = fixture.member(2).await;
    ben.presences(Duration::from_secs(1)).await;
    ada.send(presence(Some(note(7)))).await;
    assert_eq!(ben.presences(Duration::from_millis(1)).await, [vec![(1, vec![7])]]);
}

#[tokio::test(start_paused = true)]
async fn with_many_members_the_interval_is_longer() {
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.settings.connections_per_actor_max = 1_000;
    builder.settings.connections_per_address_max = 1_000;
    let fixture = builder.start();
    let ada = fixture.present_member(1, None).await;
    let mut members = Vec::new();
    for _ in 0..200 {
        members.push(fixture.member(2).await);
    }
    let last = members.last_mut().expect("there are members");
    last.presences(Duration::from_secs(5)).await;
    let changes = async {
        for n in 1..=40 {
            ada.send(presence(Some(note(n)))).await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (presences, ()) = tokio::join!(last.presences(Duration::from_secs(4)), changes);
    assert!((2..=4).contains(&presences.len()), "{} in two seconds", presences.len());
    assert_eq!(presences.last(), Some(&vec![(1, vec![40])]));
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_sent_only_the_latest_presence_and_not_closed() {
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.settings.outgoing_messages_max = 4;
    builder.settings.outgoing_bytes_max = 400;
    builder.settings.messages_per_second = 1_000;
    let fixture = builder.start();
    let mut slow = fixture.member(1).await;
    let ada = fixture.present_member(2, None).await;
    for n in 1..=100 {
        ada.send(presence(Some(note(n)))).await;
        sleep(INTERVAL).await;
    }
    assert_eq!(slow.presences(INTERVAL).await, [vec![(2, vec![100])]]);
}
