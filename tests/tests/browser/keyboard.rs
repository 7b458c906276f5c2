//! A board by keyboard alone.

use serde_json::json;
use sockbit_tests::system::board_page_actions::{create_board, wait_until_live};
use sockbit_tests::system::{Browser, Deployment, Window};
use thirtyfour::prelude::*;

in_both_deployments! {
    a_board_can_be_used_by_keyboard_alone
}

/// Types into the focused element.
async fn press(window: &Window, keys: impl Into<TypingData>) {
    let focused = window.driver.active_element().await.expect("an active element");
    focused.send_keys(keys).await.expect("typed");
}

async fn has_focus(window: &Window, selector: &str) {
    let script = format!("return document.activeElement.matches({})", json!(selector));
    window.wait_until(&format!("{selector} has the focus"), &script).await;
}

async fn a_board_can_be_used_by_keyboard_alone(site: Deployment) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Keys").await;
    wait_until_live(&ada).await;
    for text in ["one", "two"] {
        press(&ada, "n").await;
        press(&ada, text).await;
        press(&ada, Key::Escape).await;
        has_focus(&ada, &format!(".note[aria-label={text}]")).await;
    }
    press(&ada, "c").await;
    has_focus(&ada, "#palette button").await;
    let beside = "const rect = (it) => document.querySelector(it).getBoundingClientRect();
         const [palette, note] = [rect('#palette'), rect('.note[aria-label=two]')];
         const above = palette.height + 16;
         return palette.left < note.right && note.left < palette.right
           && palette.top < note.bottom && note.top < palette.bottom + above";
    ada.wait_until("the palette is at its note", beside).await;
    press(&ada, Key::Escape).await;
    has_focus(&ada, ".note[aria-label=two]").await;
    press(&ada, "#").await;
    has_focus(&ada, ".note[aria-label=one]").await;
    ada.script("document.querySelector('#toasts [data-action=undo]').focus()").await;
    press(&ada, Key::Enter).await;
    has_focus(&ada, ".note[aria-label=two]").await;
    ada.script("document.activeElement.setAttribute('data-tools', '')").await;
    ada.script("document.activeElement.querySelector('[data-action=later]').focus()").await;
    press(&ada, Key::Enter).await;
    ada.wait_until(
        "it is the last",
        "return document.querySelector('#notes').lastElementChild.matches('[aria-label=two]')",
    )
    .await;
    has_focus(&ada, ".note[aria-label=two] [data-action=later]").await;
    press(&ada, "#").await;
    has_focus(&ada, ".note[aria-label=one]").await;
    ada.script("document.querySelector('#trash').open = true").await;
    ada.script("document.querySelector('#trash [data-action=restore]').focus()").await;
    press(&ada, Key::Enter).await;
    has_focus(&ada, "#trash > summary").await;
}
