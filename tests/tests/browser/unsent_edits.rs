//! Edits and commands that a page cannot send, or that get no outcome.

use std::time::Duration;

use sockbit_tests::proxy::NetworkState;
use sockbit_tests::system::board_page_actions::{
    create_board, leave_note, type_in_note, wait_for_note_text, wait_for_save_status,
    wait_until_live,
};
use sockbit_tests::system::{Browser, Deployment};

use crate::shared_board::{SharedBoard, reconnect, wait_until_disconnected};

in_both_deployments! {
    edits_made_offline_survive_a_reload_and_are_sent
    an_open_edit_survives_a_reload
    an_edit_without_an_outcome_is_shown_as_not_saved_yet
    a_command_without_an_outcome_is_shown_as_not_saved_yet
    an_edit_that_is_too_long_for_the_server_becomes_a_draft_and_blocks_nothing
    an_open_page_continues_when_the_server_restarts
    a_page_that_wakes_up_joins_again_at_its_position
    two_tabs_of_one_user_work_independently
    a_tab_sends_what_a_closed_tab_could_not_send
    over_plain_http_a_tab_sends_what_a_crashed_tab_could_not_send
    a_name_entered_offline_stays_in_its_form
}

/// Stops the server, and has Ada edit the note offline.
async fn write_offline(board: &mut SharedBoard, text: &str) {
    board.site.kill().await;
    wait_until_disconnected(&board.ada).await;
    type_in_note(&board.ada, text).await;
    leave_note(&board.ada).await;
    wait_for_save_status(&board.ada, "offline").await;
}

async fn edits_made_offline_survive_a_reload_and_are_sent(site: Deployment) {
    let mut board = SharedBoard::with_note(site, "kept").await;
    write_offline(&mut board, " on this device").await;
    board.ada.screenshot("offline").await;
    board.ada.open("about:blank").await;
    board.site.launch().await;
    wait_for_note_text(&board.bob, "kept").await;
    board.ada.open(&board.url).await;
    wait_for_note_text(&board.ada, "kept on this device").await;
    wait_for_note_text(&board.bob, "kept on this device").await;
}

async fn an_open_edit_survives_a_reload(site: Deployment) {
    let board = SharedBoard::with_note(site, "half").await;
    type_in_note(&board.ada, " a sentence").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    board.ada.driver.refresh().await.expect("reloaded");
    wait_for_note_text(&board.ada, "half a sentence").await;
}

async fn an_edit_without_an_outcome_is_shown_as_not_saved_yet(site: Deployment) {
    let board = SharedBoard::with_note(site, "no").await;
    let proxy = board.open_ada_through_proxy().await;
    proxy.set(NetworkState::ResponsesLost);
    type_in_note(&board.ada, " answer").await;
    leave_note(&board.ada).await;
    wait_for_save_status(&board.ada, "late").await;
    let status = board.ada.find("#notes .note [data-save-status-text]").await.text().await;
    assert_eq!(status.expect("text"), "Not saved yet");
    board.ada.screenshot("not-saved-yet").await;
    reconnect(&proxy, &board.ada).await;
    wait_for_save_status(&board.ada, "saved").await;
    wait_for_note_text(&board.bob, "no answer").await;
}

async fn a_command_without_an_outcome_is_shown_as_not_saved_yet(site: Deployment) {
    let board = SharedBoard::with_note(site, "thrown").await;
    let proxy = board.open_ada_through_proxy().await;
    let is_loaded = "return document.querySelector('#notes [data-action=earlier]').ariaDisabled";
    board.ada.wait_until("the board is loaded", is_loaded).await;
    let board_top = "return document.querySelector('#board').getBoundingClientRect().top";
    let before = board.ada.script(board_top).await;
    proxy.set(NetworkState::ResponsesLost);
    board.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    let is_late =
        "return document.querySelector('#connection').innerText.includes('Not saved yet')";
    let is_done = "return !document.querySelector('#notes .note')";
    board.ada.wait_until("the note disappears", is_done).await;
    board.ada.wait_until("the page shows that it is not saved", is_late).await;
    assert_eq!(board.ada.script(board_top).await, before, "the board does not move");
    for (width, height) in [(390, 844), (1440, 900)] {
        for scheme in ["light", "dark"] {
            board.ada.set_viewport(width, height, scheme).await;
            board.ada.screenshot(&format!("command-not-saved-yet-{width}-{scheme}")).await;
        }
    }
    let wide = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(board.ada.script(wide).await, true, "nothing scrolls sideways");
    reconnect(&proxy, &board.ada).await;
    let is_saved = "return document.querySelector('#connection').innerText.trim() === 'Live'";
    board.ada.wait_until("everything is saved", is_saved).await;
    board.bob.wait_until("the note is gone", is_done).await;
}

async fn an_edit_that_is_too_long_for_the_server_becomes_a_draft_and_blocks_nothing(
    site: Deployment,
) {
    let board = SharedBoard::with_note(site, "short").await;
    let small = "
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (frame) {
            if (frame.length > 4096) this.dispatchEvent(new CloseEvent('close', { code: 1009 }));
            else send.call(this, frame);
        }";
    board.ada.script(small).await;
    type_in_note(&board.ada, "").await;
    let paste = "document.execCommand('insertText', false, 'word '.repeat(1000))";
    board.ada.script(paste).await;
    leave_note(&board.ada).await;
    let reason = board.ada.find("#notes .note [data-draft-slot] [data-reason]").await;
    let reason = reason.text().await.expect("text");
    assert_eq!(reason, "Not saved – this is more than a server takes in one message.");
    wait_for_save_status(&board.ada, "rejected").await;
    wait_for_note_text(&board.ada, "short").await;
    board.ada.script("document.querySelector('#notes .note [data-action=trash]').click()").await;
    board
        .bob
        .wait_until("the note is gone", "return !document.querySelector('#notes .note')")
        .await;
}

async fn an_open_page_continues_when_the_server_restarts(site: Deployment) {
    let mut board = SharedBoard::with_note(site, "before").await;
    board.site.kill().await;
    board
        .ada
        .wait_until(
            "the page reconnects",
            "return document.querySelector('#connection').dataset.connection === 'reconnecting'",
        )
        .await;
    type_in_note(&board.ada, " during").await;
    leave_note(&board.ada).await;
    board.site.launch().await;
    for window in [&board.ada, &board.bob] {
        wait_until_live(window).await;
        wait_for_note_text(window, "before during").await;
    }
    type_in_note(&board.bob, " after").await;
    leave_note(&board.bob).await;
    wait_for_note_text(&board.ada, "before during after").await;
}

async fn a_page_that_wakes_up_joins_again_at_its_position(site: Deployment) {
    let board = SharedBoard::with_note(site, "asleep").await;
    let wake = "
        window.sent = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (frame) {
            window.sent.push(JSON.parse(frame));
            send.call(this, frame);
        };
        document.dispatchEvent(new Event('visibilitychange'))";
    board.ada.script(wake).await;
    let has_joined = "return window.sent.some(it => it.type === 'join' && it.position.seq >= 2)";
    board.ada.wait_until("the page joins at its position", has_joined).await;
    type_in_note(&board.bob, " awake").await;
    leave_note(&board.bob).await;
    wait_for_note_text(&board.ada, "asleep awake").await;
}

async fn two_tabs_of_one_user_work_independently(site: Deployment) {
    let board = SharedBoard::with_note(site, "tabs").await;
    let first = board.ada.driver.window().await.expect("the first tab");
    let second = board.ada.driver.new_tab().await.expect("a second tab");
    board.ada.driver.switch_to_window(second).await.expect("switched");
    board.ada.open(&board.url).await;
    wait_until_live(&board.ada).await;
    type_in_note(&board.ada, " two").await;
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "tabs two").await;
    board.ada.driver.close_window().await.expect("closed");
    board.ada.driver.switch_to_window(first).await.expect("switched");
    wait_for_note_text(&board.ada, "tabs two").await;
    type_in_note(&board.ada, " one").await;
    leave_note(&board.ada).await;
    wait_for_note_text(&board.bob, "tabs two one").await;
}

async fn a_tab_sends_what_a_closed_tab_could_not_send(site: Deployment) {
    let mut board = SharedBoard::with_note(site, "over").await;
    let first = board.ada.driver.window().await.expect("the first tab");
    write_offline(&mut board, "taken").await;
    let second = board.ada.driver.new_tab().await.expect("a second tab");
    board.ada.driver.switch_to_window(first).await.expect("switched");
    board.ada.driver.close_window().await.expect("closed");
    board.ada.driver.switch_to_window(second).await.expect("switched");
    board.site.launch().await;
    board.ada.open(&board.url).await;
    wait_for_note_text(&board.bob, "overtaken").await;
}

async fn over_plain_http_a_tab_sends_what_a_crashed_tab_could_not_send(site: Deployment) {
    let mut board = SharedBoard::with_note(site, "over").await;
    board.ada.script_first(NO_LOCKS).await;
    board.ada.open(&board.url).await;
    wait_until_live(&board.ada).await;
    write_offline(&mut board, "taken").await;
    let second = board.ada.driver.new_tab().await.expect("a second tab");
    board.ada.crash().await;
    board.ada.driver.switch_to_window(second).await.expect("switched");
    board.site.launch().await;
    board.ada.script_first(NO_LOCKS).await;
    tokio::time::sleep(Duration::from_secs(16)).await;
    board.ada.open(&board.url).await;
    wait_for_note_text(&board.bob, "overtaken").await;
}

/// Pages over plain HTTP have no Web Locks.
const NO_LOCKS: &str = "delete Navigator.prototype.locks";

async fn a_name_entered_offline_stays_in_its_form(mut site: Deployment) {
    let browser = Browser::start().await;
    let ada = browser.window().await;
    create_board(&ada, &site.url(), "Nameless").await;
    wait_until_live(&ada).await;
    site.kill().await;
    ada.find(".me").await.click().await.expect("clicked");
    let name = ada.find("#me input[name=name]").await;
    name.clear().await.expect("cleared");
    name.send_keys("Ada").await.expect("typed");
    ada.find("#me .button").await.click().await.expect("clicked");
    ada.wait_until(
        "the form shows that it was not saved",
        "return document.querySelector('#me [data-problem]').textContent.startsWith('Not saved')",
    )
    .await;
    assert_eq!(
        ada.script("return document.querySelector('#me input[name=name]').value").await,
        "Ada"
    );
    ada.screenshot("name-not-saved").await;
    site.launch().await;
    ada.find("#me .button").await.click().await.expect("clicked");
    ada.wait_until(
        "the name is saved",
        "return document.querySelector('.me').title.startsWith('Ada:')",
    )
    .await;
}
