//! The secret that signs cookies: read from the configuration or a file, created if missing.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sockbit_application::ports::Ids;

use crate::config::{Secret, SecretSource};

/// No secret is longer.
const FILE_BYTES_MAX: u64 = 4096;

/// Why there is no usable secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or created.
    #[error("the secret file {} cannot be used: {reason}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        reason: std::io::Error,
    },
    /// Other users of this machine can read the file and could sign cookies.
    #[error("the secret file {0} can be read by other users; restrict it with: chmod 600 {0}")]
    Readable(String),
    /// The content is not a valid secret.
    #[error("the secret file {} does not hold a secret: {reason}", path.display())]
    Invalid {
        /// The path of the file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The configured secret. A missing file is created with a random secret.
pub fn load_or_create(source: &SecretSource, ids: &dyn Ids) -> Result<Secret, SecretError> {
    match source {
        SecretSource::Given(secret) => Ok(secret.clone()),
        SecretSource::Random => random_secret(ids).parse().map_err(invalid(Path::new("(none)"))),
        SecretSource::File(path) => match File::open(path) {
            Ok(file) => read(&file, path),
            Err(error) if error.kind() == ErrorKind::NotFound => create(path, ids),
            Err(reason) => Err(SecretError::Io { path: path.clone(), reason }),
        },
    }
}

/// 244 random bits, from two random ids.
fn random_secret(ids: &dyn Ids) -> String {
    format!("{}{}", ids.mint().simple(), ids.mint().simple())
}

fn read(file: &File, path: &Path) -> Result<Secret, SecretError> {
    check_permissions(file, path)?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(io(path))?;
    text.parse().map_err(invalid(path))
}

/// If two processes start at the same time, the second one reads the file of the first.
fn create(path: &Path, ids: &dyn Ids) -> Result<Secret, SecretError> {
    let text = random_secret(ids);
    match write_new(path, &text) {
        Ok(()) => text.parse().map_err(invalid(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(&File::open(path).map_err(io(path))?, path)
        }
        Err(reason) => Err(SecretError::Io { path: path.to_owned(), reason }),
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn check_permissions(file: &File, path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(io(path))?.permissions().mode();
    let of_group_and_others = mode & 0o077;
    if of_group_and_others == 0 {
        Ok(())
    } else {
        Err(SecretError::Readable(path.display().to_string()))
    }
}

#[cfg(not(unix))]
fn check_permissions(_file: &File, _path: &Path) -> Result<(), SecretError> {
    Ok(())
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SecretError {
    let path = path.to_owned();
    |reason| SecretError::Io { path, reason }
}

fn invalid(path: &Path) -> impl FnOnce(String) -> SecretError {
    let path = path.to_owned();
    |reason| SecretError::Invalid { path, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock_and_ids::RandomIds;

    #[test]
    fn a_secret_is_created_once_and_read_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let source = SecretSource::File(dir.path().join("secret"));
        let created = load_or_create(&source, &RandomIds).expect("a new secret");
        assert_eq!(load_or_create(&source, &RandomIds).expect("the secret again"), created);
        assert_eq!(created.as_bytes().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        let source = SecretSource::File(path.clone());
        load_or_create(&source, &RandomIds).expect("a new secret");
        assert_eq!(path.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("new permissions");
        let error = load_or_create(&source, &RandomIds).expect_err("others can read it");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_file_without_a_secret_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        write_new(&path, "short").expect("a file");
        let error = load_or_create(&SecretSource::File(path), &RandomIds).expect_err("no secret");
        assert!(error.to_string().contains("does not hold a secret"), "{error}");
    }

    #[test]
    fn a_missing_directory_is_reported_with_its_path() {
        let source = SecretSource::File(PathBuf::from("/nonexistent/secret"));
        let error = load_or_create(&source, &RandomIds).expect_err("no directory");
        assert!(error.to_string().contains("/nonexistent/secret cannot be used"), "{error}");
    }
}
