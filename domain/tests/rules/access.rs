//! Who may do what, and how people get in.

use sockbit_domain::{
    Change, Command, KeyHash, Link, LinkId, NoteId, Rejection, RejectionCode, Role,
};
use uuid::Uuid;

use crate::support::{
    ADA, ADA_UNDER_ANOTHER_NAME, BEN, EVE, Heard, KEY, Scene, WRONG_KEY, create_note,
    every_command_about, rename, trash,
};

const JOIN: Command = Command::JoinBoard {};
const ADD_LINK: Command = Command::AddLink { role: Role::Editor };

fn everything_but_creating(scene: &Scene, note: NoteId) -> Vec<Command> {
    let new = NoteId(Uuid::from_u128(0xddd));
    let mut commands = vec![rename("Mine"), ADD_LINK, JOIN, create_note(new, "hello")];
    commands.extend(every_command_about(note, scene.head()));
    commands
}

#[test]
fn a_stranger_is_told_that_there_is_no_board() {
    let (mut scene, note) = Scene::with_note("secret");
    for command in everything_but_creating(&scene, note) {
        assert_eq!(scene.send(EVE, &command).code(), RejectionCode::NotFound, "{command:?}");
    }
}

#[test]
fn a_stranger_cannot_tell_a_board_from_no_board() {
    let (mut scene, note) = Scene::with_note("secret");
    let mut nothing = Scene::empty();
    for command in everything_but_creating(&scene, note) {
        assert_eq!(scene.send(EVE, &command), nothing.send(EVE, &command), "{command:?}");
    }
}

#[test]
fn a_wrong_key_is_answered_like_no_board() {
    let mut scene = Scene::new();
    let wrong = scene.send_with_key(EVE, &JOIN, WRONG_KEY);
    assert_eq!(wrong, Scene::empty().send_with_key(EVE, &JOIN, WRONG_KEY));
    assert_eq!(wrong.code(), RejectionCode::NotFound);
}

#[test]
fn nobody_gets_in_without_a_key() {
    let mut scene = Scene::new();
    assert_eq!(scene.send(EVE, &JOIN).code(), RejectionCode::NotFound);
    assert_eq!(scene.board().role(EVE.id()), None);
}

#[test]
fn a_key_opens_only_joining() {
    let mut scene = Scene::new();
    let heard = scene.send_with_key(EVE, &rename("Mine"), KEY);
    assert_eq!(heard.code(), RejectionCode::NotFound);
}

#[test]
fn a_key_that_fits_makes_its_bearer_a_member() {
    let mut scene = Scene::new();
    let change = scene.send_with_key(EVE, &JOIN, KEY).change();
    assert_eq!(change, Change::MemberJoined { role: Role::Editor });
    assert_eq!(scene.board().role(EVE.id()), Some(Role::Editor));
}

#[test]
fn whoever_came_by_a_link_may_edit_at_once() {
    let (mut scene, note) = Scene::with_note("a");
    scene.send_with_key(EVE, &JOIN, KEY).event();
    scene.send(EVE, &trash(note)).event();
}

#[test]
fn opening_a_link_twice_changes_nothing() {
    let mut scene = Scene::new();
    assert_eq!(scene.send_with_key(BEN, &JOIN, KEY), Heard::Unchanged);
}

#[test]
fn a_lesser_link_takes_no_role_away() {
    let mut scene = Scene::new();
    assert_eq!(scene.send_with_key(ADA, &JOIN, KEY), Heard::Unchanged);
    assert_eq!(scene.board().role(ADA.id()), Some(Role::Owner));
}

#[test]
fn a_greater_link_raises_a_member() {
    let mut scene = Scene::new();
    let link = Link { id: LinkId(Uuid::nil()), role: Role::Owner, hash: WRONG_KEY };
    scene.board_mut().links.push(link);
    scene.send_with_key(BEN, &JOIN, WRONG_KEY).event();
    assert_eq!(scene.board().role(BEN.id()), Some(Role::Owner));
}

#[test]
fn a_member_with_a_wrong_key_stays_a_member() {
    let mut scene = Scene::new();
    assert_eq!(scene.send_with_key(BEN, &JOIN, WRONG_KEY), Heard::Unchanged);
    assert_eq!(scene.board().role(BEN.id()), Some(Role::Editor));
}

#[test]
fn owners_and_editors_make_links() {
    let mut scene = Scene::new();
    for (who, key) in [(ADA, KeyHash([3; 32])), (BEN, KeyHash([4; 32]))] {
        scene.send_with_key(who, &ADD_LINK, key).event();
    }
    scene.send_with_key(EVE, &JOIN, KeyHash([4; 32])).event();
    assert_eq!(scene.board().role(EVE.id()), Some(Role::Editor));
}

#[test]
fn nobody_lets_in_owners_by_a_link() {
    let mut scene = Scene::new();
    let add = Command::AddLink { role: Role::Owner };
    for (who, sentence) in [
        (ADA, "an owner may not let in owners by a link"),
        (BEN, "an editor may not let in owners by a link"),
    ] {
        let rejection = scene.send_with_key(who, &add, WRONG_KEY).rejection();
        assert_eq!(rejection, Rejection::new(RejectionCode::Forbidden, sentence));
    }
}

#[test]
fn a_link_without_a_key_is_malformed() {
    let mut scene = Scene::new();
    let rejection = scene.send(BEN, &ADD_LINK).rejection();
    assert_eq!(rejection.code, RejectionCode::Malformed);
    assert!(rejection.detail.contains("`key`"), "{rejection}");
}

#[test]
fn a_link_with_a_key_that_there_is_changes_nothing() {
    let mut scene = Scene::new();
    assert_eq!(scene.send_with_key(BEN, &ADD_LINK, KEY), Heard::Unchanged);
    assert_eq!(scene.board().links.len(), 1);
}

#[test]
fn a_links_key_is_stored_beside_its_event_and_not_in_it() {
    let mut scene = Scene::new();
    let Change::LinkAdded { link, role } = scene.send_with_key(BEN, &ADD_LINK, WRONG_KEY).change()
    else {
        panic!("a link is added");
    };
    assert_eq!(scene.facts.last().and_then(|fact| fact.key), Some(WRONG_KEY));
    assert_eq!(scene.board().links.last(), Some(&Link { id: link, role, hash: WRONG_KEY }));
}

#[test]
fn a_key_is_never_shown() {
    assert_eq!(format!("{KEY:?}"), "KeyHash(…)");
}

#[test]
fn a_board_has_as_many_links_as_its_limit_and_not_one_more() {
    let mut scene = Scene::new();
    scene.limits.links_max = 3;
    scene.send_with_key(BEN, &ADD_LINK, KeyHash([3; 32])).event();
    scene.send_with_key(BEN, &ADD_LINK, KeyHash([4; 32])).event();
    let rejection = scene.send_with_key(BEN, &ADD_LINK, KeyHash([5; 32])).rejection();
    assert_eq!(rejection.code, RejectionCode::TooManyLinks);
    assert!(rejection.detail.contains("3 links"), "{rejection}");
}

#[test]
fn a_full_board_still_lets_people_in() {
    let mut scene = Scene::new();
    scene.limits.links_max = 1;
    scene.send_with_key(EVE, &JOIN, KEY).event();
}

#[test]
fn whoever_takes_another_name_keeps_their_role_and_events_keep_the_name_of_their_time() {
    let mut scene = Scene::new();
    let before = scene.send(ADA, &rename("Plans")).event();
    let after = scene.send(ADA_UNDER_ANOTHER_NAME, &rename("Better plans")).event();
    assert_eq!(before.actor.id, after.actor.id);
    assert_eq!((&*before.actor.name, &*after.actor.name), ("Ada", "Countess"));
}
