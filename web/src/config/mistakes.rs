//! What is wrong with a configuration, all of it and by name.

use std::fmt;

/// One value that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The flag, which also names the environment variable.
    pub flag: &'static str,
    /// What is wrong and what would be right. Never the value of a secret.
    pub problem: String,
}

/// Every mistake in a configuration; at least one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.flag.trim_start_matches('-').replace('-', "_").to_uppercase();
        write!(f, "{} (SOCKBIT_{variable}): {}", self.flag, self.problem)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
