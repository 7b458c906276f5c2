//! Who is here.

use serde_json::json;
use sockbit_tests::system::board_page_actions::{
    create_link, leave_note, type_in_note, wait_until_live, write_note,
};
use sockbit_tests::system::{Deployment, Window};

use crate::shared_board::SharedBoard;

in_both_shapes! {
    everybody_sees_who_is_here_and_in_which_note
    three_people_as_each_other_sees_them
}

/// Has somebody be called so.
async fn is_called(window: &Window, name: &str, colour: u8) {
    let fields =
        format!("new URLSearchParams({{name: {}, colour: {colour}, back: '/'}})", json!(name));
    window.script(&format!("return fetch('/me', {{method: 'POST', body: {fields}}})")).await;
    window.driver.refresh().await.expect("reloaded");
    wait_until_live(window).await;
}

/// Waits until a list of people shows exactly these.
async fn people_are(window: &Window, list: &str, names: &[&str]) {
    let (list, wanted) = (json!(list), json!(names));
    let script = format!(
        "const shown = [...document.querySelectorAll({list} + ' .person:not([data-leaving]) [data-name]')];
         return JSON.stringify(shown.map(it => it.textContent).sort()) === JSON.stringify({wanted})"
    );
    window.wait_until(&format!("{names:?} are in {list}"), &script).await;
}

async fn everybody_sees_who_is_here_and_in_which_note(site: Deployment) {
    let board = SharedBoard::with_note(site, "here").await;
    let (ada, bob) = (&board.ada, &board.bob);
    is_called(ada, "Ada", 3).await;
    is_called(bob, "Bob", 8).await;
    people_are(ada, "#people", &["Bob"]).await;
    people_are(bob, "#people", &["Ada"]).await;

    let place =
        "return document.querySelector('#notes .note [data-view]').getBoundingClientRect().top";
    let before = bob.script(place).await;
    type_in_note(ada, "").await;
    people_are(bob, "#notes .note", &["Ada"]).await;
    people_are(ada, "#notes .note", &[]).await;
    assert_eq!(bob.script(place).await, before, "the words stay where they are");

    leave_note(ada).await;
    people_are(bob, "#notes .note", &[]).await;
    people_are(bob, "#people", &["Ada"]).await;
    ada.open("about:blank").await;
    people_are(bob, "#people", &[]).await;
    ada.open(&board.url).await;
    people_are(bob, "#people", &["Ada"]).await;
}

async fn three_people_as_each_other_sees_them(site: Deployment) {
    let board = SharedBoard::with_note(site, "# Shopping\n- [x] salt\n- [ ] bread").await;
    let (ada, bob, cem) = (&board.ada, &board.bob, board.browser.window().await);
    write_note(ada, "Train at **9:12**, platform 4.\nWho brings the tent?").await;
    cem.open(&board.site.at_another_gateway(&create_link(ada).await)).await;
    for (window, name, colour) in
        [(ada, "Ada", 3), (bob, "Bob", 8), (&cem, "Cem Yıldız-Oppenheimer", 11)]
    {
        is_called(window, name, colour).await;
    }
    type_in_note(bob, "").await;
    type_in_note(&cem, "").await;
    people_are(ada, "#people", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
    people_are(ada, "#notes .note", &["Bob", "Cem Yıldız-Oppenheimer"]).await;
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
    people_are(ada, "#people", &["Bob"]).await;
}
