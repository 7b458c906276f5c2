//! The secret that cookies are signed with, and the file that it lives in.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sockbit_application::ports::Ids;

use crate::config::{Secret, SecretSource};

/// More than any secret; what is longer is not one.
const FILE_BYTES_MAX: u64 = 4096;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("the secret file {} cannot be used: {reason}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// Others on this machine could sign cookies.
    #[error(
        "the secret file {0} can be read by others; take their rights away with: chmod 600 {0}"
    )]
    Open(String),
    /// It holds no secret.
    #[error("the secret file {} does not hold a secret: {reason}", path.display())]
    Bad {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The secret, from where the configuration says. A file that is not there is made.
pub fn secret(source: &SecretSource, ids: &dyn Ids) -> Result<Secret, SecretError> {
    match source {
        SecretSource::Given(secret) => Ok(secret.clone()),
        SecretSource::Fresh => fresh(ids).parse().map_err(bad(Path::new("(none)"))),
        SecretSource::File(path) => match File::open(path) {
            Ok(file) => read(&file, path),
            Err(error) if error.kind() == ErrorKind::NotFound => make(path, ids),
            Err(reason) => Err(SecretError::Io { path: path.clone(), reason }),
        },
    }
}

/// 244 random bits, which is what two random identifiers have.
fn fresh(ids: &dyn Ids) -> String {
    format!("{}{}", ids.mint().simple(), ids.mint().simple())
}

fn read(file: &File, path: &Path) -> Result<Secret, SecretError> {
    check_rights(file, path)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io(path))?;
    text.parse().map_err(bad(path))
}

/// Two processes that start at once end up with one secret: the second finds the file made.
fn make(path: &Path, ids: &dyn Ids) -> Result<Secret, SecretError> {
    let text = fresh(ids);
    match create(path, &text) {
        Ok(()) => text.parse().map_err(bad(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(&File::open(path).map_err(io(path))?, path)
        }
        Err(reason) => Err(SecretError::Io { path: path.to_owned(), reason }),
    }
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn check_rights(file: &File, path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(io(path))?.permissions().mode();
    let of_others = mode & 0o077;
    if of_others == 0 { Ok(()) } else { Err(SecretError::Open(path.display().to_string())) }
}

#[cfg(not(unix))]
fn check_rights(_file: &File, _path: &Path) -> Result<(), SecretError> {
    Ok(())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SecretError {
    let path = path.to_owned();
    |reason| SecretError::Io { path, reason }
}

fn bad(path: &Path) -> impl FnOnce(String) -> SecretError {
    let path = path.to_owned();
    |reason| SecretError::Bad { path, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::RandomIds;

    #[test]
    fn a_secret_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let source = SecretSource::File(dir.path().join("secret"));
        let made = secret(&source, &RandomIds).expect("a new secret");
        assert_eq!(secret(&source, &RandomIds).expect("the secret again"), made);
        assert_eq!(made.as_bytes().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        let source = SecretSource::File(path.clone());
        secret(&source, &RandomIds).expect("a new secret");
        assert_eq!(path.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("new rights");
        let error = secret(&source, &RandomIds).expect_err("others can read it");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_without_a_secret_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        create(&path, "short").expect("a file");
        let error = secret(&SecretSource::File(path), &RandomIds).expect_err("no secret");
        assert!(error.to_string().contains("does not hold a secret"), "{error}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_said() {
        let source = SecretSource::File(PathBuf::from("/nonexistent/secret"));
        let error = secret(&source, &RandomIds).expect_err("no directory");
        assert!(error.to_string().contains("/nonexistent/secret cannot be used"), "{error}");
    }
}
