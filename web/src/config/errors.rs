//! Errors in the configuration. All of them are reported together, each with its flag.

use std::fmt;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A command line that cannot be parsed, or a request for help or the version.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// Invalid values.
    #[error(transparent)]
    Invalid(#[from] ConfigProblems),
}

/// One invalid or missing value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigProblem {
    /// The flag. The name of its environment variable is derived from it.
    pub flag: &'static str,
    /// What is wrong and what would be valid. It never contains a secret.
    pub problem: String,
}

/// All problems of a configuration; at least one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.flag.trim_start_matches('-').replace('-', "_").to_uppercase();
        write!(f, "{} (SOCKBIT_{variable}): {}", self.flag, self.problem)
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
