//! A page in a real browser, in which somebody writes a word now and then: it must always say the state of
//! what was written.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::system::board_page_actions::{create_board, write_note};
use crate::system::{Browser, Endpoint, Window, eventually};

/// Between two words.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two looks at what the page says.
const LOOK: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_mins(1);

/// Opens the editor, if it is not open, as somebody does who clicks until it is.
const OPEN: &str = "
    const isOpen = () => document.activeElement?.matches('#notes .note textarea[name=text]');
    if (!isOpen()) document.querySelector('#notes .note [data-view]').click();
    return isOpen()";
const RECEIPT: &str = "return document.querySelector('#notes .note').dataset.receipt ?? ''";
const TEXT: &str = "return document.querySelector('#notes .note textarea[name=text]').value";

/// Somebody in front of a page.
pub struct PageProbe {
    writing: JoinHandle<(Page, Vec<String>)>,
    stop: watch::Sender<bool>,
    seen: watch::Receiver<ProbeState>,
}

/// The window of a witness, between two boards.
pub struct Page {
    // Before the browser, so that it ends first.
    window: Window,
    _browser: Browser,
}

/// What the page said until now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProbeState {
    /// Whether it says now that words are not saved.
    pub says_not_saved: bool,
    /// For how long at most words were not saved and it did not say so.
    pub silent: Duration,
}

impl Page {
    /// A browser with an empty page.
    pub async fn open() -> Self {
        let browser = Browser::start().await;
        Self { window: browser.window().await, _browser: browser }
    }
}

impl PageProbe {
    /// Begins a board with a note, and writes in it from here on.
    pub async fn begin(page: Page, endpoint: &Endpoint) -> Self {
        let window = &page.window;
        create_board(window, &endpoint.url, "Witness").await;
        write_note(window, "begin").await;
        let (stop, stopped) = watch::channel(false);
        let (line, seen) = watch::channel(ProbeState::default());
        let writing = tokio::spawn(write_away(page, stopped, line));
        Self { writing, stop, seen }
    }

    /// Waits until the page says that words are not saved.
    pub async fn wait_until_not_saved_is_shown(&self) {
        let mut seen = self.seen.clone();
        eventually("the page to say that words are not saved", async || {
            seen.wait_for(|seen| seen.says_not_saved).await.is_ok().then_some(())
        })
        .await;
    }

    /// Stops writing, and checks that the page has each word once; says for how long it had been silent
    /// about words that were not saved.
    pub async fn end(self) -> (Page, Duration) {
        self.stop.send_replace(true);
        let (page, words) = self.writing.await.expect("the page goes on");
        page.window.driver.refresh().await.expect("the page loads");
        page.window.find("#notes .note textarea[name=text]").await;
        for word in words {
            let count = format!("{TEXT}.split({}).length - 1 === 1", json!(word));
            until(&page.window, &count).await;
        }
        let silent = self.seen.borrow().silent;
        (page, silent)
    }
}

async fn write_away(
    page: Page,
    stopped: watch::Receiver<bool>,
    line: watch::Sender<ProbeState>,
) -> (Page, Vec<String>) {
    let mut words = Vec::new();
    while !*stopped.borrow() {
        let word = format!("<{}>", words.len());
        write(&page.window, &word).await;
        words.push(word);
        watch_over(&page.window, &line).await;
        sleep(PAUSE).await;
    }
    (page, words)
}

async fn write(window: &Window, word: &str) {
    until(window, OPEN).await;
    let insert = format!(
        "const editor = document.activeElement;
        editor.setSelectionRange(editor.value.length, editor.value.length);
        document.execCommand('insertText', false, {});
        editor.blur()",
        json!(word)
    );
    window.script(&insert).await;
}

/// Waits until a script returns true.
async fn until(window: &Window, script: &str) {
    let end = Instant::now() + DEADLINE;
    while window.script(script).await != Value::Bool(true) {
        assert!(Instant::now() < end, "not in time: {script}");
        sleep(LOOK).await;
    }
}

/// Looks at the page until the words are saved, however long that takes.
async fn watch_over(window: &Window, line: &watch::Sender<ProbeState>) {
    let mut silent_since = Some(Instant::now());
    loop {
        let receipt = window.script(RECEIPT).await;
        let receipt = receipt.as_str().unwrap_or_default();
        let says_not_saved = matches!(receipt, "late" | "offline" | "rejected");
        assert_ne!(receipt, "rejected", "nothing that was written is wrong");
        if says_not_saved {
            silent_since = None;
        }
        let silent = silent_since.map_or(Duration::ZERO, |since| since.elapsed());
        line.send_modify(|seen| {
            seen.says_not_saved = says_not_saved;
            seen.silent = seen.silent.max(silent);
        });
        if matches!(receipt, "" | "saved") {
            return;
        }
        sleep(LOOK).await;
    }
}
