-- Times are milliseconds since 1970 (UTC), hashes are SHA-256. Words such as roles and colours stand
-- as on the wire, and so does JSON: as text, byte for byte.

create table boards (
    id                uuid     not null primary key,
    title             text     not null check (title <> ''),
    head_seq          bigint   not null check (head_seq >= 1),
    head_event        uuid     not null,
    -- Notes that are not deleted for good, and the bytes of their texts.
    note_count        bigint   not null check (note_count >= 0),
    text_bytes        bigint   not null check (text_bytes >= 0),
    -- Bytes of JSON of the whole log, so that the size of any end of it is a difference.
    log_bytes         bigint   not null check (log_bytes >= 0),
    changed_by_id     uuid     not null,
    changed_by_name   text     not null,
    changed_by_colour smallint not null check (changed_by_colour between 0 and 255),
    changed_at        bigint   not null
);

create table members (
    board uuid not null references boards (id),
    actor uuid not null,
    role  text not null check (role <> ''),
    primary key (board, actor)
);

create index members_by_actor on members (actor);

create table links (
    board uuid  not null references boards (id),
    id    uuid  not null,
    role  text  not null check (role <> ''),
    -- Of the key, which is stored nowhere.
    hash  bytea not null check (octet_length(hash) = 32),
    primary key (board, id),
    unique (board, hash)
);

create table notes (
    board            uuid     not null references boards (id),
    id               uuid     not null,
    colour           text     not null check (colour <> ''),
    rank             text     not null check (rank <> ''),
    -- Deleted notes stay as tombstones, so that their ids are never used again.
    state            text     not null check (state in ('live', 'trashed', 'deleted')),
    seq              bigint   not null check (seq >= 1),
    edited_by_id     uuid     not null,
    edited_by_name   text     not null,
    edited_by_colour smallint not null check (edited_by_colour between 0 and 255),
    edited_at        bigint   not null,
    text             text     not null check (state <> 'deleted' or text = ''),
    primary key (board, id)
);

-- Counts the notes that lists of boards show, without reading them.
create index notes_by_state on notes (board, state);

create table events (
    board        uuid     not null,
    -- Where an event stands for several squashed ones, it has the last one's number.
    seq          bigint   not null,
    from_seq     bigint   not null check (from_seq between 1 and seq),
    id           uuid     not null,
    message      uuid     not null,
    actor_id     uuid     not null,
    actor_name   text     not null,
    actor_colour smallint not null check (actor_colour between 0 and 255),
    at           bigint   not null,
    note         uuid,
    -- Bytes of JSON of the log up to and with this event.
    log_bytes    bigint   not null check (log_bytes > 0),
    change       text     not null,
    -- What takes an edit back. It is never shown to anybody.
    inverse      text,
    primary key (board, seq)
);

create index events_of_note on events (board, note, seq) where note is not null;

create table outcomes (
    board     uuid   not null,
    client    uuid   not null,
    message   uuid   not null,
    body_hash bytea  not null check (octet_length(body_hash) = 32),
    at        bigint not null,
    outcome   text   not null,
    primary key (board, client, message)
);

-- What all processes on this database have to agree on, and a number to write when they only want to
-- know whether they can.
create table settings (
    name  text   not null primary key,
    value bigint not null
);

insert into settings (name, value) values ('checks', 0);
