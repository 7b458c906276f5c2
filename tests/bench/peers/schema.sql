create table notes (
    id       uuid   not null primary key,
    board    uuid   not null,
    text     text   not null,
    revision bigint not null default 0
);

create index notes_by_board on notes (board);

-- The log of all edits. Its key makes a repeated message harmless.
create table edits (
    message uuid        not null primary key,
    note    uuid        not null references notes (id),
    text    text        not null,
    at      timestamptz not null default now()
);
