//! A tab that returns after a long absence, when history was compacted.

use sockbit_simulation::run_stale_tab;

#[test]
fn a_tab_5000_revisions_behind_after_compaction_keeps_its_unsent_text() {
    for seed in 0..2 {
        let ended = run_stale_tab(seed);
        assert_eq!(ended.fault, None, "seed {seed}");
        assert!(ended.counts.squashed > 4_000, "{:?}", ended.counts);
    }
}
