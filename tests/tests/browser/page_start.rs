//! Start of a page from its snapshot, and pending edits when it closes.

use serde_json::json;
use sockbit_tests::system::board_page_actions::{
    leave_note, type_in_note, wait_for_note_text, wait_for_save_status, write_note,
};
use sockbit_tests::system::{Deployment, Window};
use thirtyfour::prelude::*;

use crate::shared_board::{
    SharedBoard, open_first_note, wait_for_title, wait_until_disconnected, write_title,
};

in_both_deployments! {
    the_snapshot_of_a_page_equals_the_reply_of_the_server
    a_page_joins_at_its_snapshot_and_pulls_nothing
    commands_before_the_join_are_shown_at_once_and_sent_after_it
    an_edit_on_an_old_snapshot_removes_nothing
    values_that_the_browser_restores_on_reload_or_back_are_not_edits
    unsent_text_for_a_note_deleted_meanwhile_becomes_a_draft
    text_for_a_note_that_is_deleted_while_it_is_edited_stays_as_a_draft
    a_focused_title_field_does_not_revert_a_remote_rename
    a_title_that_is_being_typed_is_saved_on_page_hide
}

/// Delays joins until they are released.
const HOLD_JOINS: &str = "
    const held = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (frame) {
        if (JSON.parse(frame).type === 'join') held.push(() => send.call(this, frame));
        else send.call(this, frame);
    }";
const RELEASE_JOINS: &str = "held.splice(0).forEach((send) => send())";
const RECORD_FRAMES: &str = "
    window.sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (frame) {
        window.sent.push(JSON.parse(frame));
        send.call(this, frame);
    }";

/// Queries the whole board and compares the reply with the page's snapshot.
const COMPARE_SNAPSHOT: &str = "
    const done = arguments[0];
    const { readSnapshot } = await import('/assets/js/ui/page-snapshot.js');
    const board = document.querySelector('#board').dataset.board;
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
    socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        const body = { type: 'board_page', board };
        if (message.type === 'welcome') socket.send(JSON.stringify({ v: 1, type: 'query', id: board, body }));
        if (message.type !== 'reply') return;
        const byId = (notes) => Object.fromEntries(notes.map((note) => [note.id, note]));
        const sorted = (it) => JSON.stringify(it, (_, value) => value && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).sort()) : value);
        const { readAt: _, ...snapshot } = readSnapshot();
        const { type: __, next: ___, ...page } = message.body;
        done([snapshot, page].map((it) => sorted({ ...it, notes: byId(it.notes) })));
    };";

async fn the_snapshot_of_a_page_equals_the_reply_of_the_server(site: Deployment) {
    let board = SharedBoard::with_note(site, "plain").await;
    let texts = [
        "</script><!--<script>",
        "\n\n  leading and trailing \n\n",
        "</textarea> & &amp; \u{1f469}\u{200d}\u{1f467} \u{2028} \\u003c \"quoted\"",
    ];
    for text in texts {
        let post = format!(
            "return fetch(`${{location.pathname}}/notes`, {{ method: 'POST', body: new URLSearchParams({{ text: {}, colour: 'teal' }}) }}).then((it) => it.status)",
            json!(text)
        );
        board.ada.script(&post).await;
    }
    let are_there = "return document.querySelectorAll('#notes .note').length === 4";
    board.bob.wait_until("all notes are there", are_there).await;
    board.bob.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    let is_trashed = "return document.querySelectorAll('#notes .note').length === 3";
    board.ada.wait_until("one is in the trash", is_trashed).await;
    board.ada.open(&board.url).await;
    let script = format!("(async (...arguments) => {{ {COMPARE_SNAPSHOT} }})(...arguments)");
    let both = board.ada.driver.execute_async(script, vec![]).await.expect("the script runs");
    assert_eq!(both.json()[0], both.json()[1]);
}

async fn a_page_joins_at_its_snapshot_and_pulls_nothing(site: Deployment) {
    let board = SharedBoard::with_note(site, "carried").await;
    board.ada.script_first(RECORD_FRAMES).await;
    board.ada.open(&board.url).await;
    let is_live = "return window.sent.some(({ type }) => type === 'presence')";
    board.ada.wait_until("the page is live", is_live).await;
    let sent = "return window.sent.map(({ type, position }) => [type, position?.seq])";
    assert_eq!(board.ada.script(sent).await, json!([["join", 4], ["presence", null]]));
}

async fn commands_before_the_join_are_shown_at_once_and_sent_after_it(site: Deployment) {
    let board = SharedBoard::with_note(site, "first").await;
    for text in ["second", "third"] {
        write_note(&board.ada, text).await;
    }
    let are_there = "return document.querySelectorAll('#notes .note').length === 3";
    board.bob.wait_until("all three are saved", are_there).await;
    board.ada.script_first(HOLD_JOINS).await;
    board.ada.open(&board.url).await;
    board.ada.wait_until("the join is held", "return held.length > 0").await;
    let press = "
        document.querySelector('[aria-label=first] [data-action=earlier]').click();
        document.querySelector('[aria-label=third] [data-action=trash]').click();";
    board.ada.script(press).await;
    write_title(&board.ada, "Named early").await;
    board.ada.script("document.activeElement.blur()").await;
    let is_done = "
        const notes = [...document.querySelectorAll('#notes .note')].map((it) => it.ariaLabel);
        return notes.join() === 'first,second'
          && document.querySelector('#board-title').value === 'Named early'";
    assert_eq!(board.ada.script(is_done).await, true, "it is shown before the join");
    board.ada.script(RELEASE_JOINS).await;
    board.bob.wait_until("Bob sees it", is_done).await;
    assert_eq!(board.ada.script(is_done).await, true, "and after it");
}

async fn an_edit_on_an_old_snapshot_removes_nothing(site: Deployment) {
    let board = SharedBoard::with_note(site, "Milk").await;
    board.ada.script_first(HOLD_JOINS).await;
    open_first_note(&board.ada, &board.url).await;
    board.ada.wait_until("the join is held", "return held.length > 0").await;
    type_in_note(&board.bob, " and eggs").await;
    leave_note(&board.bob).await;
    wait_for_note_text(&board.bob, "Milk and eggs").await;
    let editor = board.ada.find(".note textarea").await;
    editor.send_keys(Key::Control + Key::End).await.expect("moved");
    editor.send_keys("!").await.expect("typed");
    board.ada.script(RELEASE_JOINS).await;
    let has_both = "return document.querySelector('.note textarea').value === 'Milk and eggs!'";
    board.ada.wait_until("Ada sees both", has_both).await;
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "Milk and eggs!").await;
}

async fn values_that_the_browser_restores_on_reload_or_back_are_not_edits(site: Deployment) {
    let board = SharedBoard::with_note(site, "one").await;
    let opens = "document.querySelector('#notes .note [data-action=edit]').href";
    board.ada.script(&format!("location.assign({opens})")).await;
    let is_open = "return document.querySelector('[data-editing] textarea') !== null
        && document.querySelector('#board').dataset.scripted === ''";
    for (before, text) in [("one", "one two"), ("one two", "one two three")] {
        board.ada.wait_until("the editor is open", is_open).await;
        wait_for_note_text(&board.ada, before).await;
        // The browser restores this value, which has no input event and is not an edit.
        board.ada.script("document.querySelector('#notes .note textarea').value = 'stale'").await;
        if before == "one" {
            board.ada.driver.refresh().await.expect("reloaded");
        } else {
            board.ada.open("about:blank").await;
            board.ada.driver.back().await.expect("back");
        }
        board.ada.wait_until("the editor is open", is_open).await;
        wait_for_note_text(&board.ada, before).await;
        type_in_note(&board.bob, text.strip_prefix(before).expect("more text")).await;
        leave_note(&board.bob).await;
        wait_for_note_text(&board.ada, text).await;
        wait_for_note_text(&board.bob, text).await;
    }
}

async fn unsent_text_for_a_note_deleted_meanwhile_becomes_a_draft(site: Deployment) {
    let mut board = SharedBoard::with_note(site, "hello").await;
    board.site.kill().await;
    wait_until_disconnected(&board.ada).await;
    type_in_note(&board.ada, " world").await;
    leave_note(&board.ada).await;
    wait_for_save_status(&board.ada, "offline").await;
    board.ada.open("about:blank").await;
    board.site.launch().await;
    delete_first_note(&board.bob).await;
    board.bob.wait_until("it is gone", "return !document.querySelector('#notes .note')").await;
    board.ada.open(&board.url).await;
    let draft = board.ada.find("[data-draft] [data-text]").await;
    assert_eq!(draft.text().await.expect("text"), "hello world");
}

async fn text_for_a_note_that_is_deleted_while_it_is_edited_stays_as_a_draft(site: Deployment) {
    let board = SharedBoard::with_note(site, "hello").await;
    open_first_note(&board.ada, &board.url).await;
    let editor = board.ada.find(".note textarea").await;
    editor.send_keys(Key::Control + Key::End).await.expect("moved");
    editor.send_keys(" world").await.expect("typed");
    delete_first_note(&board.bob).await;
    let draft = board.ada.find("[data-draft] [data-text]").await;
    leave_note(&board.ada).await;
    board.ada.screenshot("note-page-draft").await;
    assert_eq!(draft.text().await.expect("still there"), "hello world");
}

/// Trashes and deletes the first note by the forms.
async fn delete_first_note(window: &Window) {
    let delete = "
        const { note } = document.querySelector('#notes .note').dataset;
        const post = (step, body) =>
            fetch(`${location.pathname}/notes/${note}/${step}`, { method: 'POST', body: new URLSearchParams(body) });
        post('trash', {}).then(() => post('delete', { confirm: 'yes' }));";
    window.script(delete).await;
}

async fn a_focused_title_field_does_not_revert_a_remote_rename(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    board.ada.script("document.querySelector('#board-title').focus()").await;
    write_title(&board.bob, "By Bob").await;
    board.bob.script("document.activeElement.blur()").await;
    board.ada.wait_until("Ada sees it", "return document.title.includes('By Bob')").await;
    board.ada.script("document.activeElement.blur()").await;
    wait_for_title(&board.ada, "By Bob").await;
}

async fn a_title_that_is_being_typed_is_saved_on_page_hide(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    write_title(&board.ada, "Half a title").await;
    board.ada.open("about:blank").await;
    wait_for_title(&board.bob, "Half a title").await;
}
