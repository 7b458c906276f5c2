//! Presence.

use serde_json::json;
use sockbit_tests::system::board_page_actions::{
    create_link, leave_note, type_in_note, wait_until_live, write_note,
};
use sockbit_tests::system::{Deployment, Window};

use crate::shared_board::SharedBoard;

in_both_deployments! {
    each_user_sees_who_is_here_and_who_edits_which_note
    screenshots_of_three_users_on_a_board
}

/// Gives the user a name and a colour.
async fn set_name(window: &Window, name: &str, colour: u8) {
    let fields =
        format!("new URLSearchParams({{name: {}, colour: {colour}, back: '/'}})", json!(name));
    window.script(&format!("return fetch('/me', {{method: 'POST', body: {fields}}})")).await;
    window.driver.refresh().await.expect("reloaded");
    wait_until_live(window).await;
}

/// Waits until a presence list shows exactly these names.
async fn wait_for_people(window: &Window, list: &str, names: &[&str]) {
    let (list, expected) = (json!(list), json!(names));
    let script = format!(
        "const shown = [...document.querySelectorAll({list} + ' .person:not([data-leaving]) [data-name]')];
         return JSON.stringify(shown.map(it => it.textContent).sort()) === JSON.stringify({expected})"
    );
    window.wait_until(&format!("{names:?} are in {list}"), &script).await;
}

async fn each_user_sees_who_is_here_and_who_edits_which_note(site: Deployment) {
    let board = SharedBoard::with_note(site, "here").await;
    let (ada, bob) = (&board.ada, &board.bob);
    set_name(ada, "Ada", 3).await;
    set_name(bob, "Bob", 8).await;
    wait_for_people(ada, "#people", &["Bob"]).await;
    wait_for_people(bob, "#people", &["Ada"]).await;

    let text_top =
        "return document.querySelector('#notes .note [data-view]').getBoundingClientRect().top";
    let before = bob.script(text_top).await;
    type_in_note(ada, "").await;
    wait_for_people(bob, "#notes .note", &["Ada"]).await;
    wait_for_people(ada, "#notes .note", &[]).await;
    assert_eq!(bob.script(text_top).await, before, "the text does not move");

    leave_note(ada).await;
    wait_for_people(bob, "#notes .note", &[]).await;
    wait_for_people(bob, "#people", &["Ada"]).await;
    ada.open("about:blank").await;
    wait_for_people(bob, "#people", &[]).await;
    ada.open(&board.url).await;
    wait_for_people(bob, "#people", &["Ada"]).await;
}

async fn screenshots_of_three_users_on_a_board(site: Deployment) {
    let board = SharedBoard::with_note(site, "# Shopping\n- [x] salt\n- [ ] bread").await;
    let (ada, bob, cem) = (&board.ada, &board.bob, board.browser.window().await);
    write_note(ada, "Train at **9:12**, platform 4.\nWho brings the tent?").await;
    cem.open(&board.site.at_another_gateway(&create_link(ada).await)).await;
    for (window, name, colour) in
        [(ada, "Ada", 3), (bob, "Bob", 8), (&cem, "Cem Yıldız-Oppenheimer", 11)]
    {
        set_name(window, name, colour).await;
    }
    type_in_note(bob, "").await;
    type_in_note(&cem, "").await;
    wait_for_people(ada, "#people", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
    wait_for_people(ada, "#notes .note", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
    for (width, height) in [(390, 844), (1440, 900)] {
        for scheme in ["light", "dark"] {
            ada.set_viewport(width, height, scheme).await;
            ada.screenshot(&format!("presence-{width}-{scheme}")).await;
        }
    }
    bob.screenshot("presence-writing").await;
    let wide = ada.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    assert_eq!(wide, true, "nothing scrolls sideways");
    cem.close().await;
    wait_for_people(ada, "#people", &["Bob"]).await;
}
