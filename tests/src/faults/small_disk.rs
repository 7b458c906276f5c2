//! A disk that is so small that it can be filled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Enough for a server and what it writes in a minute.
const MEBIBYTES: u32 = 512;
const BALLAST: &str = "ballast";

/// A file system of its own in memory. It goes with this; what runs on it has to be gone before.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// A fresh one.
    ///
    /// # Errors
    /// Where the system does not let us mount one, as it does let root.
    pub fn mount() -> io::Result<Self> {
        let folder = TempDir::with_prefix("sockbit-small-disk-")?;
        let length = format!("size={MEBIBYTES}m,mode=0755");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &length, "sockbit-small-disk"]).arg(folder.path());
        let done = mount.output()?;
        if done.status.success() {
            return Ok(Self { folder });
        }
        Err(io::Error::other(String::from_utf8_lossy(&done.stderr).trim().to_owned()))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no room on it.
    pub fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("there is room for a file");
        let full = io::copy(&mut io::repeat(b'x'), &mut ballast).expect_err("the disk has an end");
        assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
    }

    /// Gives the room back.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).expect("the ballast is there");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join(BALLAST)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever was killed on it may still be going.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}
