-- Some versions of SQLite do not take NULL for a passed check of `json_valid`, and then find fault with
-- each event that has no inverse. A check can only be changed by building the table anew.
create table events_new (
    board        blob    not null references boards (id),
    -- Where an event stands for several squashed ones, it has the last one's number.
    seq          integer not null,
    from_seq     integer not null check (from_seq between 1 and seq),
    id           blob    not null check (length(id) = 16),
    message      blob    not null check (length(message) = 16),
    actor_id     blob    not null check (length(actor_id) = 16),
    actor_name   text    not null,
    actor_colour integer not null check (actor_colour between 0 and 255),
    at           integer not null,
    note         blob    check (note is null or length(note) = 16),
    -- Bytes of JSON of the log up to and with this event.
    log_bytes    integer not null check (log_bytes > 0),
    change       text    not null check (json_valid(change)),
    -- What takes an edit back. It is never shown to anybody.
    inverse      text    check (inverse is null or json_valid(inverse)),
    primary key (board, seq)
) strict, without rowid;

insert into events_new select * from events;
drop table events;
alter table events_new rename to events;
create index events_of_note on events (board, note, seq) where note is not null;
