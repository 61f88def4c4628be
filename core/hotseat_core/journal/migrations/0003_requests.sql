-- A request is looked for in all conversations of a tenant: by its id, or by what was asked.
ALTER TABLE turn ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
CREATE INDEX turn_by_request ON turn (tenant, request_id);
CREATE INDEX turn_by_fingerprint ON turn (tenant, fingerprint, start_time) WHERE fingerprint <> '';
