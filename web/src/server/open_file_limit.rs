//! The operating system's limit on open files and sockets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides client connections: database, bus, logs.
const OTHER_FILES: u32 = 64;

/// Raises the soft limit, often 1,024, to the hard limit. Logs a warning if that is too low for the
/// configured connections.
pub fn raise(connections_max: u32) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let Some(allowed) = getrlimit(Resource::Nofile).current else { return };
    if allowed < u64::from(connections_max.saturating_add(OTHER_FILES)) {
        let refused = raised.err();
        tracing::warn!(
            allowed,
            connections_max,
            ?refused,
            "the limit on open files is too low for --connections"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_limit() {
        raise(0);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
