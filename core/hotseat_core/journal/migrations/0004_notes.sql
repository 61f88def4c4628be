-- What clients keep with their turns, to find them again: a row each, so that reading turns does not read them.
CREATE TABLE note (
    tenant TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    request_id TEXT NOT NULL, -- the turn's
    start_time REAL NOT NULL, -- the turn's
    label TEXT NOT NULL,
    model TEXT NOT NULL,
    metadata TEXT NOT NULL, -- a JSON object of texts
    body TEXT NOT NULL, -- the client's
    PRIMARY KEY (tenant, conversation_id, turn),
    FOREIGN KEY (tenant, conversation_id, turn) REFERENCES turn (tenant, conversation_id, turn) ON DELETE CASCADE
) STRICT;
CREATE INDEX note_by_label ON note (tenant, label, start_time, request_id);
CREATE INDEX note_by_request ON note (tenant, request_id);
