-- Nothing of the log up to this number can be squashed any more.
alter table boards add column settled_seq bigint not null default 0 check (settled_seq >= 0);
-- When the first event happened that compaction has not seen, or a little later; null where it has seen
-- all. Of boards that are older than compaction it is not known, and a worker that is older does not
-- say: what it writes then waits for the next event.
alter table boards add column uncompacted_since bigint default 0;

create index boards_uncompacted on boards (uncompacted_since, id)
    where uncompacted_since is not null;
