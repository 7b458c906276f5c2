//! How many files and sockets the system lets this process have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open besides connections: the database, the bus, logs.
const BESIDES: u32 = 64;

/// Asks for as many as the system allows at all: what it gives by itself, often 1,024, is less than the
/// connections that may be open. Says so where that is not enough.
pub fn raise(connections_max: u32) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let Some(allowed) = getrlimit(Resource::Nofile).current else { return };
    if allowed < u64::from(connections_max.saturating_add(BESIDES)) {
        let refused = raised.err();
        tracing::warn!(allowed, connections_max, ?refused, "the system allows few open files");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_system_allows() {
        raise(0);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
