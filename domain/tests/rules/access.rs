//! Access: roles, links and joining.

use sockbit_domain::{
    Change, Command, KeyHash, Link, LinkId, NoteId, Rejection, RejectionCode, Role,
};
use uuid::Uuid;

use crate::fixture::{
    ADA, ADA_UNDER_ANOTHER_NAME, BEN, BoardFixture, CommandResult, EVE, KEY, WRONG_KEY,
    create_note, every_command_about, rename, trash,
};

const JOIN: Command = Command::JoinBoard {};
const ADD_LINK: Command = Command::AddLink { role: Role::Editor };

fn commands_of_a_member(fixture: &BoardFixture, note: NoteId) -> Vec<Command> {
    let new = NoteId(Uuid::from_u128(0xddd));
    let mut commands = vec![rename("Mine"), ADD_LINK, JOIN, create_note(new, "hello")];
    commands.extend(every_command_about(note, fixture.head()));
    commands
}

#[test]
fn every_command_of_a_non_member_is_rejected_as_not_found() {
    let (mut fixture, note) = BoardFixture::with_note("secret");
    for command in commands_of_a_member(&fixture, note) {
        assert_eq!(fixture.send(EVE, &command).code(), RejectionCode::NotFound, "{command:?}");
    }
}

#[test]
fn a_non_member_cannot_distinguish_a_board_from_no_board() {
    let (mut fixture, note) = BoardFixture::with_note("secret");
    let mut nothing = BoardFixture::empty();
    for command in commands_of_a_member(&fixture, note) {
        assert_eq!(fixture.send(EVE, &command), nothing.send(EVE, &command), "{command:?}");
    }
}

#[test]
fn a_join_with_a_wrong_key_is_rejected_like_one_of_no_board() {
    let mut fixture = BoardFixture::new();
    let wrong = fixture.send_with_key(EVE, &JOIN, WRONG_KEY);
    assert_eq!(wrong, BoardFixture::empty().send_with_key(EVE, &JOIN, WRONG_KEY));
    assert_eq!(wrong.code(), RejectionCode::NotFound);
}

#[test]
fn a_join_without_a_key_is_rejected() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send(EVE, &JOIN).code(), RejectionCode::NotFound);
    assert_eq!(fixture.board().role(EVE.id()), None);
}

#[test]
fn a_key_gives_access_only_to_joining() {
    let mut fixture = BoardFixture::new();
    let result = fixture.send_with_key(EVE, &rename("Mine"), KEY);
    assert_eq!(result.code(), RejectionCode::NotFound);
}

#[test]
fn a_matching_key_makes_the_sender_a_member() {
    let mut fixture = BoardFixture::new();
    let change = fixture.send_with_key(EVE, &JOIN, KEY).change();
    assert_eq!(change, Change::MemberJoined { role: Role::Editor });
    assert_eq!(fixture.board().role(EVE.id()), Some(Role::Editor));
}

#[test]
fn a_new_member_may_edit_at_once() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    fixture.send_with_key(EVE, &JOIN, KEY).event();
    fixture.send(EVE, &trash(note)).event();
}

#[test]
fn joining_twice_changes_nothing() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send_with_key(BEN, &JOIN, KEY), CommandResult::Unchanged);
}

#[test]
fn a_link_with_a_lower_role_leaves_the_role_unchanged() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send_with_key(ADA, &JOIN, KEY), CommandResult::Unchanged);
    assert_eq!(fixture.board().role(ADA.id()), Some(Role::Owner));
}

#[test]
fn a_link_with_a_higher_role_raises_the_role() {
    let mut fixture = BoardFixture::new();
    let link = Link { id: LinkId(Uuid::nil()), role: Role::Owner, hash: WRONG_KEY };
    fixture.board_mut().links.push(link);
    fixture.send_with_key(BEN, &JOIN, WRONG_KEY).event();
    assert_eq!(fixture.board().role(BEN.id()), Some(Role::Owner));
}

#[test]
fn a_member_with_a_wrong_key_stays_a_member() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send_with_key(BEN, &JOIN, WRONG_KEY), CommandResult::Unchanged);
    assert_eq!(fixture.board().role(BEN.id()), Some(Role::Editor));
}

#[test]
fn owners_and_editors_may_add_links() {
    let mut fixture = BoardFixture::new();
    for (who, key) in [(ADA, KeyHash([3; 32])), (BEN, KeyHash([4; 32]))] {
        fixture.send_with_key(who, &ADD_LINK, key).event();
    }
    fixture.send_with_key(EVE, &JOIN, KeyHash([4; 32])).event();
    assert_eq!(fixture.board().role(EVE.id()), Some(Role::Editor));
}

#[test]
fn a_link_for_owners_is_rejected() {
    let mut fixture = BoardFixture::new();
    let add = Command::AddLink { role: Role::Owner };
    for (who, sentence) in [
        (ADA, "an owner may not let in owners by a link"),
        (BEN, "an editor may not let in owners by a link"),
    ] {
        let rejection = fixture.send_with_key(who, &add, WRONG_KEY).rejection();
        assert_eq!(rejection, Rejection::new(RejectionCode::Forbidden, sentence));
    }
}

#[test]
fn a_link_without_a_key_is_malformed() {
    let mut fixture = BoardFixture::new();
    let rejection = fixture.send(BEN, &ADD_LINK).rejection();
    assert_eq!(rejection.code, RejectionCode::Malformed);
    assert!(rejection.detail.contains("`key`"), "{rejection}");
}

#[test]
fn adding_a_link_with_an_existing_key_changes_nothing() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send_with_key(BEN, &ADD_LINK, KEY), CommandResult::Unchanged);
    assert_eq!(fixture.board().links.len(), 1);
}

#[test]
fn a_links_key_is_stored_beside_its_event_and_not_in_it() {
    let mut fixture = BoardFixture::new();
    let Change::LinkAdded { link, role } =
        fixture.send_with_key(BEN, &ADD_LINK, WRONG_KEY).change()
    else {
        panic!("a link was added");
    };
    assert_eq!(fixture.facts.last().and_then(|fact| fact.key), Some(WRONG_KEY));
    assert_eq!(fixture.board().links.last(), Some(&Link { id: link, role, hash: WRONG_KEY }));
}

#[test]
fn a_key_is_hidden_in_debug_output() {
    assert_eq!(format!("{KEY:?}"), "KeyHash(…)");
}

#[test]
fn a_link_over_the_limit_is_rejected() {
    let mut fixture = BoardFixture::new();
    fixture.limits.links_max = 3;
    fixture.send_with_key(BEN, &ADD_LINK, KeyHash([3; 32])).event();
    fixture.send_with_key(BEN, &ADD_LINK, KeyHash([4; 32])).event();
    let rejection = fixture.send_with_key(BEN, &ADD_LINK, KeyHash([5; 32])).rejection();
    assert_eq!(rejection.code, RejectionCode::TooManyLinks);
    assert!(rejection.detail.contains("3 links"), "{rejection}");
}

#[test]
fn a_board_at_its_link_limit_can_still_be_joined() {
    let mut fixture = BoardFixture::new();
    fixture.limits.links_max = 1;
    fixture.send_with_key(EVE, &JOIN, KEY).event();
}

#[test]
fn a_renamed_actor_keeps_its_role_and_events_keep_the_name_of_their_time() {
    let mut fixture = BoardFixture::new();
    let before = fixture.send(ADA, &rename("Plans")).event();
    let after = fixture.send(ADA_UNDER_ANOTHER_NAME, &rename("Better plans")).event();
    assert_eq!(before.actor.id, after.actor.id);
    assert_eq!((&*before.actor.name, &*after.actor.name), ("Ada", "Countess"));
}
