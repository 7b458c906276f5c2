-- Finds the outcomes that nobody asks for any more.
--
-- Commits wait while it is built, about a second for each million of outcomes. Building it `concurrently`
-- would wait for the other processes that start now, and these for the migrator's lock. Whoever has very
-- many builds it by hand before, with `create index concurrently outcomes_by_time on outcomes (at)`, and
-- then it is found here.
create index if not exists outcomes_by_time on outcomes (at);
