-- Ids are UUIDs as 16 bytes, times are milliseconds since 1970 (UTC), hashes are SHA-256.
-- Words such as roles and colours stand as on the wire. They have no list to be checked against
-- here: SQLite would have to rebuild the table for every new word.

-- Marks the file as SockBit's ('Sock').
pragma application_id = 0x536f636b;

create table boards (
    id                blob    not null primary key check (length(id) = 16),
    title             text    not null check (title <> ''),
    head_seq          integer not null check (head_seq >= 1),
    head_event        blob    not null check (length(head_event) = 16),
    -- Notes that are not deleted for good, and the bytes of their texts.
    note_count        integer not null check (note_count >= 0),
    text_bytes        integer not null check (text_bytes >= 0),
    -- Bytes of JSON of the whole log, so that the size of any end of it is a difference.
    log_bytes         integer not null check (log_bytes >= 0),
    changed_by_id     blob    not null check (length(changed_by_id) = 16),
    changed_by_name   text    not null,
    changed_by_colour integer not null check (changed_by_colour between 0 and 255),
    changed_at        integer not null
) strict, without rowid;

create table members (
    board blob not null references boards (id),
    actor blob not null check (length(actor) = 16),
    role  text not null check (role <> ''),
    primary key (board, actor)
) strict, without rowid;

create index members_by_actor on members (actor);

create table links (
    board blob not null references boards (id),
    id    blob not null check (length(id) = 16),
    role  text not null check (role <> ''),
    -- Of the key, which is stored nowhere.
    hash  blob not null check (length(hash) = 32),
    primary key (board, id),
    unique (board, hash)
) strict, without rowid;

create table notes (
    board            blob    not null references boards (id),
    id               blob    not null check (length(id) = 16),
    colour           text    not null check (colour <> ''),
    rank             text    not null check (rank <> ''),
    -- Deleted notes stay as tombstones, so that their ids are never used again.
    state            text    not null check (state in ('live', 'trashed', 'deleted')),
    seq              integer not null check (seq >= 1),
    edited_by_id     blob    not null check (length(edited_by_id) = 16),
    edited_by_name   text    not null,
    edited_by_colour integer not null check (edited_by_colour between 0 and 255),
    edited_at        integer not null,
    text             text    not null check (state <> 'deleted' or text = ''),
    primary key (board, id)
) strict, without rowid;

-- Counts the notes that lists of boards show, without reading them.
create index notes_by_state on notes (board, state);

create table events (
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
    note         blob    check (length(note) = 16),
    -- Bytes of JSON of the log up to and with this event.
    log_bytes    integer not null check (log_bytes > 0),
    change       text    not null check (json_valid(change)),
    -- What takes an edit back. It is never shown to anybody.
    inverse      text    check (json_valid(inverse)),
    primary key (board, seq)
) strict, without rowid;

create index events_of_note on events (board, note, seq) where note is not null;

create table outcomes (
    board     blob    not null references boards (id),
    client    blob    not null check (length(client) = 16),
    message   blob    not null check (length(message) = 16),
    body_hash blob    not null check (length(body_hash) = 32),
    at        integer not null,
    outcome   text    not null check (json_valid(outcome)),
    primary key (board, client, message)
) strict, without rowid;
