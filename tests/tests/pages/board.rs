//! Pages and forms of a board, and the home page.

use sockbit_tests::system::App;

use crate::visitor::Visitor;

#[tokio::test]
async fn a_new_visitor_creates_a_board_and_finds_it_on_the_home_page() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let home = visitor.get("/").await;
    assert!(home.shows("Notes that you write together"), "{}", home.body);
    let board = visitor.submit("/boards", &[("title", "Lisbon & <May>")]).await;
    assert!(board.shows("Lisbon &#38; &#60;May&#62;"), "{}", board.body);
    let home = visitor.get("/").await;
    assert!(home.shows("Lisbon &#38; &#60;May&#62;") && home.shows("0 notes"), "{}", home.body);
}

#[tokio::test]
async fn a_rejected_title_is_shown_again_with_the_reason() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let page = visitor.post("/boards", &[("title", "   ")]).await;
    assert_eq!(page.status, 422);
    assert!(page.shows("A board needs a title."), "{}", page.body);
    for long in ["x".repeat(201), "😀".repeat(60)] {
        let page = visitor.post("/boards", &[("title", &long)]).await;
        assert_eq!(page.status, 422);
        assert!(page.shows(&format!("value=\"{long}\"")), "the typed title is still there");
        assert!(page.shows("too long: up to 200 letters fit"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_board_is_renamed_and_a_rejected_title_is_shown_again() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let page = visitor.submit(&format!("{board}/rename"), &[("title", "Porto")]).await;
    assert!(page.shows("<title>Porto"), "{}", page.body);
    let long = "y".repeat(300);
    let page = visitor.post(&format!("{board}/rename"), &[("title", &long)]).await;
    assert_eq!(page.status, 422);
    assert!(page.shows("Not renamed.") && page.shows(&long), "{}", page.body);
}

#[tokio::test]
async fn only_an_empty_board_gets_example_notes() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let path = format!("{board}/notes/examples");
    assert_eq!(visitor.submit(&path, &[]).await.notes().len(), 3);
    assert_eq!(visitor.submit(&path, &[]).await.notes().len(), 3);
}

#[tokio::test]
async fn a_note_on_a_full_board_is_shown_again_with_the_reason() {
    let app = App::start_with(&["--board-notes", "1"]).await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let path = format!("{board}/notes");
    visitor.submit(&path, &[("text", "one"), ("colour", "yellow")]).await;
    let page = visitor.post(&path, &[("text", "one too many"), ("colour", "teal")]).await;
    assert_eq!(page.status, 409);
    assert!(page.shows("Not saved."), "{}", page.body);
    assert_eq!(
        page.between("placeholder=\"Write a note …\"", "</textarea>").lines().last(),
        Some("one too many")
    );
    assert!(page.shows("data-full"), "the page marks the board as full");
}

#[tokio::test]
async fn a_board_of_several_query_pages_is_shown_whole() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    for i in 0..8 {
        let text = format!("note {i} {}", "long ".repeat(12_000));
        visitor.post(&format!("{board}/notes"), &[("text", &text)]).await;
    }
    let page = visitor.get(&board).await;
    assert_eq!(page.notes().len(), 8);
    for i in 0..8 {
        assert!(page.shows(&format!("<p>note {i} long")), "note {i} is there");
    }
}

#[tokio::test]
async fn a_user_changes_their_name_and_colour() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let fields = [("name", "Ada <3"), ("colour", "7"), ("back", &*board)];
    let page = visitor.submit("/me", &fields).await;
    assert!(page.shows("Ada &#60;3"), "{}", page.body);
    let path = format!("{board}/notes");
    let page = visitor.submit(&path, &[("text", "signed")]).await;
    assert!(page.shows("<span data-author>Ada &#60;3</span>"), "{}", page.body);
    for fields in [[("name", " \u{7} "), ("colour", "7")], [("name", "Ada"), ("colour", "12")]] {
        assert_eq!(visitor.post("/me", &fields).await.status, 422, "{fields:?}");
    }
    let fields = [("name", "Ada"), ("colour", "0"), ("back", "//evil.example")];
    assert_eq!(visitor.post("/me", &fields).await.location(), "/");
}
