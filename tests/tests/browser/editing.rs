//! Editing notes, alone and together.

use serde_json::json;
use sockbit_tests::system::board_page_actions::{
    create_board, leave_note, type_in_note, wait_for_note_text, wait_for_save_status,
    wait_until_live,
};
use sockbit_tests::system::{Browser, Deployment};
use thirtyfour::prelude::*;

use crate::shared_board::SharedBoard;

in_both_deployments! {
    an_edit_appears_for_others_once_the_note_is_left
    concurrent_edits_of_one_note_are_both_kept
    ctrl_enter_saves_and_stays
    remote_edits_move_neither_selection_nor_scroll_position
    a_text_over_the_limit_stays_as_a_draft_that_names_the_limit
    a_trashed_note_comes_back_by_undo
    tasks_are_checked_without_opening_the_note
}

async fn an_edit_appears_for_others_once_the_note_is_left(site: Deployment) {
    let board = SharedBoard::with_note(site, "hello").await;
    type_in_note(&board.ada, " world").await;
    let seen =
        board.bob.script("return document.querySelector('#notes .note textarea').value").await;
    assert_eq!(seen, "hello", "nothing is sent while the editor is open");
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "hello world").await;
    board.bob.wait_until("the view shows it", "return document.querySelector('#notes .note [data-view]').textContent.includes('hello world')").await;
    board.ada.screenshot("two-windows-ada").await;
    board.bob.screenshot("two-windows-bob").await;
}

async fn concurrent_edits_of_one_note_are_both_kept(site: Deployment) {
    let board = SharedBoard::with_note(site, "middle").await;
    type_in_note(&board.ada, " from Ada").await;
    type_in_note(&board.bob, " from Bob").await;
    leave_note(&board.ada).await;
    wait_for_save_status(&board.ada, "saved").await;
    leave_note(&board.bob).await;
    let merged = "middle from Ada from Bob";
    wait_for_note_text(&board.ada, merged).await;
    wait_for_note_text(&board.bob, merged).await;
}

async fn ctrl_enter_saves_and_stays(site: Deployment) {
    let board = SharedBoard::with_note(site, "one").await;
    type_in_note(&board.ada, " two").await;
    let editor = board.ada.driver.active_element().await.expect("the editor");
    editor.send_keys(Key::Control + Key::Enter).await.expect("typed");
    wait_for_note_text(&board.bob, "one two").await;
    board
        .ada
        .wait_until(
            "the editor is still open",
            "return document.activeElement?.matches('.note textarea')",
        )
        .await;
}

async fn remote_edits_move_neither_selection_nor_scroll_position(site: Deployment) {
    let lines: Vec<String> = (1..=60).map(|n| format!("line {n}")).collect();
    let board = SharedBoard::with_note(site, &lines.join("\n")).await;
    let (ada, bob) = (&board.ada, &board.bob);
    type_in_note(ada, "").await;
    let select = "const t = document.activeElement; const at = t.value.indexOf('line 30'); \
                  t.setSelectionRange(at, at + 7, 'backward'); t.scrollTop = 200; window.scrollTo(0, 120); \
                  return [t.scrollTop, window.scrollY]";
    let before = ada.script(select).await;
    assert_ne!(before[1], 0, "the page can be scrolled: {before}");
    for (before, text) in [
        ("line 2\\n", "ABOVE "),
        ("line 50\\n", "BELOW "),
        ("line 30\\n", "<"),
        ("\\nline 31", ">"),
    ] {
        bob.script(&format!(
            "document.querySelector('#notes .note [data-action=edit], #notes .note [data-view]').click();\
             const t = document.querySelector('#notes .note textarea'); t.focus();\
             const at = t.value.indexOf('{before}'); t.setSelectionRange(at, at);\
             document.execCommand('insertText', false, '{text}'); t.blur()"
        ))
        .await;
        let seen = format!(
            "return document.querySelector('#notes .note textarea').value.includes('{text}')"
        );
        ada.wait_until("the edit arrives", &seen).await;
    }
    let after = ada
        .script("const t = document.activeElement; return [t.value.slice(t.selectionStart, t.selectionEnd), t.selectionDirection]")
        .await;
    assert_eq!(after, json!(["line 30", "backward"]), "the selection is unchanged");
    let scroll = ada.script("return [document.activeElement.scrollTop, window.scrollY]").await;
    assert_eq!(scroll[1], before[1], "the page has not scrolled");
}

async fn a_text_over_the_limit_stays_as_a_draft_that_names_the_limit(site: Deployment) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Long").await;
    wait_until_live(&ada).await;
    ada.script(
        "const t = document.querySelector('#composer textarea'); t.value = 'word '.repeat(15000);\
         document.querySelector('#composer').requestSubmit()",
    )
    .await;
    let reason = ada.find("#drafts [data-reason]").await.text().await.expect("text");
    assert!(reason.contains("up to 64 KB") && reason.contains("73.3 KB"), "{reason}");
    let buttons =
        "return [...document.querySelectorAll('#drafts button')].map(it => it.dataset.action)";
    assert_eq!(ada.script(buttons).await, json!(["draft-copy", "draft-discard"]));
    let kept = "return document.querySelector('#drafts [data-text]').textContent.length";
    assert_eq!(ada.script(kept).await, 75_000);
}

async fn a_trashed_note_comes_back_by_undo(site: Deployment) {
    let board = SharedBoard::with_note(site, "not this one").await;
    board.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    for window in [&board.ada, &board.bob] {
        window
            .wait_until("the note is gone", "return !document.querySelector('#notes .note')")
            .await;
    }
    board.ada.find("#toasts [data-action=undo]").await.click().await.expect("clicked");
    for window in [&board.ada, &board.bob] {
        wait_for_note_text(window, "not this one").await;
    }
}

async fn tasks_are_checked_without_opening_the_note(site: Deployment) {
    let list = "- [ ] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [ ] \\[ ] quoted";
    let board = SharedBoard::with_note(site, "boxes").await;
    let (ada, bob) = (&board.ada, &board.bob);
    type_in_note(ada, "").await;
    ada.script(&format!(
        "document.activeElement.select(); document.execCommand('insertText', false, {})",
        json!(list)
    ))
    .await;
    leave_note(ada).await;
    let toggle = |task: usize| {
        format!("document.querySelectorAll('#notes .note [data-view] input')[{task}].click()")
    };
    let toggled = [
        (ada, 0, "- [x] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [ ] \\[ ] quoted"),
        (bob, 3, "- [x] bread\n- [x] salt\n    - [ ] fine\n\n> 1. [x] \\[ ] quoted"),
        (bob, 2, "- [x] bread\n- [x] salt\n    - [x] fine\n\n> 1. [x] \\[ ] quoted"),
        (ada, 1, "- [x] bread\n- [ ] salt\n    - [x] fine\n\n> 1. [x] \\[ ] quoted"),
    ];
    for window in [ada, bob] {
        wait_for_note_text(window, list).await;
    }
    for (user, task, text) in toggled {
        user.script(&toggle(task)).await;
        for window in [ada, bob] {
            wait_for_note_text(window, text).await;
        }
    }
    assert_eq!(ada.script("return document.querySelector('[data-editing]')").await, json!(null));
}
