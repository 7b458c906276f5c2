//! A page that is open while the database is set back to a backup.

use sockbit_tests::system::board_page::{
    create_board, is_live, leave_note, save_status_is, shows, type_in_note, write_note,
};
use sockbit_tests::system::{App, Browser};

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_takes_over_a_restored_board_and_keeps_what_was_not_sent() {
    let mut app = App::start().await;
    let browser = Browser::start().await;
    let window = browser.window().await;
    create_board(&window, &app.url(), "Restored").await;
    is_live(&window).await;
    write_note(&window, "backed up").await;
    save_status_is(&window, "saved").await;
    assert!(app.stop().await, "it ends well");
    let backup = app.folder().join("backup.db");
    std::fs::copy(app.database(), &backup).expect("the database is one file when nobody uses it");

    app.start_again().await;
    is_live(&window).await;
    type_in_note(&window, " and gone").await;
    leave_note(&window).await;
    save_status_is(&window, "saved").await;
    assert!(app.stop().await, "it ends well");
    type_in_note(&window, " and typed meanwhile").await;
    leave_note(&window).await;
    std::fs::copy(&backup, app.database()).expect("the backup is restored");
    app.start_again().await;

    shows(&window, "backed up and typed meanwhile").await;
    save_status_is(&window, "saved").await;
    window.driver.refresh().await.expect("reloaded");
    shows(&window, "backed up and typed meanwhile").await;
}
