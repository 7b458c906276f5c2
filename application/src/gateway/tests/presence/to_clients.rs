//! Who is shown who is here, and how often.

use super::*;

#[tokio::test(start_paused = true)]
async fn who_joins_is_told_who_is_here_and_the_others_are_told_of_them() {
    let house = house();
    let mut ada = house.member_in(1, Some(note(7))).await;
    assert_eq!(
        ada.sees().await,
        Some(vec![(1, vec![7])]),
        "everybody is in the list, also oneself"
    );

    let mut ben = house.member(2).await;
    assert_eq!(ben.sees().await, Some(vec![(1, vec![7])]), "who looks is told at once");
    assert_eq!(ada.sees().await, None, "who only looks has not said that they are here");

    ben.say(here(None)).await;
    for client in [&mut ada, &mut ben] {
        assert_eq!(client.sees().await, Some(vec![(1, vec![7]), (2, vec![])]));
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_board_or_goes_is_not_shown_any_more() {
    let house = house();
    let mut ada = house.member_in(1, None).await;
    let ben = house.member_in(2, None).await;
    let cem = house.member_in(3, Some(note(7))).await;
    assert_eq!(ada.sees().await, Some(vec![(1, vec![]), (2, vec![]), (3, vec![7])]));

    ben.say(leave()).await;
    assert_eq!(ada.sees().await, Some(vec![(1, vec![]), (3, vec![7])]));
    drop(cem);
    assert_eq!(ada.sees().await, Some(vec![(1, vec![])]));
}

#[tokio::test(start_paused = true)]
async fn a_person_with_two_windows_is_there_once_in_all_their_notes() {
    let house = house();
    let mut first = house.member_in(1, Some(note(8))).await;
    let second = house.member_in(1, Some(note(7))).await;
    assert_eq!(first.sees().await, Some(vec![(1, vec![7, 8])]));
    second.say(here(None)).await;
    assert_eq!(first.sees().await, Some(vec![(1, vec![8])]));
    drop(second);
    assert_eq!(first.sees().await, None, "nothing is different for others");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_neither_told_nor_shown() {
    let house = Surroundings::answering(|_| Err(no_bus())).house();
    let mut stranger = house.client(9);
    stranger.hears_the_welcome().await;
    stranger.say(join(board_id(BOARD), Some(position(1)))).await;
    stranger.say(here(Some(note(7)))).await;
    house.elsewhere.send(told_by(77, vec![person_here(2, &[])])).expect("the gateway runs");
    assert_eq!(stranger.sees().await, None);
    let mut house = house;
    assert_eq!(house.tells().await, [], "nobody is told of them");
}

#[tokio::test(start_paused = true)]
async fn who_has_left_is_shown_nothing_that_waited_for_them() {
    let house = house();
    let mut ada = house.member_in(1, None).await;
    sleep(MOMENT).await;
    ada.say(leave()).await;
    assert_eq!(ada.sees().await, None);
}

#[tokio::test(start_paused = true)]
async fn changes_are_shown_and_told_five_times_a_second_and_the_last_one_is_not_lost() {
    let mut house = house();
    let ada = house.member_in(1, None).await;
    let mut ben = house.member(2).await;
    ben.sees().await;
    house.tells().await;

    let hurrying = async {
        for n in 1..=40 {
            ada.say(here(Some(note(n)))).await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (shown, ()) = tokio::join!(ben.is_shown(Duration::from_millis(2_500)), hurrying);

    assert!((9..=11).contains(&shown.len()), "{} in two seconds", shown.len());
    assert_eq!(shown.last(), Some(&vec![(1, vec![40])]));
    let told = house.tells().await;
    assert!((9..=11).contains(&told.len()), "{} in two seconds", told.len());
    assert_eq!(told.last().map(|it| it.people.clone()), Some(vec![person_here(1, &[40])]));
}

#[tokio::test(start_paused = true)]
async fn the_first_change_in_a_while_is_shown_at_once() {
    let house = house();
    let ada = house.member_in(1, None).await;
    let mut ben = house.member(2).await;
    ben.is_shown(Duration::from_secs(1)).await;
    ada.say(here(Some(note(7)))).await;
    assert_eq!(ben.is_shown(Duration::from_millis(1)).await, [vec![(1, vec![7])]]);
}

#[tokio::test(start_paused = true)]
async fn where_very_many_look_the_pace_is_slower() {
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.settings.connections_per_actor_max = 1_000;
    surroundings.settings.connections_per_address_max = 1_000;
    let house = surroundings.house();
    let ada = house.member_in(1, None).await;
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(house.member(2).await);
    }
    let last = crowd.last_mut().expect("a crowd");
    last.is_shown(Duration::from_secs(5)).await;
    let hurrying = async {
        for n in 1..=40 {
            ada.say(here(Some(note(n)))).await;
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (shown, ()) = tokio::join!(last.is_shown(Duration::from_secs(4)), hurrying);
    assert!((2..=4).contains(&shown.len()), "{} in two seconds", shown.len());
    assert_eq!(shown.last(), Some(&vec![(1, vec![40])]));
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_is_shown_the_latest_only_and_is_never_cut_for_it() {
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.settings.outgoing_messages_max = 4;
    surroundings.settings.outgoing_bytes_max = 400;
    surroundings.settings.messages_per_second = 1_000;
    let house = surroundings.house();
    let mut slow = house.member(1).await;
    let ada = house.member_in(2, None).await;
    for n in 1..=100 {
        ada.say(here(Some(note(n)))).await;
        sleep(MOMENT).await;
    }
    assert_eq!(slow.is_shown(MOMENT).await, [vec![(2, vec![100])]]);
}
