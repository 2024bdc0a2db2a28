-- `OR` and no `IN`, for which a table of four rows is made at each change.
CREATE TABLE events (
    id                INTEGER PRIMARY KEY,
    state             TEXT    NOT NULL CHECK (state = 'ready' OR state = 'running' OR state = 'done' OR state = 'dead'),
    attempts          INTEGER NOT NULL DEFAULT 0,
    interrupted       INTEGER NOT NULL DEFAULT 0,
    received_at       INTEGER NOT NULL,
    due_at            INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    event             TEXT    NOT NULL,
    resource          TEXT,
    subject           TEXT,
    tenant            TEXT    NOT NULL,
    token_fingerprint TEXT    NOT NULL,
    key               TEXT    NOT NULL,
    last_error        TEXT
) STRICT;
CREATE UNIQUE INDEX events_key ON events (key, tenant);
CREATE INDEX events_due ON events (due_at, id) WHERE state = 'ready';
CREATE INDEX events_suspect ON events (interrupted, id) WHERE state = 'ready' AND interrupted > 1;
CREATE INDEX events_dead ON events (id) WHERE state = 'dead';
CREATE INDEX events_done ON events (updated_at) WHERE state = 'done';

-- What never changes and is large stands apart, so that it is not written again whenever the state changes.
CREATE TABLE requests (
    id                INTEGER PRIMARY KEY,
    method            TEXT    NOT NULL,
    uri               TEXT    NOT NULL,
    headers           TEXT    NOT NULL,
    body              TEXT    NOT NULL
) STRICT;
CREATE TRIGGER events_deleted AFTER DELETE ON events BEGIN DELETE FROM requests WHERE id = old.id; END;
