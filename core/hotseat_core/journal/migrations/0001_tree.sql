-- Messages as they were said, once for each tenant however often they stand in its tree.
CREATE TABLE message (
    tenant TEXT NOT NULL,
    digest TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tenant, digest)
) STRICT;

-- The tree. A node can't be without its parent and its message.
CREATE TABLE node (
    tenant TEXT NOT NULL,
    node_id TEXT NOT NULL,
    parent_id TEXT, -- NULL: the first message
    visible_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (tenant, node_id),
    FOREIGN KEY (tenant, parent_id) REFERENCES node (tenant, node_id),
    FOREIGN KEY (tenant, digest) REFERENCES message (tenant, digest)
) STRICT;
CREATE INDEX node_by_parent ON node (tenant, parent_id);
CREATE INDEX node_by_visible ON node (tenant, visible_id);
CREATE INDEX node_by_digest ON node (tenant, digest);

CREATE TABLE conversation (
    tenant TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    owner TEXT NOT NULL, -- the incarnation that claimed it last
    epoch INTEGER NOT NULL,
    settings BLOB NOT NULL,
    root TEXT NOT NULL,
    head TEXT, -- NULL: nothing was said
    is_transient INTEGER NOT NULL,
    workspace TEXT NOT NULL,
    turn_count INTEGER NOT NULL,
    usage BLOB NOT NULL,
    create_time REAL NOT NULL, -- seconds since the epoch, as all times
    update_time REAL NOT NULL,
    expire_time REAL, -- NULL: kept until it is deleted
    PRIMARY KEY (tenant, conversation_id),
    FOREIGN KEY (tenant, head) REFERENCES node (tenant, node_id)
) STRICT;
CREATE INDEX conversation_by_head ON conversation (tenant, head);
CREATE INDEX conversation_by_use ON conversation (tenant, update_time, conversation_id);
CREATE INDEX conversation_by_expiry ON conversation (expire_time) WHERE expire_time IS NOT NULL;

CREATE TABLE turn (
    tenant TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    input BLOB NOT NULL,
    start_time REAL NOT NULL,
    completed BLOB, -- NULL: it runs, or was cut off
    head TEXT, -- NULL: it runs, or nothing was said
    PRIMARY KEY (tenant, conversation_id, turn),
    UNIQUE (tenant, conversation_id, request_id),
    FOREIGN KEY (tenant, conversation_id) REFERENCES conversation (tenant, conversation_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant, head) REFERENCES node (tenant, node_id)
) STRICT;
CREATE INDEX turn_by_head ON turn (tenant, head) WHERE head IS NOT NULL;
CREATE INDEX turn_open ON turn (tenant, conversation_id) WHERE completed IS NULL;

-- One row. Epochs only grow, whatever is deleted: a lease never fits a later conversation of the same name.
CREATE TABLE latest (
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO latest (epoch) VALUES (0);
