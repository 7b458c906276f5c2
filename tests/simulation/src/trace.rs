//! What happened, in order: as a digest that compares two runs, and as lines to read.

use std::collections::hash_map::DefaultHasher;
use std::fmt::{Arguments, Write};
use std::hash::Hasher;
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::mutex::locked;

/// Records what every part of a run reports.
pub(crate) struct Trace(Mutex<TraceState>);

struct TraceState {
    // This hasher has fixed keys, unlike that of a map.
    digest: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub fn new(keeps_lines: bool) -> Self {
        let lines = keeps_lines.then(Vec::new);
        Self(Mutex::new(TraceState { digest: DefaultHasher::new(), lines }))
    }

    pub fn log(&self, at: Duration, what: Arguments<'_>) {
        let mut state = locked(&self.0);
        state.digest.write_u128(at.as_nanos());
        write!(DigestWriter(&mut state.digest), "{what}").unwrap_or_default();
        if let Some(lines) = &mut state.lines {
            lines.push(format!("{:>9.3} {what}", at.as_secs_f64()));
        }
    }

    pub fn digest(&self) -> u64 {
        locked(&self.0).digest.finish()
    }

    pub fn lines(&self) -> Vec<String> {
        locked(&self.0).lines.clone().unwrap_or_default()
    }
}

/// Hashes formatted text without storing it.
struct DigestWriter<'a>(&'a mut DefaultHasher);

impl Write for DigestWriter<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
