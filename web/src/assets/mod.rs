//! The static files: styles, scripts and fonts, embedded in the program.
//!
//! All files have addresses below one folder that is named after a hash of their contents. Their
//! relative imports stay within that folder, so browsers can keep them without revalidation.

mod module_linker;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{LazyLock, OnceLock};

use axum::body::Bytes;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct EmbeddedFiles;

const SCRIPTS: &str = "js/";
const HASH_BYTES: usize = 12;
/// Smaller files fit into one packet uncompressed.
const COMPRESS_ABOVE_BYTES: usize = 1024;

/// A debug build reads the files from disk, once when it starts.
static FOLDER: LazyLock<AssetFolder> = LazyLock::new(AssetFolder::load);

/// The address of a file for the pages of this program.
pub(crate) fn address(path: &str) -> String {
    format!("/assets/{}/{path}", FOLDER.hash)
}

/// The files of this program.
pub(crate) fn folder() -> &'static AssetFolder {
    &FOLDER
}

pub(crate) struct AssetFolder {
    /// Of the contents of all files.
    pub hash: String,
    files: BTreeMap<String, Asset>,
}

pub(crate) struct Asset {
    pub content_type: &'static str,
    pub content: Bytes,
    gzip: OnceLock<Bytes>,
}

impl AssetFolder {
    fn load() -> Self {
        let mut files = BTreeMap::new();
        for path in EmbeddedFiles::iter() {
            if let Some(content_type) = content_type(&path) {
                let content = linked(&path).unwrap_or_else(|| read(&path).into());
                let asset = Asset { content_type, content, gzip: OnceLock::new() };
                files.insert(path.into_owned(), asset);
            }
        }
        Self { hash: hash_of(&files), files }
    }

    pub fn file(&self, path: &str) -> Option<&Asset> {
        self.files.get(path)
    }
}

impl Asset {
    /// Whether the file becomes smaller by compression: fonts are compressed already.
    pub fn is_compressible(&self) -> bool {
        !self.content_type.starts_with("font/") && self.content.len() > COMPRESS_ABOVE_BYTES
    }

    /// The file compressed with gzip, at the best level since it happens once for each file.
    pub fn gzip(&self) -> Bytes {
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to a vector cannot fail.
            let _ = encoder.write_all(&self.content);
            encoder.finish().unwrap_or_default().into()
        };
        self.gzip.get_or_init(compress).clone()
    }
}

fn read(path: &str) -> Vec<u8> {
    EmbeddedFiles::get(path).map(|file| file.data.into_owned()).unwrap_or_default()
}

/// A page's script with all modules that it imports; `None` for other files. If it cannot be linked,
/// the browser loads the modules one by one.
fn linked(path: &str) -> Option<Bytes> {
    let entry = path.strip_prefix(SCRIPTS).filter(|name| !name.contains('/'))?;
    let read_module = |name: &str| String::from_utf8(read(&format!("{SCRIPTS}{name}"))).ok();
    match module_linker::link(entry, &read_module) {
        Ok(script) => Some(script.into()),
        Err(error) => {
            tracing::error!(%error, path, "a page's modules could not be linked");
            None
        }
    }
}

fn hash_of(files: &BTreeMap<String, Asset>) -> String {
    let mut hash = Sha256::new();
    for (path, asset) in files {
        hash.update(path.as_bytes());
        hash.update(Sha256::digest(&asset.content));
    }
    BASE64_URL_SAFE_NO_PAD.encode(&hash.finalize()[..HASH_BYTES])
}

/// `None` for files that are not served.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_each_page_is_linked() {
        let entries = folder()
            .files
            .keys()
            .filter(|path| path.strip_prefix(SCRIPTS).is_some_and(|name| !name.contains('/')));
        let mut count = 0;
        for path in entries {
            let script = linked(path).expect("it can be linked");
            let script = String::from_utf8(script.into()).expect("UTF-8");
            let is_import = |line: &str| line.starts_with("import ") || line.starts_with("export ");
            assert_eq!(script.lines().find(|line| is_import(line)), None, "{path}");
            count += 1;
        }
        assert!(count >= 4, "the scripts are found: {count}");
    }

    #[test]
    fn a_compressed_file_is_smaller() {
        let script = folder().file("js/board-page.js").expect("a script");
        assert!(script.is_compressible());
        assert!(script.gzip().len() * 3 < script.content.len());
    }
}
