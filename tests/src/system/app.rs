//! The app in one process, with its own SQLite database.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;

use tempfile::TempDir;

use super::Process;

const DATABASE: &str = "sockbit.db";

/// A `sockbit serve` on SQLite.
pub struct App {
    process: Process,
    folder: TempDir,
}

impl App {
    /// Starts the app on an empty database and waits until it serves.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Like [`App::start`], with more flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        let mut app = Self::unstarted(flags);
        app.launch().await;
        app
    }

    /// Prepares flags and folder, and does not start the process.
    #[must_use]
    pub fn unstarted(flags: &[&str]) -> Self {
        let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
        let store = format!("sqlite:{}", folder.path().join(DATABASE).display());
        let command = ["serve", "--store", &store];
        let arguments = command.iter().chain(flags).map(ToString::to_string).collect();
        Self { process: Process::unstarted(arguments), folder }
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }
}

impl Deref for App {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
