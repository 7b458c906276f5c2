-- Finds the outcomes that nobody asks for any more.
create index outcomes_by_time on outcomes (at);
