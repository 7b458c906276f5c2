//! A disk that is small enough to be filled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Enough for a server and a minute of its writes.
const MEBIBYTES: u32 = 512;
const BALLAST: &str = "ballast";

/// A file system in memory. Dropping it unmounts it, so programs that use it must end before.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts a new one.
    ///
    /// # Errors
    /// If the system does not allow mounting, which takes root.
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

    /// The mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it completely.
    pub fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("a file");
        let full = io::copy(&mut io::repeat(b'x'), &mut ballast).expect_err("the disk is bounded");
        assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
    }

    /// Frees the space again.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).expect("the disk was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join(BALLAST)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a killed program may still be ending.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).output();
    }
}
