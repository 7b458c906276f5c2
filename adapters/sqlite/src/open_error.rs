//! Why a database was not opened, in one sentence for the operator.

use std::path::PathBuf;

/// The database was not opened, and is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Files are stored in folders.
    #[error("{} is a directory; name a file in it, such as {}", .0.display(), .0.join("sockbit.db").display())]
    Directory(PathBuf),
    /// The folder is not made, lest a slip in its name begins a second, empty database.
    #[error("the folder {} does not exist; create it, or name a database elsewhere", .0.display())]
    NoFolder(PathBuf),
    /// The file system or SQLite refuses.
    #[error("the file {} cannot be opened or created: {reason}; check its path, its permissions and the disk", path.display())]
    Inaccessible {
        /// The database, or the lock beside it.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// Another kind of file.
    #[error("the file {} is not a SockBit database; name another file, or a new one", .0.display())]
    NotADatabase(PathBuf),
    /// Older programs do not know what newer ones rely on.
    #[error("the database {} is from a newer version of SockBit (its schema is {schema}); start that version, or restore a backup from before the update", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The number of a migration that this program does not have.
        schema: i64,
    },
    /// The database was migrated by a program that was never released.
    #[error("the database {} is from another build of SockBit (its schema {schema} differs); start the build that made it", path.display())]
    Altered {
        /// The database.
        path: PathBuf,
        /// The number of the migration that differs.
        schema: i64,
    },
    /// Each migration happens whole or not at all.
    #[error("the database {} cannot be brought to this version: {reason}; it is as it was before", path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// One process a database.
    #[error("the database {} is open in another process; end that one first, or name another database", .0.display())]
    Locked(PathBuf),
    /// Acknowledged changes could be lost.
    #[error(
        "the database cannot be run safely: its setting {setting} is {found} and not {required}; put it on a local disk"
    )]
    WeakSetting {
        /// As SQLite names it.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What it has to be.
        required: &'static str,
    },
}
