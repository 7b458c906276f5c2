//! Databases that a newer program has brought forward.
//!
//! While a cluster is updated programs of two versions run on one database, and the older ones must be able
//! to start as well. So the name of a migration says since which one programs can work with it, as in
//! `0007_since_0005_reactions.sql`. One that says nothing shuts out all programs that do not know it.

use sqlx::PgPool;
use sqlx::migrate::Migrator;

/// The first migration in the database that shuts out the program with these ones.
pub(super) async fn shut_out_by(
    pool: &PgPool,
    migrations: &Migrator,
) -> Result<Option<i64>, sqlx::Error> {
    const UNKNOWN: &str = "\
        select version, description from _sqlx_migrations where version <> all ($1)
        order by version";
    let known: Vec<i64> = migrations.iter().map(|it| it.version).collect();
    let newest = known.iter().copied().max().unwrap_or(0);
    let unknown: Vec<(i64, String)> = sqlx::query_as(UNKNOWN).bind(known).fetch_all(pool).await?;
    let shuts_out = |name: &str| since(name).is_none_or(|oldest| oldest > newest);
    Ok(unknown.into_iter().find(|(_, name)| shuts_out(name)).map(|(version, _)| version))
}

/// The driver writes the file's name down with spaces and without its number.
fn since(description: &str) -> Option<i64> {
    description.strip_prefix("since ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn a_migration_says_in_its_name_since_which_one_programs_can_work_with_it() {
        assert_eq!(since("since 0005 reactions"), Some(5));
        for silent in ["reactions", "reactions since 0005", "since reactions", "since", "since5"] {
            assert_eq!(since(silent), None, "{silent}");
        }
    }
}
