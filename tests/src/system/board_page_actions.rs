//! Actions of a user on a board page, and waits for its state.

use serde_json::json;

use super::Window;

/// Creates a board from the home page and returns its URL.
pub async fn create_board(window: &Window, url: &str, title: &str) -> String {
    window.open(url).await;
    window.find("#create-title").await.send_keys(title).await.expect("typed");
    window.find("#create .button").await.click().await.expect("clicked");
    window.find("main#board").await;
    let url = window.driver.current_url().await.expect("a URL");
    url.to_string()
}

/// Creates a note with the composer and waits until it is shown.
pub async fn write_note(window: &Window, text: &str) {
    let before = window.script("return document.querySelectorAll('#notes .note').length").await;
    let composer = window.find("#composer textarea[name=text]").await;
    composer.click().await.expect("focused");
    composer.send_keys(text).await.expect("typed");
    window.find("#composer .button").await.click().await.expect("clicked");
    let count = before.as_u64().unwrap_or(0) + 1;
    window
        .wait_until(
            "the new note is shown",
            &format!("return document.querySelectorAll('#notes .note').length === {count}"),
        )
        .await;
}

/// Creates a share link.
pub async fn create_link(window: &Window) -> String {
    window.find("[data-action=share]").await.click().await.expect("clicked");
    window.script("if (!document.querySelector('#share-link')?.value) document.querySelector('#share-form').requestSubmit()").await;
    window
        .wait_until("there is a link", "return document.querySelector('#share-link')?.value")
        .await;
    let link = window.script("return document.querySelector('#share-link').value").await;
    window.script("document.querySelector('#share').hidePopover()").await;
    link.as_str().expect("a URL").to_owned()
}

/// Waits until the page is connected.
pub async fn wait_until_live(window: &Window) {
    window
        .wait_until(
            "the connection is live",
            "return document.querySelector('#connection').dataset.connection === 'live'",
        )
        .await;
}

/// Opens the first note's editor and types at its end.
pub async fn type_in_note(window: &Window, text: &str) {
    window.script("document.querySelector('#notes .note [data-action=edit], #notes .note [data-view]').click()").await;
    window
        .wait_until(
            "the editor has the focus",
            "return document.activeElement?.matches('#notes .note textarea[name=text]')",
        )
        .await;
    window
        .script(
            "const t = document.activeElement; t.setSelectionRange(t.value.length, t.value.length)",
        )
        .await;
    let editor = window.driver.active_element().await.expect("the editor");
    editor.send_keys(text).await.expect("typed");
}

/// Takes the focus from the editor, which saves the note.
pub async fn leave_note(window: &Window) {
    window.script("document.activeElement.blur()").await;
}

/// Waits until the first note has this text.
pub async fn wait_for_note_text(window: &Window, text: &str) {
    let expected = json!(text);
    let script = format!(
        "const n = document.querySelector('#notes .note textarea[name=text]'); return n && n.value === {expected}"
    );
    window.wait_until(&format!("the note has the text {text:?}"), &script).await;
}

/// Waits until the first note has this save status.
pub async fn wait_for_save_status(window: &Window, status: &str) {
    let script =
        format!("return document.querySelector('#notes .note').dataset.saveStatus === '{status}'");
    window.wait_until(&format!("the save status is {status}"), &script).await;
}
