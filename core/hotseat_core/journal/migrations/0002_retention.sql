-- How long a conversation is kept is decided when it is looked at, by its kind and its last use: a changed setting
-- counts at once for all of them, and a turn writes nothing more.
DROP INDEX conversation_by_expiry;
ALTER TABLE conversation DROP COLUMN expire_time;
ALTER TABLE conversation ADD COLUMN keep_s REAL; -- after its last use, at most; NULL: as long as others of its kind

CREATE INDEX conversation_by_age ON conversation ((is_transient AND turn_count < 2), update_time);
CREATE INDEX conversation_by_own_expiry ON conversation (update_time + keep_s) WHERE keep_s IS NOT NULL;
