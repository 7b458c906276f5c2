//! The folder of a server: temporary, or kept.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use crate::ServerError;
use crate::system_account::Account;

/// Enough log lines to explain a failure.
const LAST_LINES: usize = 15;

/// A folder for one server, or for several that belong together.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The path that is removed on drop: this folder or its parent; `None` if it is kept.
    temporary: Option<PathBuf>,
}

impl Folder {
    /// A folder that is removed when this is dropped or when this process ends.
    pub fn temporary(name: &str) -> Result<Self, ServerError> {
        let path = std::env::temp_dir().join(format!("{name}-{:016x}", random_number()));
        make(&path).map_err(|source| fault(&path, source))?;
        Ok(Self { temporary: Some(path.clone()), path })
    }

    /// A folder that stays, with its existing content.
    pub fn kept(path: &Path) -> Result<Self, ServerError> {
        if !path.is_dir() {
            make(path).map_err(|source| fault(path, source))?;
        }
        let path = path.canonicalize().map_err(|source| fault(path, source))?;
        Ok(Self { path, temporary: None })
    }

    /// A folder in this one, which stays as long as this one does.
    pub fn below(&self, name: &str) -> Result<Self, ServerError> {
        let path = self.path.join(name);
        if !path.is_dir() {
            make(&path).map_err(|source| fault(&path, source))?;
        }
        Ok(Self { path, temporary: self.temporary.clone() })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays after its last use.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// The path that the process supervisor removes if this process is killed.
    pub(crate) fn temporary_path(&self) -> Option<&Path> {
        self.temporary.as_deref()
    }

    /// Makes the account its owner, if there is one.
    pub(crate) fn chown_to(&self, account: Option<Account>) -> Result<(), ServerError> {
        let Some(Account { user, group }) = account else { return Ok(()) };
        chown(&self.path, Some(user), Some(group)).map_err(|source| self.fault(source))
    }

    /// Writes a file that every user may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, ServerError> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(|source| fault(&path, source))?;
        Ok(path)
    }

    /// A text that is created once, stays the same as long as the folder exists, and is private to
    /// this user.
    pub fn text_created_once(
        &self,
        name: &str,
        create: impl FnOnce() -> String,
    ) -> Result<String, ServerError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = create();
                let mut options = File::options();
                let file = options.write(true).create_new(true).mode(0o600).open(&path);
                let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
                written.map_err(|source| fault(&path, source)).map(|()| text)
            }
            Err(source) => Err(fault(&path, source)),
        }
    }

    /// Removes the folder of this name in this one, if it exists.
    pub(crate) fn remove(&self, name: &str) -> Result<(), ServerError> {
        let path = self.path.join(name);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(fault(&path, source)),
            _ => Ok(()),
        }
    }

    /// The log of the program of this name.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        self.log_since(name, 0)
    }

    /// The size of that log.
    #[must_use]
    pub fn log_bytes(&self, name: &str) -> u64 {
        fs::metadata(self.log_file(name)).map_or(0, |it| it.len())
    }

    /// The log of the program of this name after the first `bytes`. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn log_since(&self, name: &str, bytes: u64) -> String {
        let mut rest = Vec::new();
        // A program that has written nothing may have no log.
        let _ = File::open(self.log_file(name)).and_then(|mut log| {
            log.seek(SeekFrom::Start(bytes))?;
            log.read_to_end(&mut rest)
        });
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The last lines of that log.
    #[must_use]
    pub fn last_lines(&self, name: &str) -> String {
        let log = self.log(name);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.log"))
    }

    pub(crate) fn fault(&self, source: io::Error) -> ServerError {
        fault(&self.path, source)
    }
}

/// Creates a folder that other users can enter but not list: under root, servers run as another
/// account.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(false).mode(0o711).create(path)
}

fn fault(path: &Path, source: io::Error) -> ServerError {
    ServerError::Folder { path: path.to_owned(), source }
}

/// A random number: the standard library seeds its hashers with random numbers of the system.
pub(crate) fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept() {
            // The process supervisor may have removed it before.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
