//! Programs that the tests need from the system: found, or installed from its packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// A program that tests need, and the packages that bring it.
pub struct Needed {
    /// What it is for, in words.
    pub purpose: &'static str,
    /// Any of these programs will do.
    pub programs: &'static [&'static str],
    /// The package's name for each package manager.
    pub packages: &'static [(Manager, &'static str)],
}

/// The package managers that are known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manager {
    /// Debian, Ubuntu.
    Apt,
    /// Fedora.
    Dnf,
    /// Arch.
    Pacman,
}

/// The browser that the browser tests drive.
pub const BROWSER: Needed = Needed {
    purpose: "the browser tests",
    programs: &["chromium", "chromium-browser", "google-chrome"],
    packages: &[
        (Manager::Apt, "chromium"),
        (Manager::Dnf, "chromium"),
        (Manager::Pacman, "chromium"),
    ],
};

/// The WebDriver server of that browser.
pub const BROWSER_DRIVER: Needed = Needed {
    purpose: "the browser tests",
    programs: &["chromedriver"],
    packages: &[
        (Manager::Apt, "chromium-driver"),
        (Manager::Dnf, "chromedriver"),
        (Manager::Pacman, "chromium"),
    ],
};

/// Makes sure that all of these are there.
pub fn provide(needed: &[Needed]) -> Result<()> {
    let missing: Vec<&Needed> = needed.iter().filter(|it| !it.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some(manager) = Manager::of_this_system() else {
        bail!("{}", by_hand(&missing, "no package manager that is known here was found"));
    };
    println!("installing {} with {manager:?}", names(&missing));
    if let Err(error) = manager.install(&missing) {
        bail!("{}", by_hand(&missing, &format!("{error:#}")));
    }
    for it in missing {
        ensure!(it.is_there(), "{} was installed but is not in PATH", it.programs.join(" or "));
    }
    Ok(())
}

fn by_hand(missing: &[&Needed], reason: &str) -> String {
    let purposes: Vec<&str> = missing.iter().map(|it| it.purpose).collect();
    format!(
        "{} is needed for {} and could not be installed ({reason}); install it by hand and run \
         the task again",
        names(missing),
        purposes.first().copied().unwrap_or("the tests"),
    )
}

fn names(missing: &[&Needed]) -> String {
    let names: Vec<&str> = missing.iter().filter_map(|it| it.programs.first().copied()).collect();
    names.join(" and ")
}

impl Needed {
    fn is_there(&self) -> bool {
        self.programs.iter().any(|program| find(program).is_some())
    }
}

impl Manager {
    fn of_this_system() -> Option<Self> {
        [(Self::Apt, "apt-get"), (Self::Dnf, "dnf"), (Self::Pacman, "pacman")]
            .into_iter()
            .find_map(|(manager, program)| find(program).map(|_| manager))
    }

    fn install(self, missing: &[&Needed]) -> Result<()> {
        let packages: Vec<&str> = missing.iter().filter_map(|it| it.package(self)).collect();
        match self {
            Self::Apt => {
                as_root("apt-get", &["update", "-q"])?;
                let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
                arguments.extend(packages);
                as_root("apt-get", &arguments)
            }
            Self::Dnf => as_root("dnf", &[&["install", "-y"][..], &packages].concat()),
            Self::Pacman => as_root("pacman", &[&["-S", "--noconfirm"][..], &packages].concat()),
        }
    }
}

impl Needed {
    fn package(&self, manager: Manager) -> Option<&'static str> {
        self.packages.iter().find(|(of, _)| *of == manager).map(|(_, package)| *package)
    }
}

/// Runs a command as root: as it is, or by a `sudo` that asks for no password.
fn as_root(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = if is_root()? {
        Command::new(program)
    } else {
        ensure!(find("sudo").is_some(), "it takes root, and there is no sudo");
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

#[expect(clippy::disallowed_methods, reason = "finding programs is what PATH is for")]
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let sbin = [Path::new("/usr/sbin").to_owned(), Path::new("/sbin").to_owned()];
    std::env::split_paths(&path).chain(sbin).map(|dir| dir.join(program)).find(|it| it.is_file())
}
