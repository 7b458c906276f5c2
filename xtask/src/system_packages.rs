//! Programs that the tests need from the system, installed from its packages if they are missing.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sockbit_servers::{Postgres, RabbitMq, Redis, is_in_path};

/// A program that tests need, and its packages.
pub struct RequiredProgram {
    /// What needs it, for messages.
    pub purpose: &'static str,
    /// Its name.
    pub program: &'static str,
    /// Whether it is installed.
    pub is_in_path: fn() -> bool,
    /// The package's name for each package manager.
    pub packages: &'static [(PackageManager, &'static str)],
}

/// The supported package managers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PackageManager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora.
    Dnf,
    /// Arch.
    Pacman,
}

/// The browser that the browser tests drive.
pub const BROWSER: RequiredProgram = RequiredProgram {
    purpose: "the browser tests",
    program: "chromium",
    is_in_path: || ["chromium", "chromium-browser", "google-chrome"].into_iter().any(is_in_path),
    packages: &[
        (PackageManager::Apt, "chromium"),
        (PackageManager::Dnf, "chromium"),
        (PackageManager::Pacman, "chromium"),
    ],
};

/// The WebDriver server of that browser.
pub const BROWSER_DRIVER: RequiredProgram = RequiredProgram {
    purpose: "the browser tests",
    program: "chromedriver",
    is_in_path: || is_in_path("chromedriver"),
    packages: &[
        (PackageManager::Apt, "chromium-driver"),
        (PackageManager::Dnf, "chromedriver"),
        (PackageManager::Pacman, "chromium"),
    ],
};

/// The database of tests and clusters.
pub const POSTGRES: RequiredProgram = RequiredProgram {
    purpose: "a private PostgreSQL",
    program: "postgres",
    is_in_path: Postgres::is_installed,
    packages: &[
        (PackageManager::Apt, "postgresql"),
        (PackageManager::Dnf, "postgresql-server"),
        (PackageManager::Pacman, "postgresql"),
    ],
};

/// The broker of tests and clusters.
pub const RABBITMQ: RequiredProgram = RequiredProgram {
    purpose: "a private RabbitMQ",
    program: "rabbitmq-server",
    is_in_path: RabbitMq::is_installed,
    packages: &[
        (PackageManager::Apt, "rabbitmq-server"),
        (PackageManager::Dnf, "rabbitmq-server"),
        (PackageManager::Pacman, "rabbitmq"),
    ],
};

/// The server that Socket.IO's adapter uses in benchmarks.
pub const REDIS: RequiredProgram = RequiredProgram {
    purpose: "the Socket.IO servers of the benchmarks",
    program: "redis-server",
    is_in_path: Redis::is_installed,
    packages: &[
        (PackageManager::Apt, "redis-server"),
        (PackageManager::Dnf, "redis"),
        (PackageManager::Pacman, "redis"),
    ],
};

/// What runs the Socket.IO servers of the benchmarks.
pub const NODE: RequiredProgram = RequiredProgram {
    purpose: "the Socket.IO servers of the benchmarks",
    program: "node",
    is_in_path: || is_in_path("node"),
    packages: &[
        (PackageManager::Apt, "nodejs"),
        (PackageManager::Dnf, "nodejs"),
        (PackageManager::Pacman, "nodejs"),
    ],
};

/// What installs their packages.
pub const NPM: RequiredProgram = RequiredProgram {
    purpose: "the Socket.IO servers of the benchmarks",
    program: "npm",
    is_in_path: || is_in_path("npm"),
    packages: &[
        (PackageManager::Apt, "npm"),
        (PackageManager::Dnf, "nodejs-npm"),
        (PackageManager::Pacman, "npm"),
    ],
};

/// Debian starts services when it installs them. They would take ports and memory, so a policy
/// prevents it during the installation. An existing policy is not changed.
const APT_INSTALL: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get install -y -q --no-install-recommends "$@"
"#;

/// Installs the missing programs.
pub fn install_missing(required: &[RequiredProgram]) -> Result<()> {
    let missing: Vec<&RequiredProgram> = required.iter().filter(|it| !(it.is_in_path)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some(manager) = PackageManager::of_this_system() else {
        let reason = "no supported package manager was found";
        bail!("{}", manual_instructions(&missing, None, reason));
    };
    println!("installing {} with {manager:?}", packages(&missing, manager).join(" and "));
    if let Err(error) = manager.install(&missing) {
        bail!("{}", manual_instructions(&missing, Some(manager), &format!("{error:#}")));
    }
    for it in missing {
        ensure!((it.is_in_path)(), "{} was installed but is not in PATH", it.program);
    }
    Ok(())
}

/// Explains which packages to install by hand.
fn manual_instructions(
    missing: &[&RequiredProgram],
    manager: Option<PackageManager>,
    reason: &str,
) -> String {
    let mut purposes: Vec<&str> = missing.iter().map(|it| it.purpose).collect();
    purposes.dedup();
    let names = packages(missing, manager.unwrap_or(PackageManager::Apt)).join(" and ");
    let note = if manager.is_none() { " (Debian's names)" } else { "" };
    format!(
        "{names}{note} is needed for {} and could not be installed ({reason}); install it by hand \
         and run the task again",
        purposes.join(" and "),
    )
}

/// The packages' names for this manager, without duplicates.
fn packages(missing: &[&RequiredProgram], manager: PackageManager) -> Vec<&'static str> {
    let mut packages: Vec<&str> = missing.iter().filter_map(|it| it.package(manager)).collect();
    packages.dedup();
    packages
}

impl PackageManager {
    fn of_this_system() -> Option<Self> {
        [(Self::Apt, "apt-get"), (Self::Dnf, "dnf"), (Self::Pacman, "pacman")]
            .into_iter()
            .find_map(|(manager, program)| is_in_path(program).then_some(manager))
    }

    fn install(self, missing: &[&RequiredProgram]) -> Result<()> {
        let packages = packages(missing, self);
        match self {
            Self::Apt => {
                as_root("apt-get", &["update", "-q"])?;
                as_root("sh", &[&["-c", APT_INSTALL, "install"][..], &packages].concat())
            }
            Self::Dnf => as_root("dnf", &[&["install", "-y"][..], &packages].concat()),
            Self::Pacman => as_root("pacman", &[&["-S", "--noconfirm"][..], &packages].concat()),
        }
    }
}

impl RequiredProgram {
    fn package(&self, manager: PackageManager) -> Option<&'static str> {
        self.packages.iter().find(|(of, _)| *of == manager).map(|(_, package)| *package)
    }
}

/// Runs a command as root: directly, or with a `sudo` that needs no password.
fn as_root(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = if is_root()? {
        Command::new(program)
    } else {
        ensure!(is_in_path("sudo"), "root is required, and there is no sudo");
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", program]);
        sudo
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let status = command.status().with_context(|| format!("{program} cannot be run"))?;
    ensure!(status.success(), "`{program} {}` failed", arguments.join(" "));
    Ok(())
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("`id -u` cannot be run")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages_have_the_names_of_the_package_manager() {
        let missing = [&BROWSER_DRIVER, &POSTGRES];
        let text = manual_instructions(&missing, Some(PackageManager::Dnf), "no network");
        assert!(text.contains("chromedriver and postgresql-server is needed"), "{text}");
        let text = manual_instructions(&missing, None, "unsupported");
        assert!(text.contains("chromium-driver and postgresql (Debian's names)"), "{text}");
    }

    #[test]
    fn a_package_with_two_programs_is_listed_once() {
        let both = packages(&[&BROWSER, &BROWSER_DRIVER], PackageManager::Pacman);
        assert_eq!(both, ["chromium"]);
    }
}
