//! Input and clicks before the page's script runs.

use sockbit_tests::system::Deployment;
use sockbit_tests::system::board_page_actions::{leave_note, type_in_note, wait_for_note_text};

use crate::shared_board::{SharedBoard, open_first_note, wait_for_title};

in_both_deployments! {
    pre_hydration_text_is_merged_and_saved
    a_pre_hydration_click_on_trash_posts_its_form
    a_pre_hydration_title_is_saved
    a_pre_hydration_new_note_is_appended_to_the_stored_one
    a_refused_text_stays_in_the_editor_as_an_edit
}

/// Types at the start of each open editor and of the form for a new note.
const TYPE_EARLY: &str = "
    document.addEventListener('readystatechange', () => {
        if (document.readyState !== 'interactive') return;
        const open = document.querySelectorAll('[data-editing] textarea, #composer textarea');
        for (const it of open) it.value = `early ${it.value}`;
    });";
const CLICK_TRASH_EARLY: &str = "
    document.addEventListener('readystatechange', () => {
        if (document.readyState === 'interactive') document.querySelector('#notes [data-action=trash]')?.click();
    });";
const TYPE_TITLE_EARLY: &str = "
    document.addEventListener('readystatechange', () => {
        if (document.readyState !== 'interactive') return;
        document.querySelector('#board-title').value = 'Typed early';
    });";

async fn pre_hydration_text_is_merged_and_saved(site: Deployment) {
    let board = SharedBoard::with_note(site, "Milk Eggs Rice").await;
    board.ada.script_first(TYPE_EARLY).await;
    open_first_note(&board.ada, &board.url).await;
    let has_run = "return document.querySelector('#note-page').dataset.scripted === ''";
    board.ada.wait_until("the script has run", has_run).await;
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

async fn a_pre_hydration_click_on_trash_posts_its_form(site: Deployment) {
    let board = SharedBoard::with_note(site, "thrown away early").await;
    board.ada.script_first(CLICK_TRASH_EARLY).await;
    board.ada.open(&board.url).await;
    let is_gone =
        "return document.readyState === 'complete' && !document.querySelector('#notes .note')";
    board.ada.wait_until("the note is in the trash", is_gone).await;
    board.bob.wait_until("Bob sees it go", is_gone).await;
}

async fn a_pre_hydration_title_is_saved(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    board.ada.script_first(TYPE_TITLE_EARLY).await;
    board.ada.open(&board.url).await;
    for window in [&board.ada, &board.bob] {
        wait_for_title(window, "Typed early").await;
    }
}

async fn a_pre_hydration_new_note_is_appended_to_the_stored_one(site: Deployment) {
    let board = SharedBoard::with_note(site, "a note").await;
    let form = board.ada.find("#composer textarea").await;
    form.send_keys("stored").await.expect("typed");
    board.ada.script_first(TYPE_EARLY).await;
    board.ada.open("about:blank").await;
    board.ada.open(&board.url).await;
    let has_both =
        "return document.querySelector('#composer textarea').value === 'stored\\n\\nearly '";
    board.ada.wait_until("the form has both texts", has_both).await;
}

async fn a_refused_text_stays_in_the_editor_as_an_edit(site: Deployment) {
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
    let has_run = "return document.querySelector('#board')?.dataset.scripted === ''";
    board.ada.wait_until("the script has run", has_run).await;
    board.ada.screenshot("refused").await;
    let length = "return document.querySelector('#notes .note textarea').value.length";
    assert_eq!(board.ada.script(length).await, 70_000);
}
