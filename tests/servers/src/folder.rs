//! Where a server keeps everything: a temporary folder that goes with it, or one that is to be kept.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use crate::ServerError;
use crate::system_account::Account;

/// Log lines that tell what went wrong.
const LAST_LINES: usize = 15;

/// A folder for one server, or for several that belong together.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// What goes when we do: this folder, or the one that it is in; none where it is kept.
    temporary: Option<PathBuf>,
}

impl Folder {
    /// A folder that goes when this is dropped, or when whoever made it is gone.
    pub fn temporary(name: &str) -> Result<Self, ServerError> {
        let path = std::env::temp_dir().join(format!("{name}-{:016x}", random_number()));
        make(&path).map_err(|source| fault(&path, source))?;
        Ok(Self { temporary: Some(path.clone()), path })
    }

    /// A folder that stays, with what is in it already.
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

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it stays when nobody uses it any more.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// What guardians remove when we are gone without having done so.
    pub(crate) fn temporary_path(&self) -> Option<&Path> {
        self.temporary.as_deref()
    }

    /// Gives it to the account, or leaves it ours.
    pub(crate) fn chown_to(&self, account: Option<Account>) -> Result<(), ServerError> {
        let Some(Account { user, group }) = account else { return Ok(()) };
        chown(&self.path, Some(user), Some(group)).map_err(|source| self.fault(source))
    }

    /// Writes a file that all may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, ServerError> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(|source| fault(&path, source))?;
        Ok(path)
    }

    /// A text that is made up once, stays what it is for as long as the folder is there, and is for
    /// nobody else to read.
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

    /// Removes what is below it under this name; nothing may be there.
    pub(crate) fn empty(&self, name: &str) -> Result<(), ServerError> {
        let path = self.path.join(name);
        match fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(fault(&path, source)),
            _ => Ok(()),
        }
    }

    /// What the program of this name wrote.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        self.log_since(name, 0)
    }

    /// How much that is.
    #[must_use]
    pub fn log_bytes(&self, name: &str) -> u64 {
        fs::metadata(self.log_file(name)).map_or(0, |it| it.len())
    }

    /// What the program of this name wrote after so many bytes. What is no text shows as such.
    #[must_use]
    pub fn log_since(&self, name: &str, bytes: u64) -> String {
        let mut rest = Vec::new();
        // A program that has written nothing yet may have no log.
        let _ = File::open(self.log_file(name)).and_then(|mut log| {
            log.seek(SeekFrom::Start(bytes))?;
            log.read_to_end(&mut rest)
        });
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The last lines of it.
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

/// Others may pass, as servers run on behalf of somebody else where we are root, but not list it.
fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(false).mode(0o711).create(path)
}

fn fault(path: &Path, source: io::Error) -> ServerError {
    ServerError::Folder { path: path.to_owned(), source }
}

/// The standard library seeds its hashers from the system's randomness.
pub(crate) fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept() {
            // The guardian of what ran in it may have been faster.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
