-- Filled and emptied to see whether the disk has room for what a command writes.
create table room (
    id     integer not null primary key check (id = 1),
    filler blob    not null
) strict;
