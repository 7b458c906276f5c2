//! Responses for programs: the command API, static files, health and metrics.

use reqwest::Method;
use serde_json::{Value, json};
use sockbit_tests::system::App;
use uuid::Uuid;

use crate::visitor::{Page, Visitor};

async fn post_command(visitor: &mut Visitor, body: &str) -> (u16, Value) {
    let request = visitor.request(Method::POST, "/api/commands").body(body.to_owned());
    let page = visitor.send(request).await;
    assert_eq!(page.header("content-type"), "application/json", "{}", page.body);
    (page.status, serde_json::from_str(&page.body).expect("JSON"))
}

fn id() -> String {
    #[expect(clippy::disallowed_methods, reason = "clients mint their own ids")]
    Uuid::new_v4().to_string()
}

#[tokio::test]
async fn a_posted_command_gets_its_outcome_each_time() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let (message, board) = (id(), id());
    let body = json!({"type": "create_board", "title": "From a program"});
    let frame =
        json!({"v": 1, "type": "command", "id": message, "board": board, "body": body}).to_string();
    let (status, first) = post_command(&mut visitor, &frame).await;
    assert_eq!(status, 200);
    assert_eq!(first["type"], "outcome");
    assert_eq!(first["outcome"]["result"], "saved");
    let (_, second) = post_command(&mut visitor, &frame).await;
    assert_eq!(second, first, "a repeat gets the same outcome");
    assert!(visitor.get(&format!("/boards/{board}")).await.shows("From a program"));
}

#[tokio::test]
async fn an_invalid_command_is_refused_with_a_code() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    for (body, code) in [
        ("", "malformed"),
        ("[]", "malformed"),
        (r#"{"v":1,"type":"command"}"#, "malformed"),
        (r#"{"v":99,"type":"command"}"#, "unsupported_version"),
        (r#"{"v":1,"type":"dance"}"#, "unknown_type"),
        (r#"{"v":1,"type":"ping"}"#, "unknown_type"),
    ] {
        let (status, response) = post_command(&mut visitor, body).await;
        assert_eq!((status, response["code"].as_str()), (400, Some(code)), "{body}");
    }
}

#[tokio::test]
async fn invalid_utf8_and_a_large_body_are_refused_as_json() {
    let app = App::start().await;
    let visitor = &mut Visitor::new(&app);
    let request = visitor.request(Method::POST, "/api/commands").body(vec![0xff, 0xfe]);
    let page = visitor.send(request).await;
    let response: Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!((page.status, response["code"].as_str()), (400, Some("malformed")), "{response}");
    let (status, response) = post_command(visitor, &"x".repeat(2 * 1024 * 1024)).await;
    assert_eq!(status, 413);
    assert_eq!(response["title"], "That is too large");
}

#[tokio::test]
async fn a_program_can_create_a_link_as_json() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let path = format!("{board}/links");
    let request = visitor.request(Method::POST, &path).header("accept", "application/json");
    let page = visitor.send(request).await;
    let response: Value = serde_json::from_str(&page.body).expect("JSON");
    let link = response["link"].as_str().expect("a link").to_owned();
    assert!(link.starts_with(&format!("{}{board}/join/", app.url())), "{link}");
    assert_eq!(page.header("cache-control"), "no-store");
    let mut outsider = Visitor::new(&app);
    let request = outsider.request(Method::POST, &path).header("accept", "application/json");
    let page = outsider.send(request).await;
    let response: Value = serde_json::from_str(&page.body).expect("JSON");
    assert_eq!((page.status, response["code"].as_str()), (404, Some("not_found")));
}

#[tokio::test]
async fn assets_of_a_page_are_kept_and_those_of_other_versions_are_revalidated() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let folder = asset_folder(&mut visitor).await;
    for (name, content_type) in [
        ("css/base.css", "text/css; charset=utf-8"),
        ("js/board-page.js", "text/javascript; charset=utf-8"),
        ("js/delta/delta.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
        ("fonts/source-sans-3-latin-normal.woff2", "font/woff2"),
    ] {
        for (path, caching) in [
            (format!("{folder}{name}"), "public, max-age=31536000, immutable"),
            (format!("/assets/{name}"), "no-cache"),
            (format!("/assets/another-version/{name}"), "no-cache"),
        ] {
            let request = visitor.request(Method::GET, &path);
            let response = request.send().await.expect("a response");
            assert_eq!(response.status().as_u16(), 200, "{path}");
            assert_eq!(response.headers()["content-type"], content_type, "{path}");
            assert_eq!(response.headers()["cache-control"], caching, "{path}");
            assert!(!response.headers().contains_key("set-cookie"), "an asset creates no guest");
            let etag = response.headers()["etag"].clone();
            let request = visitor.request(Method::GET, &path).header("if-none-match", etag);
            let page = visitor.send(request).await;
            assert_eq!((page.status, page.body.len()), (304, 0), "{path}");
            let request = visitor.request(Method::GET, &path).header("if-none-match", "\"old\"");
            assert_eq!(visitor.send(request).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn style_sheets_and_scripts_refer_to_files_of_their_own_version() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    let folder = asset_folder(&mut visitor).await;
    let style = visitor.get(&format!("{folder}css/tokens.css")).await.body;
    let script = visitor.get(&format!("{folder}js/board-page.js")).await.body;
    assert!(style.contains("url(\"../fonts/"), "{style}");
    assert!(script.contains("import(\"./markdown/renderer.js\")"), "the renderer is loaded later");
    assert!(![style, script].iter().any(|it| it.contains("/assets/")), "an address without a hash");
}

/// The folder in which the home page has its files, with a slash at its end.
async fn asset_folder(visitor: &mut Visitor) -> String {
    let page = visitor.get("/").await.body;
    let (_, after) = page.split_once("href=\"/assets/").expect("a style sheet");
    let (hash, _) = after.split_once('/').expect("a folder");
    format!("/assets/{hash}/")
}

#[tokio::test]
async fn text_is_compressed_if_the_client_accepts_it() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let link = format!("{board}/links");
    for (method, path, encoding) in [
        (Method::GET, "/", "gzip"),
        (Method::GET, board.as_str(), "gzip"),
        (Method::GET, "/assets/js/delta/delta.js", "gzip"),
        (Method::GET, "/assets/css/base.css", "gzip"),
        (Method::GET, "/assets/fonts/source-sans-3-latin-normal.woff2", ""),
        (Method::GET, "/healthz", ""),
        (Method::POST, link.as_str(), ""),
    ] {
        let request = visitor.request(method, path).header("accept-encoding", "br, gzip");
        let response = request.send().await.expect("a response");
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let actual =
            response.headers().get("content-encoding").map_or("", |it| it.to_str().unwrap_or("?"));
        assert_eq!(actual, encoding, "{path}");
        if !encoding.is_empty() {
            assert_eq!(response.headers().get_all("vary").iter().count(), 1, "{path}");
            assert_eq!(response.headers()["vary"], "accept-encoding", "{path}");
        }
    }
    assert_eq!(
        visitor.get(&board).await.header("content-encoding"),
        "",
        "the client did not accept it"
    );
    assert_eq!(visitor.get(&board).await.header("vary"), "accept-encoding");
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let app = App::start().await;
    let (mut visitor, board) = Visitor::with_board(&app).await;
    let pages: Vec<Page> = vec![
        visitor.get("/").await,
        visitor.get(&board).await,
        visitor.get("/nothing").await,
        visitor.get("/assets/js/delta/delta.js").await,
        visitor.get("/readyz").await,
        visitor.post("/boards", &[("title", "")]).await,
    ];
    for page in pages {
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    }
}

#[tokio::test]
async fn health_and_metrics_are_served() {
    let app = App::start().await;
    let mut visitor = Visitor::new(&app);
    assert_eq!(visitor.get("/healthz").await.body, "ok\n");
    let ready: Value = serde_json::from_str(&visitor.get("/readyz").await.body).expect("JSON");
    assert_eq!(ready, json!({"ready": true, "problems": []}));
    visitor.post("/boards", &[("title", "counted")]).await;
    let metrics = visitor.get("/metrics").await.body;
    for line in [
        "sockbit_http_requests_total{method=\"POST\",route=\"/boards\",status=\"303\"} 1",
        "sockbit_outcomes_total{result=\"saved\"} 1",
        "sockbit_connections ",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn metrics_are_hidden_behind_a_proxy() {
    let app = App::start_with(&["--trust-proxy", "1"]).await;
    let visitor = &mut Visitor::new(&app);
    let request = visitor.request(Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.7");
    let page = visitor.send(request).await;
    assert_eq!(page.status, 404);
    assert!(page.shows("Page not found"), "{}", page.body);
}
