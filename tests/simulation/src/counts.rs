//! How much happened in a run, so that a test can assert that every kind of event was reached.

macro_rules! counts {
    ($($name:ident,)*) => {
        /// How often each kind of event happened.
        #[derive(Clone, Copy, Debug, Default)]
        #[expect(missing_docs, reason = "the names are self-explanatory")]
        pub struct Counts {
            $(pub $name: u64,)*
        }

        impl Counts {
            /// Adds the counts of another run.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// All counts with their names.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counts! {
    events,
    commits,
    conflicts,
    redeliveries,
    worker_crashes,
    gateway_crashes,
    connections,
    reloads,
    outages,
    restores,
    lost_messages,
    query_batches,
    panics,
    squashed,
    base_gone,
    pulled_pages,
    over_limit,
    pages_with_snapshot,
    pages_from_history,
    identity_changes,
    identity_changes_in_open_pages,
    shared_actors,
    long_absences,
    outcomes_deleted,
    drafts,
    drafts_expired,
    drafts_of_other_identity,
    clocks_set_forward,
    clocks_set_back,
    suspensions,
    delayed_events,
    repeated_events,
    refused_frames,
    view_changes,
}
