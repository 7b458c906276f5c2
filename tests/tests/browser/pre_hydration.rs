//! What people do before a page is all there, and as they leave it.

use sockbit_tests::system::board_page_actions::{
    leave_note, type_in_note, wait_for_note_text, write_note,
};
use sockbit_tests::system::{Deployment, Window};
use thirtyfour::prelude::*;

use crate::shared_board::SharedBoard;

in_both_shapes! {
    what_is_pressed_before_the_board_is_known_is_done_once_it_is
    a_page_of_a_note_that_shows_an_older_text_takes_nothing_away
    words_typed_before_the_script_is_there_stay
    what_was_kept_of_a_sheet_stands_before_what_is_typed_on_the_next
    looking_at_the_title_does_not_take_back_what_others_call_the_board
    a_title_that_was_not_left_goes_out_with_the_page
    words_for_a_note_that_is_deleted_meanwhile_stay_on_its_page
    words_that_were_refused_stay_in_the_editor
}

/// The page's queries stay with it until they are let go.
const HOLD_PAGES: &str = "
    const held = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (frame) {
        if (frame.includes('board_page')) held.push(() => send.call(this, frame));
        else send.call(this, frame);
    }";
const LET_GO: &str = "held.splice(0).forEach((send) => send())";

/// Somebody types in front of the text, and on the sheet, before the page's script runs.
const TYPE_EARLY: &str = "
    document.addEventListener('readystatechange', () => {
        if (document.readyState !== 'interactive') return;
        const open = document.querySelectorAll('[data-editing] textarea, #composer textarea');
        for (const it of open) it.value = `early ${it.value}`;
    });";

/// The page of the first note, with its editor open.
async fn open_note(window: &Window, board: &str) {
    let id = window.script("return document.querySelector('#notes .note').dataset.note").await;
    window.open(&format!("{board}/notes/{}?edit", id.as_str().expect("an id"))).await;
}

/// Writes into the title, and stays there.
async fn write_title(window: &Window, title: &str) {
    window.script("document.querySelector('#board-title').select()").await;
    let input = window.find("#board-title").await;
    input.send_keys(title).await.expect("typed");
}

async fn title_is(window: &Window, title: &str) {
    let script = format!("return document.querySelector('#board-title').value === '{title}'");
    window.wait_until(&format!("the board is called {title:?}"), &script).await;
}

async fn what_is_pressed_before_the_board_is_known_is_done_once_it_is(site: Deployment) {
    let board = SharedBoard::with_note(site, "first").await;
    for text in ["second", "third"] {
        write_note(&board.ada, text).await;
    }
    let are_there = "return document.querySelectorAll('#notes .note').length === 3";
    board.bob.wait_until("all three are saved", are_there).await;
    board.ada.script_first(HOLD_PAGES).await;
    board.ada.open(&board.url).await;
    board.ada.wait_until("the board is asked for", "return held.length > 0").await;
    let press = "
        document.querySelector('[aria-label=first] [data-action=earlier]').click();
        document.querySelector('[aria-label=third] [data-action=trash]').click();";
    board.ada.script(press).await;
    write_title(&board.ada, "Named early").await;
    board.ada.script("document.activeElement.blur()").await;
    board.ada.script(LET_GO).await;
    let is_done = "
        const notes = [...document.querySelectorAll('#notes .note')].map((it) => it.ariaLabel);
        return notes.join() === 'first,second'
          && document.querySelector('#board-title').value === 'Named early'";
    for window in [&board.ada, &board.bob] {
        window.wait_until("all of it is done", is_done).await;
    }
}

async fn a_page_of_a_note_that_shows_an_older_text_takes_nothing_away(site: Deployment) {
    let board = SharedBoard::with_note(site, "Milk").await;
    board.ada.script_first(HOLD_PAGES).await;
    open_note(&board.ada, &board.url).await;
    board.ada.wait_until("the board is asked for", "return held.length > 0").await;
    type_in_note(&board.bob, " and eggs").await;
    leave_note(&board.bob).await;
    wait_for_note_text(&board.bob, "Milk and eggs").await;
    let editor = board.ada.find(".note textarea").await;
    editor.send_keys(Key::Control + Key::End).await.expect("moved");
    editor.send_keys("!").await.expect("typed");
    board.ada.script(LET_GO).await;
    board
        .ada
        .wait_until(
            "she sees both",
            "return document.querySelector('.note textarea').value === 'Milk and eggs!'",
        )
        .await;
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "Milk and eggs!").await;
}

async fn words_typed_before_the_script_is_there_stay(site: Deployment) {
    let board = SharedBoard::with_note(site, "Milk Eggs Rice").await;
    board.ada.script_first(TYPE_EARLY).await;
    open_note(&board.ada, &board.url).await;
    let is_there = "return document.querySelector('#note-page').dataset.scripted === ''";
    board.ada.wait_until("the script is there", is_there).await;
    type_in_note(&board.bob, "").await;
    let delete = "
        const editor = document.activeElement;
        editor.setRangeText('', 5, 10);
        editor.dispatchEvent(new Event('input'));";
    board.bob.script(delete).await;
    leave_note(&board.bob).await;
    wait_for_note_text(&board.bob, "Milk Rice").await;
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "early Milk Rice").await;
}

async fn what_was_kept_of_a_sheet_stands_before_what_is_typed_on_the_next(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    let sheet = board.ada.find("#composer textarea").await;
    sheet.send_keys("kept").await.expect("typed");
    board.ada.script_first(TYPE_EARLY).await;
    board.ada.open("about:blank").await;
    board.ada.open(&board.url).await;
    let has_both =
        "return document.querySelector('#composer textarea').value === 'kept\\n\\nearly '";
    board.ada.wait_until("the sheet has both", has_both).await;
}

async fn looking_at_the_title_does_not_take_back_what_others_call_the_board(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    board.ada.script("document.querySelector('#board-title').focus()").await;
    write_title(&board.bob, "By Bob").await;
    board.bob.script("document.activeElement.blur()").await;
    board.ada.wait_until("she hears of it", "return document.title.includes('By Bob')").await;
    board.ada.script("document.activeElement.blur()").await;
    title_is(&board.ada, "By Bob").await;
}

async fn a_title_that_was_not_left_goes_out_with_the_page(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    write_title(&board.ada, "Half a title").await;
    board.ada.open("about:blank").await;
    title_is(&board.bob, "Half a title").await;
}

async fn words_for_a_note_that_is_deleted_meanwhile_stay_on_its_page(site: Deployment) {
    let board = SharedBoard::with_note(site, "hello").await;
    open_note(&board.ada, &board.url).await;
    let editor = board.ada.find(".note textarea").await;
    editor.send_keys(Key::Control + Key::End).await.expect("moved");
    editor.send_keys(" world").await.expect("typed");
    let delete = "
        const { note } = document.querySelector('#notes .note').dataset;
        const post = (step, body) =>
            fetch(`${location.pathname}/notes/${note}/${step}`, { method: 'POST', body: new URLSearchParams(body) });
        post('trash', {}).then(() => post('delete', { confirm: 'yes' }));";
    board.bob.script(delete).await;
    let words = board.ada.find("[data-draft] [data-text]").await;
    leave_note(&board.ada).await;
    board.ada.screenshot("note-page-draft").await;
    assert_eq!(words.text().await.expect("still there"), "hello world");
}

async fn words_that_were_refused_stay_in_the_editor(site: Deployment) {
    let board = SharedBoard::with_note(site, "short").await;
    let note = board.ada.script("return document.querySelector('#notes .note').dataset.note").await;
    board.ada.allow_scripts(false).await;
    board.ada.open(&format!("{}?edit={}", board.url, note.as_str().expect("an id"))).await;
    board.ada.allow_scripts(true).await;
    let send = "
        const editor = document.querySelector('#notes .note textarea');
        editor.value = 'word '.repeat(14000);
        editor.form.submit();";
    board.ada.script(send).await;
    let is_known = "return document.querySelector('#notes [data-action=earlier]')?.ariaDisabled";
    board.ada.wait_until("the board is known", is_known).await;
    board.ada.screenshot("refused").await;
    let words = "return document.querySelector('#notes .note textarea').value.length";
    assert_eq!(board.ada.script(words).await, 70_000);
}
