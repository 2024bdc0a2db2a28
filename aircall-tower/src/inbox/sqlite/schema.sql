-- `OR` and no `IN`, for which a table of four rows is made at each change.
-- `fence`: how often it has been leased, which nothing sets back, so that an old lease is never taken for the current one.
-- `AUTOINCREMENT`: a number that a person or a lease has is never that of another event, whatever has been forgotten.
CREATE TABLE event_states (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    state             TEXT    NOT NULL CHECK (state = 'ready' OR state = 'running' OR state = 'done' OR state = 'dead'),
    attempts          INTEGER NOT NULL DEFAULT 0,
    interrupted       INTEGER NOT NULL DEFAULT 0,
    fence             INTEGER NOT NULL DEFAULT 0,
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
CREATE UNIQUE INDEX events_key ON event_states (key, tenant);
CREATE INDEX events_due ON event_states (due_at, id) WHERE state = 'ready';
CREATE INDEX events_suspect ON event_states (interrupted, id) WHERE state = 'ready' AND interrupted > 1;
CREATE INDEX events_dead ON event_states (id) WHERE state = 'dead';
CREATE INDEX events_done ON event_states (updated_at) WHERE state = 'done';

-- What never changes and is large stands apart, so that it is not written again whenever the state changes.
CREATE TABLE event_requests (
    id                INTEGER PRIMARY KEY,
    method            TEXT    NOT NULL,
    uri               TEXT    NOT NULL,
    headers           TEXT    NOT NULL,
    body              TEXT    NOT NULL
) STRICT;
CREATE TRIGGER events_deleted AFTER DELETE ON event_states BEGIN DELETE FROM event_requests WHERE id = old.id; END;

-- What people read.
CREATE VIEW events AS
    SELECT id, state, attempts, interrupted, received_at, due_at, updated_at, event, resource, subject, tenant, token_fingerprint, key,
        method, uri, headers, last_error, body
    FROM event_states LEFT JOIN event_requests USING (id);
