//! Checks whether this program can use a database that a newer program has migrated.
//!
//! During an update of a cluster, programs of two versions use one database, and the older ones must be
//! able to start. So the name of a migration can state the oldest migration that a compatible program
//! knows, as in `0007_since_0005_reactions.sql`. A migration without such a statement is incompatible with
//! all programs that do not know it.

use sqlx::PgPool;
use sqlx::migrate::Migrator;

/// The first migration in the database that is incompatible with a program that knows only these
/// migrations.
pub(super) async fn first_incompatible(
    pool: &PgPool,
    migrations: &Migrator,
) -> Result<Option<i64>, sqlx::Error> {
    const UNKNOWN: &str = "\
        select version, description from _sqlx_migrations where version <> all ($1)
        order by version";
    let known: Vec<i64> = migrations.iter().map(|it| it.version).collect();
    let newest = known.iter().copied().max().unwrap_or(0);
    let unknown: Vec<(i64, String)> = sqlx::query_as(UNKNOWN).bind(known).fetch_all(pool).await?;
    let is_incompatible = |name: &str| since(name).is_none_or(|oldest| oldest > newest);
    Ok(unknown.into_iter().find(|(_, name)| is_incompatible(name)).map(|(version, _)| version))
}

/// The number in a statement `since`. The driver stores the file's name with spaces instead of
/// underscores, and without its number.
fn since(description: &str) -> Option<i64> {
    description.strip_prefix("since ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn the_name_of_a_migration_states_the_oldest_compatible_one() {
        assert_eq!(since("since 0005 reactions"), Some(5));
        for name in ["reactions", "reactions since 0005", "since reactions", "since", "since5"] {
            assert_eq!(since(name), None, "{name}");
        }
    }
}
