//! The options of `cargo xtask cluster`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

#[derive(Default, PartialEq, Eq, Debug)]
pub struct Options {
    pub is_release: bool,
    /// The folder that keeps all data for the next cluster.
    pub keep: Option<PathBuf>,
}

impl Options {
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--release" => options.is_release = true,
                "--keep" => {
                    let folder = arguments.next().context("--keep needs a folder")?;
                    options.keep = Some(folder.into());
                }
                other => bail!(
                    "{other:?} is not an option of `cluster`, which has --release and --keep FOLDER"
                ),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options> {
        Options::parse(&arguments.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_may_come_in_any_order() {
        let expected = Options { is_release: true, keep: Some("here".into()) };
        for arguments in [["--release", "--keep", "here"], ["--keep", "here", "--release"]] {
            assert_eq!(parse(&arguments).expect("the options are valid"), expected);
        }
    }

    #[test]
    fn an_unknown_or_incomplete_option_is_named() {
        for arguments in [&["--keep"][..], &["--fast"]] {
            let error = parse(arguments).expect_err("the options are invalid");
            assert!(error.to_string().contains(arguments[0]), "{error}");
        }
    }
}
