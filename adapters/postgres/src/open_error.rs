//! Why a database was not opened, in one sentence for the operator. No password is
//! in any of them.

/// The database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
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
        /// As whom, where, and which database.
        at: String,
        /// What was said.
        reason: String,
    },
    /// The server knows us not, or not with this password.
    #[error("PostgreSQL refuses {at}: {reason}; check user and password in --store")]
    Refused {
        /// As whom, where, and which database.
        at: String,
        /// What was said.
        reason: String,
    },
    /// The server has no such database.
    #[error(
        "PostgreSQL has no database for {at}; make it with createdb, or name another with --store"
    )]
    NoDatabase {
        /// As whom, where, and which database.
        at: String,
    },
    /// Something on the server does not fit.
    #[error("the database {at} cannot be used: {reason}")]
    Unusable {
        /// As whom, where, and which database.
        at: String,
        /// What was said.
        reason: String,
    },
    /// The server cannot do what we need.
    #[error("the server of {at} is PostgreSQL {found}; SockBit needs 13 or newer")]
    TooOld {
        /// As whom, where, and which database.
        at: String,
        /// Its version.
        found: String,
    },
    /// Acknowledged changes could be lost.
    #[error(
        "the database {at} cannot be run safely: its setting {setting} is {found}, so that a crash \
         loses what was saved; turn it on"
    )]
    WeakSetting {
        /// As whom, where, and which database.
        at: String,
        /// As the server names it.
        setting: &'static str,
        /// Its value.
        found: String,
    },
    /// Older programs do not know what newer ones rely on.
    #[error(
        "the database {at} is from a newer version of SockBit (its schema is {schema}); start that \
         version, or restore a backup from before the update"
    )]
    Newer {
        /// As whom, where, and which database.
        at: String,
        /// The number of a migration that this program does not have.
        schema: i64,
    },
    /// The database was migrated by a program that was never released.
    #[error(
        "the database {at} is from another build of SockBit (its schema {schema} differs); start \
         the build that made it"
    )]
    Altered {
        /// As whom, where, and which database.
        at: String,
        /// The number of the migration that differs.
        schema: i64,
    },
    /// Each migration happens whole or not at all.
    #[error(
        "the database {at} cannot be brought to this version: {reason}; it is as it was before"
    )]
    Migration {
        /// As whom, where, and which database.
        at: String,
        /// What was said.
        reason: String,
    },
}
