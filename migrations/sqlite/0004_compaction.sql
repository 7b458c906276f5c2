-- Nothing of the log up to this number can be squashed any more.
alter table boards add column settled_seq integer not null default 0 check (settled_seq >= 0);
-- When the first event happened that compaction has not seen, or a little later; null where it has seen
-- all. Of boards that are older than compaction it is not known.
alter table boards add column uncompacted_since integer default 0;

create index boards_uncompacted on boards (uncompacted_since, id)
    where uncompacted_since is not null;
