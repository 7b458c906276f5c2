//! The options of `cargo xtask test`.

use anyhow::{Result, bail};

/// Which tests run, and with how many cases.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Tests without servers and browsers, with few cases.
    Quick,
    /// All tests, with the cases that each change should pass.
    #[default]
    Change,
    /// All tests, with as many cases as in published measurements.
    Long,
}

#[derive(Default, PartialEq, Eq, Debug)]
pub struct Options {
    pub scope: Scope,
    /// Options that select tests, for `cargo test`.
    pub for_cargo: Vec<String>,
    /// Filters and options of the test harness, which follow `--`.
    pub for_tests: Vec<String>,
}

impl Options {
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let end = arguments.iter().position(|it| it == "--").unwrap_or(arguments.len());
        let for_tests = arguments.get(end + 1..).unwrap_or_default().to_vec();
        let mut options = Self { for_tests, ..Self::default() };
        for argument in &arguments[..end] {
            match argument.as_str() {
                "--quick" => options.scope = Scope::Quick,
                "--long" => options.scope = Scope::Long,
                _ => options.for_cargo.push(argument.clone()),
            }
        }
        if options.scope != Scope::Change && !options.for_cargo.is_empty() {
            bail!("--quick and --long take no options of cargo, only filters after `--`");
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
    fn options_of_cargo_come_before_the_dashes_and_filters_after_them() {
        let options = parse(&["-p", "xtask", "--", "some", "--nocapture"]).expect("valid options");
        assert_eq!(options.for_cargo, ["-p", "xtask"]);
        assert_eq!(options.for_tests, ["some", "--nocapture"]);
        assert_eq!(options.scope, Scope::Change);
    }

    #[test]
    fn the_scope_is_not_an_option_of_cargo() {
        let options = parse(&["--quick", "--", "some"]).expect("valid options");
        assert_eq!((options.scope, options.for_cargo.len()), (Scope::Quick, 0));
        assert!(parse(&["--long", "-p", "xtask"]).is_err());
    }
}
