//! An open page when the database is restored from a backup.

use sockbit_tests::system::board_page_actions::{
    create_board, leave_note, type_in_note, wait_for_note_text, wait_for_save_status,
    wait_until_live, write_note,
};
use sockbit_tests::system::{App, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_loads_the_restored_board_and_keeps_unsent_edits() {
    let mut app = App::start().await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    create_board(&window, &app.url(), "Restored").await;
    wait_until_live(&window).await;
    write_note(&window, "backed up").await;
    wait_for_save_status(&window, "saved").await;
    assert!(app.stop().await, "it exits with success");
    let backup = app.folder().join("backup.db");
    std::fs::copy(app.database(), &backup)
        .expect("the database is one file while it is not in use");

    app.launch().await;
    wait_until_live(&window).await;
    type_in_note(&window, " and gone").await;
    leave_note(&window).await;
    wait_for_save_status(&window, "saved").await;
    assert!(app.stop().await, "it exits with success");
    type_in_note(&window, " and typed meanwhile").await;
    leave_note(&window).await;
    std::fs::copy(&backup, app.database()).expect("the backup is restored");
    app.launch().await;

    wait_for_note_text(&window, "backed up and typed meanwhile").await;
    wait_for_save_status(&window, "saved").await;
    window.driver.refresh().await.expect("reloaded");
    wait_for_note_text(&window, "backed up and typed meanwhile").await;
}
