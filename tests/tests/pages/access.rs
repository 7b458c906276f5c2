//! Access to boards, identities, and protection against cross-site requests.

use reqwest::Method;
use sockbit_tests::system::App;

use crate::visitor::{Page, Visitor};

/// Creates a share link and returns its path.
async fn create_link(visitor: &mut Visitor, app: &App, board: &str) -> String {
    let page = visitor.post(&format!("{board}/links"), &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page.between("<input id=\"new-link\" class=\"input\" value=\"", "\"");
    link.strip_prefix(&app.url()).expect("a link to this server").to_owned()
}

#[tokio::test]
async fn a_link_makes_a_visitor_a_member_and_redirects_to_an_address_without_the_key() {
    let app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let link = create_link(&mut owner, &app, &board).await;
    let mut friend = Visitor::new(&app);
    assert_eq!(friend.get(&board).await.status, 404);
    for _ in 0..2 {
        let page = friend.post(&link, &[]).await;
        assert_eq!((page.status, page.location()), (303, board.clone()));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let page = friend.get(&link).await;
    assert_eq!(
        (page.status, page.location()),
        (303, board.clone()),
        "a member is redirected at once"
    );
    let page = friend.submit(&format!("{board}/notes"), &[("text", "hello from outside")]).await;
    assert!(page.shows("<p>hello from outside</p>"), "{}", page.body);
    assert!(owner.get(&board).await.shows("<p>hello from outside</p>"));
}

#[tokio::test]
async fn opening_a_link_shows_a_form_and_does_not_join() {
    let app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let link = create_link(&mut owner, &app, &board).await;
    let mut preview = Visitor::new(&app);
    for method in [Method::HEAD, Method::GET] {
        let request = preview.request(method.clone(), &link);
        assert_eq!(preview.send(request).await.status, 200, "{method}");
        assert_eq!(preview.get(&board).await.status, 404, "{method}");
    }
    let page = preview.get(&link).await;
    assert!(page.shows("Join this board") && page.shows("<form id=\"join\""), "{}", page.body);
    assert!(page.shows("content=\"strict-origin\""), "its path is not sent as `Referer`");
    assert_eq!(page.header("cache-control"), "no-store");
    let key = link.rsplit('/').next().expect("a key");
    assert!(!page.shows("Lisbon") && !page.shows(key), "{}", page.body);
    let wrong = preview.get(&format!("{board}/join/AAAAAAAAAAAAAAAAAAAAAA")).await;
    assert_eq!(
        (wrong.status, &wrong.body),
        (200, &page.body),
        "the page does not reveal whether the key is right"
    );
}

#[tokio::test]
async fn another_site_cannot_make_a_browser_join() {
    let app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let link = create_link(&mut owner, &app, &board).await;
    let mut friend = Visitor::new(&app);
    let forged = friend.request(Method::POST, &link).header("origin", "https://evil.example");
    assert_eq!(friend.send(forged).await.status, 403);
    assert_eq!(friend.get(&board).await.status, 404);
}

#[tokio::test]
async fn a_wrong_key_gets_the_same_response_as_a_missing_board() {
    let app = App::start().await;
    let (_, board) = Visitor::with_board(&app).await;
    let missing_board = "/boards/00000000-0000-4000-8000-000000000000";
    let mut outsider = Visitor::new(&app);
    let (wrong, missing) = (
        outsider.post(&format!("{board}/join/AAAAAAAAAAAAAAAAAAAAAA"), &[]).await,
        outsider.post(&format!("{missing_board}/join/AAAAAAAAAAAAAAAAAAAAAA"), &[]).await,
    );
    assert_eq!((wrong.status, missing.status), (404, 404));
    assert_eq!(wrong.body, missing.body);
}

#[tokio::test]
async fn a_user_without_access_can_read_and_change_nothing() {
    let app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let page = owner.submit(&format!("{board}/notes"), &[("text", "private")]).await;
    let note = format!("{board}/notes/{}", page.notes().remove(0));
    let [(_, seq), (_, event)] = owner.get(&format!("{note}?edit")).await.base();
    let mut outsider = Visitor::new(&app);
    let edit = [("text", "x"), ("base_seq", &*seq), ("base_event", &*event)];
    let posts: [(String, &[(&str, &str)]); 10] = [
        (format!("{board}/rename"), &[("title", "mine")]),
        (format!("{board}/links"), &[]),
        (format!("{board}/notes"), &[("text", "x")]),
        (format!("{board}/notes/examples"), &[]),
        (format!("{note}/edit"), &edit),
        (format!("{note}/recolour"), &[("colour", "red")]),
        (format!("{note}/move"), &[("direction", "later")]),
        (format!("{note}/trash"), &[]),
        (format!("{note}/restore"), &[]),
        (format!("{note}/delete"), &[("confirm", "yes")]),
    ];
    for (path, fields) in posts {
        let page = outsider.post(&path, fields).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.shows("private") && !page.shows("Lisbon"), "{path}");
    }
    for path in [&board, &note] {
        let page = outsider.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.shows("private") && !page.shows("Lisbon"), "{path}");
    }
    assert_eq!(owner.get(&board).await.notes().len(), 1);
}

#[tokio::test]
async fn a_tampered_cookie_makes_a_new_guest() {
    let app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let cookie = owner.cookie.take().expect("a cookie");
    let at = cookie.len() - 20;
    let (start, end) = cookie.split_at(at);
    let flipped: String = end.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    owner.cookie = Some(format!("{start}{flipped}"));
    let page = owner.get(&board).await;
    assert_eq!(page.status, 404);
    assert!(page.header("set-cookie").starts_with("sockbit="), "the new guest gets a cookie");
    owner.cookie = Some(cookie);
    assert_eq!(owner.get(&board).await.status, 200);
}

#[tokio::test]
async fn an_identity_survives_a_restart() {
    let mut app = App::start().await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    assert!(app.stop().await, "it exits with success");
    app.launch().await;
    let page = owner.get(&board).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("set-cookie"), "", "a valid cookie is not replaced");
}

/// Posts a form with these headers.
async fn post_from(visitor: &mut Visitor, headers: &[(&str, &str)]) -> Page {
    let mut request = visitor
        .request(Method::POST, "/boards")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("title=forged");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request).await
}

#[tokio::test]
async fn only_pages_of_this_site_may_post() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let own = app.url();
    for headers in
        [&[][..], &[("origin", &*own)], &[("origin", &*own), ("sec-fetch-site", "same-origin")]]
    {
        assert_eq!(post_from(&mut visitor, headers).await.status, 303, "{headers:?}");
    }
    for headers in [
        [("origin", "https://evil.example"), ("x", "x")],
        [("origin", "null"), ("x", "x")],
        [("origin", &*own), ("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "cross-site"), ("x", "x")],
    ] {
        assert_eq!(post_from(&mut visitor, &headers).await.status, 403, "{headers:?}");
    }
}

#[tokio::test]
async fn only_pages_of_this_site_may_open_a_websocket() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let upgrade = |visitor: &Visitor, origin: &str| {
        visitor
            .request(Method::GET, "/ws")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("origin", origin)
    };
    let page = visitor.send(upgrade(&visitor, "https://evil.example")).await;
    assert_eq!(page.status, 403);
    let response = upgrade(&visitor, &app.url()).send().await.expect("a response");
    assert_eq!(response.status().as_u16(), 101);
    assert!(
        response.headers().contains_key("set-cookie"),
        "a guest on a WebSocket keeps the identity"
    );
}

#[tokio::test]
async fn with_a_public_https_url_cookies_are_secure_and_links_use_its_host() {
    let app = App::start_with(&["--public-url", "https://notes.example.org"]).await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let mut guest = Visitor::new(&app);
    assert!(guest.get("/").await.header("set-cookie").contains("; Secure"));
    let page = owner.post(&format!("{board}/links"), &[]).await;
    assert!(page.shows(&format!("https://notes.example.org{board}/join/")), "{}", page.body);
}

#[tokio::test]
async fn logs_contain_no_link_key_and_no_cookie() {
    let app = App::start_with(&["--log", "trace"]).await;
    let (mut owner, board) = Visitor::with_board(&app).await;
    let link = create_link(&mut owner, &app, &board).await;
    let mut friend = Visitor::new(&app);
    friend.get(&link).await;
    friend.post(&link, &[]).await;
    let key = link.rsplit('/').next().expect("a key");
    let signature = owner.cookie.as_ref().map(|it| it.chars().skip(8).take(30).collect::<String>());
    let log = app.log();
    assert!(log.contains("/boards/{board}/join/{key}"), "the route is logged");
    assert!(!log.contains(key), "the key is not logged");
    assert!(!log.contains(&signature.expect("a cookie")), "the cookie is not logged");
}
