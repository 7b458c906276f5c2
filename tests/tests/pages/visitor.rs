//! A simulated browser without scripts.

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response};
use sockbit_tests::system::App;

/// A user with a cookie jar.
pub struct Visitor {
    http: Client,
    url: String,
    pub cookie: Option<String>,
}

/// A response.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Visitor {
    pub fn new(app: &App) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { http, url: app.url(), cookie: None }
    }

    /// A visitor who has created a board, and the path of the board.
    pub async fn with_board(app: &App) -> (Self, String) {
        let mut visitor = Self::new(app);
        let page = visitor.post("/boards", &[("title", "Lisbon in May")]).await;
        let board = page.location();
        (visitor, board)
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        self.send(request).await
    }

    /// Posts a form and follows the redirect.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post(path, fields).await;
        assert_eq!(page.status, 303, "{}", page.body);
        let location = page.location();
        let page = self.get(&location).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page
    }

    /// A request with the visitor's cookie, to be completed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub async fn send(&mut self, request: RequestBuilder) -> Page {
        let response = request.send().await.expect("a response");
        if let Some(cookie) = cookie(&response) {
            self.cookie = Some(cookie);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { status, headers, body: response.text().await.expect("text") }
    }
}

fn cookie(response: &Response) -> Option<String> {
    let header = response.headers().get(SET_COOKIE)?.to_str().ok()?;
    Some(header.split(';').next()?.to_owned())
}

/// Encodes a form field as browsers do.
fn encode(value: &str) -> String {
    let letter = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(letter).collect()
}

impl Page {
    /// The target of a redirect.
    pub fn location(&self) -> String {
        self.header(LOCATION.as_str()).to_owned()
    }

    /// The value of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// The ids of the notes on the board, in order.
    pub fn notes(&self) -> Vec<String> {
        let ids = self.body.split("<article class=\"note\" id=\"note-").skip(1);
        ids.filter_map(|rest| rest.split('"').next())
            .filter(|id| !id.starts_with("__"))
            .map(ToOwned::to_owned)
            .collect()
    }

    /// The text between two pieces of markup.
    pub fn between(&self, start: &str, end: &str) -> &str {
        let (_, rest) = self.body.split_once(start).unwrap_or_default();
        rest.split_once(end).unwrap_or_default().0
    }

    /// The hidden fields with the base of an edit.
    pub fn base(&self) -> [(&'static str, String); 2] {
        ["base_seq", "base_event"].map(|name| {
            let value = self.between(&format!("name=\"{name}\" value=\""), "\"");
            assert!(!value.is_empty(), "the page has a form with {name}");
            (name, value.to_owned())
        })
    }

    /// Whether the page contains this HTML.
    pub fn shows(&self, html: &str) -> bool {
        self.body.contains(html)
    }
}
