//! Invalid addresses and forms get an error page and have no other effect.

use reqwest::Method;
use sockbit_tests::system::App;

use crate::visitor::Visitor;

const ANY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    for path in [
        "/nothing",
        "/boards",
        "/boards/",
        "/boards/x",
        "/boards/%00",
        "/boards/%ff%fe",
        "/boards/%zz",
        "/%",
        "/%ff",
        "/assets/%ff",
        "/assets/js/%00.js",
        "/assets/%",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/css",
        &format!("{board}/notes/x"),
        &format!("{board}/notes/{ANY}"),
        &format!("{board}/notes/%ff"),
        &format!("{board}/join/"),
        &format!("{board}/join/%ff"),
    ] {
        let page = visitor.get(path).await;
        assert!(matches!(page.status, 404 | 405), "{path}: {}", page.status);
        assert!(page.shows("<!doctype html>"), "{path} gets a page");
    }
}

#[tokio::test]
async fn a_plain_request_to_the_websocket_route_gets_an_error_page() {
    let app = App::start().await;
    let page = Visitor::new(&app).get("/ws").await;
    assert_eq!(page.status, 400);
    assert!(page.shows("We could not read that"), "{}", page.body);
}

#[tokio::test]
async fn invalid_query_parameters_are_ignored() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    for query in [
        "edit=x",
        "edit=",
        &format!("edit={ANY}"),
        "colour=%00",
        "trashed=%ff",
        "edit=a&edit=b",
        "%",
    ] {
        let page = visitor.get(&format!("{board}?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
    }
}

#[tokio::test]
async fn an_invalid_form_gets_an_error_page() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let page = visitor.submit(&format!("{board}/notes"), &[("text", "x")]).await;
    let note = format!("{board}/notes/{}", page.notes().remove(0));
    let forms: [(String, &[(&str, &str)]); 9] = [
        ("/boards".to_owned(), &[]),
        ("/me".to_owned(), &[("name", "Ada")]),
        ("/me".to_owned(), &[("name", "Ada"), ("colour", "-1")]),
        (format!("{board}/notes"), &[("colour", "red")]),
        (format!("{board}/notes"), &[("text", "x"), ("colour", "pink")]),
        (format!("{note}/edit"), &[("text", "x")]),
        (format!("{note}/edit"), &[("text", "x"), ("base_seq", "-1"), ("base_event", ANY)]),
        (format!("{note}/edit"), &[("text", "x"), ("base_seq", "1"), ("base_event", "x")]),
        (format!("{note}/move"), &[("direction", "up")]),
    ];
    for (path, fields) in forms {
        let page = visitor.post(&path, fields).await;
        assert_eq!(page.status, 422, "{path} {fields:?}");
        assert!(page.shows("We could not read that"), "{path} {fields:?}: {}", page.body);
    }
}

#[tokio::test]
async fn an_unsupported_content_type_gets_an_error_page() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    for (content_type, body, status) in [
        ("application/json", "{\"title\":\"x\"}", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("application/x-www-form-urlencoded", "title=a&title=b", 422),
    ] {
        let request = visitor
            .request(Method::POST, "/boards")
            .header("content-type", content_type)
            .body(body);
        let page = visitor.send(request).await;
        assert_eq!(page.status, status, "{content_type}");
        assert!(page.shows("<!doctype html>"), "{content_type}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_an_error_page() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let text = "x".repeat(2 * 1024 * 1024);
    let page = visitor.post(&format!("{board}/notes"), &[("text", &text)]).await;
    assert_eq!(page.status, 413);
    assert!(page.shows("That is too large"), "{}", page.body);
    // The server closed the connection without reading the rest of the body. A new one works.
    let mut reconnected = Visitor::new(&app);
    reconnected.cookie = visitor.cookie;
    assert_eq!(reconnected.get(&board).await.status, 200);
}

#[tokio::test]
async fn invalid_utf8_in_a_form_does_not_affect_the_board() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let request = visitor
        .request(Method::POST, &format!("{board}/notes"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("text=%ff%00%fe%0d%0aok%07&colour=red");
    let page = visitor.send(request).await;
    assert!(matches!(page.status, 303 | 422), "{}", page.body);
    assert_eq!(visitor.get(&board).await.status, 200);
}

#[tokio::test]
async fn markup_in_titles_names_and_notes_is_escaped() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    visitor.submit("/me", &[("name", evil), ("colour", "0"), ("back", "/")]).await;
    let board = visitor.post("/boards", &[("title", evil)]).await.location();
    let text = format!(
        "{evil}\n\n[a](javascript:alert(1)) ![b](javascript:alert(1))\n\n</textarea>{evil}"
    );
    let page = visitor.submit(&format!("{board}/notes"), &[("text", &text)]).await;
    let note = page.notes().remove(0);
    let draft = visitor
        .post(
            &format!("{board}/notes/{ANY}/edit"),
            &[("text", &text), ("base_seq", "1"), ("base_event", ANY)],
        )
        .await;
    for page in [
        page,
        draft,
        visitor.get("/").await,
        visitor.get(&format!("{board}?edit={note}")).await,
        visitor.get(&format!("{board}/notes/{note}")).await,
        visitor.submit(&format!("{board}/notes/{note}/trash"), &[]).await,
    ] {
        assert!(!page.shows("<script>alert") && !page.shows("<img src=x"), "{}", page.body);
        assert!(!page.shows("href=\"javascript:"), "{}", page.body);
    }
}

#[tokio::test]
async fn an_invisible_name_or_title_is_rejected() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    for invisible in ["\u{200b}", "\u{2800}\u{3164}", "\u{115f}", "\u{202e}\u{2066}"] {
        let fields = [("name", invisible), ("colour", "0"), ("back", "/")];
        let page = visitor.post("/me", &fields).await;
        assert_eq!(page.status, 422, "{invisible:?}");
        assert!(page.shows("a name needs at least one letter that can be seen"), "{}", page.body);
        let page = visitor.post("/boards", &[("title", invisible)]).await;
        assert_eq!(page.status, 422, "{invisible:?}");
        assert!(page.shows("A board needs a title."), "{}", page.body);
    }
}

#[tokio::test]
async fn bidirectional_controls_are_removed_from_names_and_titles() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let fields = [("name", "\u{202e}A\u{200b}da\u{2066}"), ("colour", "0"), ("back", "/")];
    visitor.submit("/me", &fields).await;
    let page = visitor.submit("/boards", &[("title", "\u{202e}Plans")]).await;
    assert!(page.shows("Ada: your name and colour"), "{}", page.body);
    assert!(page.shows("Plans") && !page.shows("\u{202e}"), "{}", page.body);
}

#[tokio::test]
async fn too_many_requests_are_refused_with_a_retry_time() {
    let app = App::start_with(&["--requests-per-second", "1", "--requests-burst", "3"]).await;
    let mut visitor = Visitor::new(&app);
    let mut pages = Vec::new();
    for _ in 0..6 {
        pages.push(visitor.get("/").await);
    }
    let limited = pages.iter().find(|page| page.status == 429).expect("one of six is too fast");
    assert_eq!(limited.header("retry-after"), "2");
    assert!(limited.shows("That was a little fast"), "{}", limited.body);
    assert_eq!(visitor.get("/healthz").await.status, 200, "monitoring is not limited");
}
