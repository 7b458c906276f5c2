//! Where the servers' programs are.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ServerError;

/// Folders that PATH often lacks for users other than root.
const SBIN: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Whether a program of this name is in PATH.
#[must_use]
pub fn is_in_path(program: &str) -> bool {
    find(program).is_some()
}

/// The first file of this name in PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    folders_of_path().into_iter().map(|folder| folder.join(program)).find(|it| it.is_file())
}

#[expect(clippy::disallowed_methods, reason = "finding programs is what PATH is for")]
pub(crate) fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SBIN.map(PathBuf::from));
    std::env::join_paths(folders).unwrap_or(path)
}

fn folders_of_path() -> Vec<PathBuf> {
    std::env::split_paths(&search_path()).collect()
}

/// The folder of PostgreSQL's programs, of the newest version if there are several. Debian has most
/// of them outside PATH.
pub(crate) fn postgres_folder() -> Option<PathBuf> {
    let mut folders = versions("/usr/lib/postgresql", "bin");
    folders.extend(folders_of_path());
    folders.extend(output_path("pg_config", "--bindir"));
    folders.into_iter().find(|it| has_all(it, &["initdb", "postgres"]))
}

/// The folder of RabbitMQ's own scripts. Debian has wrappers of the same names in PATH, which use
/// the system's user and data.
pub(crate) fn rabbitmq_folder() -> Option<PathBuf> {
    let mut folders = vec![PathBuf::from("/usr/lib/rabbitmq/bin"), "/opt/rabbitmq/sbin".into()];
    let in_path = find("rabbitmq-server").and_then(|it| it.canonicalize().ok());
    folders.extend(in_path.and_then(|it| it.parent().map(Path::to_owned)));
    folders.extend(folders_of_path());
    folders.into_iter().find(|it| has_all(it, &["rabbitmq-server", "rabbitmqctl", "rabbitmq-env"]))
}

/// Erlang's registry of nodes.
pub(crate) fn epmd() -> Option<PathBuf> {
    let others = ["/usr/lib/erlang/bin/epmd", "/usr/local/lib/erlang/bin/epmd"];
    find("epmd").or_else(|| others.map(PathBuf::from).into_iter().find(|it| it.is_file()))
}

fn versions(folder: &str, below: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions.into_iter().map(|path| path.join(below)).collect()
}

fn output_path(program: &str, argument: &str) -> Option<PathBuf> {
    let output = Command::new(program).arg(argument).output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
}

fn has_all(folder: &Path, programs: &[&str]) -> bool {
    programs.iter().all(|program| folder.join(program).is_file())
}

/// The output of a server's command line tool.
pub(crate) fn output(
    program: PathBuf,
    mut command: Command,
    command_line: &str,
) -> Result<String, ServerError> {
    let output = command.output().map_err(|source| ServerError::Program { program, source })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(ServerError::Refused {
        command_line: command_line.to_owned(),
        answer: text(&output.stderr),
    })
}
