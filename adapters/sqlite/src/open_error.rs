//! Why a database was not opened, as one sentence for the operator.

use std::path::PathBuf;

/// The database was not opened and not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path is a directory.
    #[error("{} is a directory; name a file in it, such as {}", .0.display(), .0.join("sockbit.db").display())]
    Directory(PathBuf),
    /// The folder does not exist. It is not created: a typo in its name would start a second, empty
    /// database.
    #[error("the folder {} does not exist; create it, or name a database elsewhere", .0.display())]
    NoFolder(PathBuf),
    /// The file system or SQLite reports an error.
    #[error("the file {} cannot be opened or created: {reason}; check its path, its permissions and the disk", path.display())]
    Inaccessible {
        /// The database, or the lock beside it.
        path: PathBuf,
        /// The error message.
        reason: String,
    },
    /// The file is of another kind.
    #[error("the file {} is not a SockBit database; name another file, or a new one", .0.display())]
    NotADatabase(PathBuf),
    /// A newer program has migrated the database.
    #[error("the database {} is from a newer version of SockBit (its schema is {schema}); start that version, or restore a backup from before the update", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The number of a migration that this program does not know.
        schema: i64,
    },
    /// A development build has migrated the database with another version of a migration.
    #[error("the database {} is from another build of SockBit (its schema {schema} differs); start the build that created it", path.display())]
    Altered {
        /// The database.
        path: PathBuf,
        /// The number of the migration that differs.
        schema: i64,
    },
    /// A migration failed and was rolled back.
    #[error("the database {} cannot be migrated to this version: {reason}; it was not changed", path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// The error message.
        reason: String,
    },
    /// Another process uses the database.
    #[error("the database {} is open in another process; end that one first, or name another database", .0.display())]
    Locked(PathBuf),
    /// A setting under which acknowledged commits could be lost.
    #[error(
        "the database cannot be run safely: its setting {setting} is {found} and not {required}; put it on a local disk"
    )]
    WeakSetting {
        /// The setting's name in SQLite.
        setting: &'static str,
        /// Its value.
        found: String,
        /// The required value.
        required: &'static str,
    },
}
