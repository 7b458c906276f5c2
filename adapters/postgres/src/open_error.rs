//! Why a database was not opened, as one sentence for the operator. It never contains the password.

/// The database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is invalid.
    #[error(
        "the address of the database cannot be used: {0}; it has the form \
         postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Address(String),
    /// No server responds at the address.
    #[error(
        "no PostgreSQL can be reached for {at}: {reason}; start it, or name another with --store"
    )]
    Unreachable {
        /// The user, server and database.
        at: String,
        /// The error message.
        reason: String,
    },
    /// The user or password is wrong.
    #[error("PostgreSQL refuses {at}: {reason}; check user and password in --store")]
    Refused {
        /// The user, server and database.
        at: String,
        /// The error message.
        reason: String,
    },
    /// The database does not exist.
    #[error(
        "PostgreSQL has no database for {at}; create it with createdb, or name another with --store"
    )]
    NoDatabase {
        /// The user, server and database.
        at: String,
    },
    /// Another problem with the server or the database.
    #[error("the database {at} cannot be used: {reason}")]
    Unusable {
        /// The user, server and database.
        at: String,
        /// The error message.
        reason: String,
    },
    /// The server is too old.
    #[error("the server of {at} is PostgreSQL {found}; SockBit needs 13 or newer")]
    TooOld {
        /// The user, server and database.
        at: String,
        /// Its version.
        found: String,
    },
    /// A setting under which acknowledged commits could be lost.
    #[error(
        "the database {at} cannot be run safely: its setting {setting} is {found}, so that a crash \
         loses what was saved; turn it on"
    )]
    WeakSetting {
        /// The user, server and database.
        at: String,
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        found: String,
    },
    /// A newer program has migrated the database.
    #[error(
        "the database {at} is from a newer version of SockBit (its schema is {schema}); start that \
         version, or restore a backup from before the update"
    )]
    Newer {
        /// The user, server and database.
        at: String,
        /// The number of a migration that this program does not know.
        schema: i64,
    },
    /// A development build has migrated the database with another version of a migration.
    #[error(
        "the database {at} is from another build of SockBit (its schema {schema} differs); start \
         the build that created it"
    )]
    Altered {
        /// The user, server and database.
        at: String,
        /// The number of the migration that differs.
        schema: i64,
    },
    /// A migration failed and was rolled back.
    #[error("the database {at} cannot be migrated to this version: {reason}; it was not changed")]
    Migration {
        /// The user, server and database.
        at: String,
        /// The error message.
        reason: String,
    },
}
