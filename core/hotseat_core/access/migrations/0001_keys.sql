CREATE TABLE key (
    key_id TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,  -- SHA-256 of the secret, which nobody has but its owner
    hint TEXT NOT NULL,  -- how the secret begins
    name TEXT NOT NULL,
    tenant TEXT NOT NULL,
    scopes TEXT NOT NULL,  -- JSON list
    limits TEXT NOT NULL,  -- JSON object
    weight REAL NOT NULL,
    create_time REAL NOT NULL,  -- Unix seconds, as all times
    expire_time REAL,
    revoke_time REAL,
    last_use_time REAL
) STRICT;

CREATE TABLE key_use (
    key_id TEXT NOT NULL REFERENCES key (key_id),
    day INTEGER NOT NULL,  -- since the epoch, UTC
    request_count INTEGER NOT NULL,
    token_count INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (key_id, day)
) STRICT, WITHOUT ROWID;
