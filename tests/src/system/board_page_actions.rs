//! Actions of a user on a board page, and waits for its state.

use serde_json::json;

use super::Window;

/// The driver ends a script after half a minute.
const NOTES_PER_SCRIPT: usize = 100;

/// A script that returns the requests of the page that used the network, and their bytes with
/// headers.
pub const NETWORK_USE: &str = "
    const entries = ['navigation', 'resource'].flatMap((it) => performance.getEntriesByType(it));
    const sent = entries.filter(({ transferSize }) => transferSize > 0);
    return { requests: sent.length, bytes: sent.reduce((sum, it) => sum + it.transferSize, 0) }";

/// Creates a board from the home page and returns its URL.
pub async fn create_board(window: &Window, url: &str, title: &str) -> String {
    window.open(url).await;
    window.find("#create-title").await.send_keys(title).await.expect("typed");
    window.find("#create .button").await.click().await.expect("clicked");
    window.find("main#board").await;
    let url = window.driver.current_url().await.expect("a URL");
    url.to_string()
}

/// Creates a board with notes by requests, opens it, and returns its URL. The server must accept that
/// many requests.
pub async fn create_board_with_notes(window: &Window, url: &str, count: usize) -> String {
    let board = create_board(window, url, "Many notes").await;
    for start in (0..count).step_by(NOTES_PER_SCRIPT) {
        let end = count.min(start + NOTES_PER_SCRIPT);
        let create = format!(
            "const done = arguments[0];
         const {{ board }} = document.querySelector('#board').dataset;
         const create = (i) => fetch('/api/commands', {{ method: 'POST', body: JSON.stringify({{
             v: 1, type: 'command', id: crypto.randomUUID(), board,
             body: {{ type: 'create_note', note: crypto.randomUUID(), colour: 'teal',
                     text: `# Note ${{i}}\\n\\n- [ ] a task`, rank: `V${{1000 + i}}V` }} }}) }});
         (async () => {{ for (let i = {start}; i < {end}; i++) await create(i); }})().then(done)"
        );
        window.driver.execute_async(create, vec![]).await.expect("the notes are created");
    }
    window.open(&board).await;
    wait_until_live(window).await;
    let are_there = format!("return document.querySelectorAll('#notes .note').length === {count}");
    window.wait_until("all notes are there", &are_there).await;
    board
}

/// Requests a link to a board, for another user.
pub async fn request_link(window: &Window, board: &str) -> String {
    let create = format!(
        "return fetch('{board}/links', {{ method: 'POST', headers: {{ accept: 'application/json' }} }})
             .then((it) => it.json()).then((it) => it.link)"
    );
    window.script(&create).await.as_str().expect("a link").to_owned()
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
