//! Collects all problems of a configuration while its values are parsed.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::errors::{ConfigProblem, ConfigProblems};
use super::value_parsers;

/// The problems found so far.
#[derive(Default)]
pub(super) struct ProblemCollector(Vec<ConfigProblem>);

impl ProblemCollector {
    /// The value, unless there are problems.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, ConfigProblems> {
        value.filter(|_| self.0.is_empty()).ok_or(ConfigProblems(self.0))
    }

    pub fn add(&mut self, flag: &'static str, problem: impl Into<String>) {
        self.0.push(ConfigProblem { flag, problem: problem.into() });
    }

    /// Reports a missing value, unless the flag was given with an invalid one.
    pub fn add_missing(&mut self, flag: &'static str, problem: &str) {
        if !self.0.iter().any(|it| it.flag == flag) {
            self.add(flag, problem);
        }
    }

    pub fn parse<T>(
        &mut self,
        flag: &'static str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        parse(text).map_err(|problem| self.add(flag, problem)).ok()
    }

    /// An empty value counts as absent, as in `SOCKBIT_BUS=`.
    pub fn parse_optional<T>(
        &mut self,
        flag: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        text.filter(|text| !text.is_empty()).and_then(|text| self.parse(flag, text, parse))
    }

    /// Like [`ProblemCollector::parse_optional`], with `FromStr`.
    pub fn optional<T: FromStr<Err = String>>(
        &mut self,
        flag: &'static str,
        text: Option<&str>,
    ) -> Option<T> {
        self.parse_optional(flag, text, str::parse)
    }

    /// A number in a range, which may have a unit such as `KiB`.
    pub fn number<T: TryFrom<u64> + PartialOrd + Display>(
        &mut self,
        flag: &'static str,
        text: &str,
        allowed: RangeInclusive<T>,
    ) -> Option<T> {
        self.parse(flag, text, |text| value_parsers::number(text, &allowed))
    }
}
