//! The pages without JavaScript, and screenshots of them.

use sockbit_tests::system::board_page_actions::{create_board, leave_note, write_note};
use sockbit_tests::system::{Browser, Deployment, eventually};
use thirtyfour::prelude::*;

in_both_deployments! {
    everything_works_without_javascript
    screenshots_of_the_pages
}

async fn everything_works_without_javascript(site: Deployment) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    ada.allow_scripts(false).await;
    create_board(&ada, &site.url(), "Plain").await;
    ada.find("#composer textarea[name=text]")
        .await
        .send_keys("by forms alone")
        .await
        .expect("typed");
    ada.find("#composer .button").await.click().await.expect("clicked");
    let note = ada.find("#notes .note [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone");
    ada.find("#notes .note [data-action=edit]").await.click().await.expect("clicked");
    let editor = ada.find("#notes .note textarea[name=text]").await;
    editor.send_keys(", and well").await.expect("typed");
    ada.find("#notes .note [data-action=save]").await.click().await.expect("clicked");
    let note = ada.find("#notes .note:not([data-editing]) [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone, and well");
    ada.screenshot("without-javascript").await;
    let board = ada.driver.current_url().await.expect("an address");
    ada.script("document.querySelector('#share-form button').click()").await;
    let link = ada.find("#new-link").await.value().await.expect("a field").expect("an address");
    let bob = browser.window().await;
    bob.allow_scripts(false).await;
    bob.open(&link).await;
    bob.screenshot("asked-to-join").await;
    bob.find("#join .button").await.click().await.expect("clicked");
    let note = bob.find("#notes .note [data-view]").await;
    assert_eq!(note.text().await.expect("text"), "by forms alone, and well");
    ada.open(board.as_str()).await;
    ada.find("#notes .note [data-action=trash]").await.click().await.expect("clicked");
    eventually("the note is in the trash", || async {
        ada.driver.find(By::Css("#trash-list [data-note]")).await.ok()
    })
    .await;
    assert!(ada.driver.find(By::Css("#notes .note")).await.is_err(), "and no longer on the board");
}

async fn screenshots_of_the_pages(site: Deployment) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    ada.open(&site.url()).await;
    ada.screenshot("first-visit").await;
    create_board(&ada, &site.url(), "Summer house").await;
    ada.screenshot("board-empty").await;
    for (colour, text) in [
        (
            "paper",
            "## Who comes\nAda, Bob, the twins (Saturday only), and Grandma if the weather holds.",
        ),
        ("teal", "The key is **under the third pot**.\n\nGate code: `4711`"),
        ("purple", "> A house is a machine for living in.\n\nBob, sweeping"),
        ("orange", "### Menu\n1. Soup, cold\n2. Perch\n3. Whatever the garden gives"),
        ("blue", "Train at **9:12**, platform 4.\nWho brings the tent?"),
        (
            "yellow",
            "# Shopping\n- [x] salt\n- [x] charcoal\n- [ ] bread\n- [ ] something for the wasps",
        ),
    ] {
        let swatch = format!("#composer .swatch[data-colour={colour}] input");
        ada.script(&format!("document.querySelector('{swatch}').click()")).await;
        write_note(&ada, text).await;
    }
    leave_note(&ada).await;
    ada.wait_until("no save status is shown", "return document.querySelectorAll('[data-save-status]').length === 0 || [...document.querySelectorAll('.save-status')].every(it => getComputedStyle(it).opacity === '0')").await;
    for (width, height) in [(390, 844), (820, 1180), (1440, 900)] {
        for scheme in ["light", "dark"] {
            ada.set_viewport(width, height, scheme).await;
            ada.screenshot(&format!("board-{width}-{scheme}")).await;
        }
    }
    let wide = ada.script("return document.documentElement.scrollWidth <= window.innerWidth").await;
    assert_eq!(wide, true, "nothing scrolls sideways");
    ada.script("location.assign(document.querySelector('#notes .note [data-action=open]').href)")
        .await;
    ada.find("main#note-page").await;
    ada.set_viewport(1440, 900, "light").await;
    ada.screenshot("note").await;
}
