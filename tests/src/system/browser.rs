//! Chromium, driven through chromedriver. Each window has its own profile, so it is its own user.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities};
use tokio::process::{Child, Command};

use super::process::free_port;
use super::within;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--force-device-scale-factor=1",
];

/// A running chromedriver. Dropping it closes all windows.
pub struct Browser {
    _driver: Child,
    url: String,
}

/// A browser window with its own profile.
pub struct Window {
    /// For actions that have no method here.
    pub driver: WebDriver,
    _profile: TempDir,
}

impl Browser {
    /// Starts the WebDriver server.
    ///
    /// # Panics
    /// If Chromium or chromedriver is not installed; `cargo xtask test` installs them.
    pub async fn start() -> Self {
        let port = free_port();
        let driver = Command::new(find(&["chromedriver"]))
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts");
        let url = format!("http://127.0.0.1:{port}");
        within(Duration::from_secs(20), "chromedriver responds", || async {
            let response = reqwest::get(format!("{url}/status")).await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
        Self { _driver: driver, url }
    }

    /// Opens a window with an empty profile.
    pub async fn window(&self) -> Window {
        let profile = TempDir::with_prefix("sockbit-profile-").expect("a temporary folder");
        let mut capabilities = ChromeCapabilities::new();
        let browser = find(&BROWSERS);
        capabilities.set_binary(&browser.to_string_lossy()).expect("a path");
        for flag in FLAGS {
            capabilities.add_arg(flag).expect("a flag");
        }
        let folder = format!("--user-data-dir={}", profile.path().display());
        capabilities.add_arg(&folder).expect("a flag");
        let driver = WebDriver::new(&self.url, capabilities).await.expect("a window opens");
        Window { driver, _profile: profile }
    }
}

impl Window {
    /// Opens a page and waits until it has loaded.
    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.expect("the page loads");
    }

    /// Runs a script in the page and returns its result.
    pub async fn script(&self, script: &str) -> Value {
        let result = self.driver.execute(script, vec![]).await.expect("the script runs");
        result.json().clone()
    }

    /// Waits until a script returns a truthy value.
    pub async fn wait_until(&self, what: &str, script: &str) {
        within(Duration::from_secs(15), what, || async {
            let result = self.driver.execute(script, vec![]).await.ok()?;
            is_true(result.json()).then_some(())
        })
        .await;
    }

    /// Waits for the element with this selector.
    pub async fn find(&self, selector: &str) -> WebElement {
        within(Duration::from_secs(15), selector, || async {
            self.driver.find(By::Css(selector)).await.ok()
        })
        .await
    }

    /// Runs a script in each page that loads from now on, before its own scripts.
    pub async fn script_first(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Crashes the page's renderer process, so that the page runs no more code.
    pub async fn crash(&self) {
        let devtools = self.driver.cdp();
        let crash = devtools.send_raw("Page.crash", json!({}));
        let end = tokio::time::timeout(Duration::from_secs(2), crash).await;
        assert!(!matches!(end, Ok(Ok(_))), "the page has crashed: {end:?}");
    }

    /// Enables or disables scripts in pages that load from now on.
    pub async fn allow_scripts(&self, allow: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !allow })).await;
    }

    /// Sets the viewport and the colour scheme, `light` or `dark`.
    pub async fn set_viewport(&self, width: u32, height: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Sends a command of the Chrome `DevTools` protocol.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.expect("the browser accepts it")
    }

    /// Saves a screenshot as `target/screenshots/<name>.png`.
    pub async fn screenshot(&self, name: &str) {
        self.animations_finished().await;
        let folder = screenshots();
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        let path = folder.join(format!("{name}.png"));
        self.driver.screenshot(&path).await.expect("a screenshot");
    }

    /// Waits until no animation runs. Scroll-driven animations always run, so they do not count.
    async fn animations_finished(&self) {
        self.wait_until(
            "no animation runs",
            "return document.getAnimations().every(
                it => it.timeline !== document.timeline || it.playState !== 'running')",
        )
        .await;
    }

    /// Closes the window.
    pub async fn close(self) {
        self.driver.quit().await.expect("the window closes");
    }
}

fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots")
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[expect(clippy::disallowed_methods, reason = "finding programs is what PATH is for")]
fn find(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_folder = |dir: PathBuf| names.iter().map(move |name| dir.join(name));
    std::env::split_paths(&path)
        .flat_map(in_folder)
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{} is missing: run `cargo xtask test`", names.join(" or ")))
}
