//! Forms and pages of one note, and texts that cannot be saved.

use sockbit_tests::system::{App, eventually};

use crate::visitor::{Page, Visitor};

/// A visitor with a board of one note, and the paths of both.
async fn with_note(app: &App, text: &str) -> (Visitor, String, String) {
    let (mut visitor, board) = Visitor::with_board(app).await;
    let page = visitor.submit(&format!("{board}/notes"), &[("text", text)]).await;
    let note = page.notes().remove(0);
    (visitor, board.clone(), format!("{board}/notes/{note}"))
}

async fn open_editor(visitor: &mut Visitor, board: &str, note: &str) -> Page {
    let id = note.rsplit('/').next().unwrap_or_default();
    visitor.get(&format!("{board}?edit={id}")).await
}

/// Posts a text from the editor of this page.
async fn save(visitor: &mut Visitor, page: &Page, note: &str, text: &str) -> Page {
    let [(seq, seq_value), (event, event_value)] = page.base();
    let fields = [("text", text), (seq, &*seq_value), (event, &*event_value)];
    visitor.post(&format!("{note}/edit"), &fields).await
}

#[tokio::test]
async fn a_note_is_created_and_edited() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "# Plan\r\n\r\nfirst").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    assert!(page.shows("<h1>Plan</h1>") && page.shows("data-editing"), "{}", page.body);
    assert!(page.shows("\n# Plan\n\nfirst</textarea>"), "line ends are normalised: {}", page.body);
    let saved = save(&mut visitor, &page, &note, "# Plan\r\n\r\nsecond").await;
    assert_eq!(
        saved.location(),
        format!("{board}#note-{}", note.rsplit('/').next().unwrap_or_default())
    );
    assert!(visitor.get(&board).await.shows("<p>second</p>"));
}

#[tokio::test]
async fn concurrent_edits_are_merged() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "one two three").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    save(&mut visitor, &page, &note, "ONE two three").await;
    let saved = save(&mut visitor, &page, &note, "one two THREE").await;
    assert_eq!(saved.status, 303);
    assert!(visitor.get(&board).await.shows("<p>ONE two THREE</p>"));
}

#[tokio::test]
async fn a_text_that_is_too_long_stays_in_the_editor_with_its_base() {
    let app = App::start_with(&["--note-bytes", "40"]).await;
    let (mut visitor, board, note) = with_note(&app, "short and plain").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    save(&mut visitor, &page, &note, "short and merged").await;
    let long = "short and plain, but then by far too long";
    let refused = save(&mut visitor, &page, &note, long).await;
    assert_eq!(refused.status, 422);
    assert!(refused.shows("Not saved.") && refused.shows("data-editing"), "{}", refused.body);
    assert!(refused.shows(&format!("\n{long}</textarea>")), "{}", refused.body);
    assert_eq!(refused.base(), page.base(), "so that the next attempt is merged in the same way");
    let draft = format!("data-text>{long}</p>");
    assert!(
        refused.shows(&draft),
        "the note has changed, so the text is shown as a draft too: {}",
        refused.body
    );
    save(&mut visitor, &refused, &note, "short and plain!").await;
    assert!(visitor.get(&board).await.shows("<p>short and merged!</p>"));
}

#[tokio::test]
async fn a_rejected_text_stays_in_the_editor_on_the_note_page_too() {
    let app = App::start_with(&["--note-bytes", "40"]).await;
    let (mut visitor, _, note) = with_note(&app, "short").await;
    let page = visitor.get(&format!("{note}?edit")).await;
    let [(seq, seq_value), (event, event_value)] = page.base();
    let long = "x".repeat(41);
    let fields = [("text", &*long), (seq, &seq_value), (event, &event_value), ("back", "note")];
    let refused = visitor.post(&format!("{note}/edit"), &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.shows("id=\"note-page\""), "{}", refused.body);
    assert!(refused.shows(&format!("\n{long}</textarea>")), "{}", refused.body);
    let for_script = refused.shows("data-refused") && refused.shows("\"text\":\"short\"");
    assert!(for_script, "script continues from the saved text: {}", refused.body);
}

#[tokio::test]
async fn a_text_for_a_deleted_note_is_shown_as_a_draft() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "soon gone").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    visitor.submit(&format!("{note}/trash"), &[]).await;
    visitor.submit(&format!("{note}/delete"), &[("confirm", "yes")]).await;
    let refused = save(&mut visitor, &page, &note, "my <words>").await;
    assert_eq!(refused.status, 410);
    assert!(refused.shows("data-text>my &#60;words&#62;</p>"), "{}", refused.body);
    assert!(refused.shows("name=\"text\" value=\"my &#60;words&#62;\""), "{}", refused.body);
}

#[tokio::test]
async fn a_text_with_an_unknown_base_is_shown_as_a_draft() {
    let app = App::start().await;
    let (mut visitor, _, note) = with_note(&app, "as it is").await;
    let event = "00000000-0000-4000-8000-00000000abcd";
    let fields = [("text", "as I want it"), ("base_seq", "2"), ("base_event", event)];
    let refused = visitor.post(&format!("{note}/edit"), &fields).await;
    assert_eq!(refused.status, 409);
    assert!(refused.shows("data-text>as I want it</p>"), "{}", refused.body);
    assert!(refused.shows("<p>as it is</p>"), "{}", refused.body);
}

#[tokio::test]
async fn an_edit_restores_a_note_from_the_trash() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "away").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    visitor.submit(&format!("{note}/trash"), &[]).await;
    assert_eq!(visitor.get(&board).await.notes().len(), 0);
    save(&mut visitor, &page, &note, "here again").await;
    assert!(visitor.get(&board).await.shows("<p>here again</p>"));
}

#[tokio::test]
async fn a_note_changes_its_colour() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "colourful").await;
    let id = note.rsplit('/').next().unwrap_or_default();
    let page = visitor.get(&format!("{board}?colour={id}")).await;
    assert!(page.shows("swatches colouring"), "{}", page.body);
    let page = visitor.submit(&format!("{note}/recolour"), &[("colour", "purple")]).await;
    assert!(page.shows("data-colour=\"purple\" tabindex"), "{}", page.body);
    let page =
        visitor.submit(&format!("{note}/recolour"), &[("colour", "red"), ("back", "note")]).await;
    assert!(page.shows("id=\"note-page\"") && page.shows("made it red"), "{}", page.body);
}

#[tokio::test]
async fn a_note_moves_by_one_place_and_stops_at_the_edge() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let page = visitor.submit(&format!("{board}/notes/examples"), &[]).await;
    let [a, b, c] = <[String; 3]>::try_from(page.notes()).expect("three notes");
    let step = async |visitor: &mut Visitor, note: &str, direction: &str| {
        let path = format!("{board}/notes/{note}/move");
        visitor.submit(&path, &[("direction", direction)]).await.notes()
    };
    assert_eq!(step(&mut visitor, &a, "later").await, [&*b, &a, &c]);
    assert_eq!(step(&mut visitor, &a, "later").await, [&*b, &c, &a]);
    assert_eq!(step(&mut visitor, &a, "later").await, [&*b, &c, &a]);
    assert_eq!(step(&mut visitor, &c, "earlier").await, [&*c, &b, &a]);
    assert_eq!(step(&mut visitor, &c, "earlier").await, [&*c, &b, &a]);
}

#[tokio::test]
async fn a_new_note_comes_first() {
    let app = App::start().await;
    let (mut visitor, board, first) = with_note(&app, "older").await;
    let page = visitor.submit(&format!("{board}/notes"), &[("text", "newer")]).await;
    assert!(first.ends_with(page.notes().last().map_or("none", |it| it)), "{:?}", page.notes());
}

#[tokio::test]
async fn a_trashed_note_can_be_restored_and_deleting_needs_confirmation() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "precious").await;
    let page = visitor.submit(&format!("{note}/trash"), &[]).await;
    assert!(page.shows("“precious” is in the trash."), "{}", page.body);
    assert!(page.shows(&format!("action=\"{note}/restore\"")), "the notice offers to undo");
    assert_eq!(visitor.submit(&format!("{note}/restore"), &[]).await.notes().len(), 1);
    let page = visitor.post(&format!("{note}/delete"), &[("confirm", "yes")]).await;
    assert_eq!(page.status, 409, "only a note in the trash can be deleted");
    visitor.submit(&format!("{note}/trash"), &[]).await;
    let page = visitor.post(&format!("{note}/delete"), &[]).await;
    assert_eq!(page.status, 422, "it needs confirmation");
    assert!(page.shows(&format!("{note}/restore")), "the note is still in the trash");
    let page = visitor.submit(&format!("{note}/delete"), &[("confirm", "yes")]).await;
    assert!(!page.shows("precious"), "{}", page.body);
    assert_eq!(visitor.get(&note).await.status, 404);
    assert_eq!(visitor.get(&board).await.status, 200);
}

#[tokio::test]
async fn a_note_has_a_page_with_its_history() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "a red sock").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    save(&mut visitor, &page, &note, "a green sock").await;
    let page = visitor.get(&note).await;
    assert!(page.shows("wrote this note") && page.shows("changed the text"), "{}", page.body);
    assert!(
        page.shows("<del>red</del><ins>green</ins>") || page.shows("<ins>g</ins>"),
        "{}",
        page.body
    );
    assert!(page.shows("<pre>a red sock</pre>"), "the text as it was: {}", page.body);
}

#[tokio::test]
async fn successive_edits_of_a_user_become_one_history_entry() {
    let app = App::start_with(&["--compact-after", "1s"]).await;
    let (mut visitor, board, note) = with_note(&app, "one").await;
    for text in ["one two", "one two three", "one two three four"] {
        let page = open_editor(&mut visitor, &board, &note).await;
        save(&mut visitor, &page, &note, text).await;
    }
    let page = eventually("history is compacted", async || {
        let page = visitor.get(&note).await;
        (page.body.matches("changed the text").count() == 1).then_some(page)
    })
    .await;
    assert!(page.shows("<ins> two three four</ins>"), "{}", page.body);
    assert!(page.shows("<pre>one</pre>"), "the text as it was: {}", page.body);
    let page = open_editor(&mut visitor, &board, &note).await;
    save(&mut visitor, &page, &note, "one two three four five").await;
    assert!(visitor.get(&board).await.shows("<p>one two three four five</p>"));
}

#[tokio::test]
async fn a_long_history_has_several_pages() {
    let app = App::start().await;
    let (mut visitor, board, note) = with_note(&app, "0").await;
    let page = open_editor(&mut visitor, &board, &note).await;
    for i in 0..130 {
        let colour = if i % 2 == 0 { "red" } else { "blue" };
        visitor.post(&format!("{note}/recolour"), &[("colour", colour)]).await;
    }
    save(&mut visitor, &page, &note, "1").await;
    let page = visitor.get(&note).await;
    assert!(page.shows("<ins>1</ins>") && !page.shows("wrote this note"), "{}", page.body);
    let older = page.between("<a class=\"button plain\" href=\"", "\"").replace("&#38;", "&");
    let page = visitor.get(&older).await;
    assert!(page.shows("wrote this note"), "{}", page.body);
}
