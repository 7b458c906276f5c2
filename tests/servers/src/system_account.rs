//! The account that servers run as: the current user, or an unprivileged account if that is root,
//! which they refuse.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::ServerError;

const ROOT: u32 = 0;
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// A user of this system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    pub user: u32,
    pub group: u32,
}

impl Account {
    /// The account for servers; `None` means the current user.
    pub fn for_servers() -> Result<Option<Self>, ServerError> {
        if !is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let found = NAMES.iter().find_map(|name| Self::listed(&users, name));
        found.map(Some).ok_or(ServerError::NoAccount)
    }

    /// The account of this name in the system's list of users, one a line.
    fn listed(users: &str, name: &str) -> Option<Self> {
        let mut lines = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let fields = lines.find(|fields| fields.first() == Some(&name))?;
        let number = |place: usize| fields.get(place)?.parse().ok();
        Some(Self { user: number(2)?, group: number(3)? })
    }

    /// A prefix for a command line that runs it as this account, without other groups.
    pub fn command_line(self) -> [String; 4] {
        let Self { user, group } = self;
        let user = format!("--reuid={user}");
        let group = format!("--regid={group}");
        ["setpriv".to_owned(), user, group, "--clear-groups".to_owned()]
    }

    /// Runs the command as this account, without other groups.
    pub fn apply_to(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

/// The system's entry of this process belongs to its user.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str =
        "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/bin/false\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let account = Account { user: 65_534, group: 65_533 };
        assert_eq!(Account::listed(USERS, "nobody"), Some(account));
        assert_eq!(Account::listed(USERS, "no"), None);
    }
}
