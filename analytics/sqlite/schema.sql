-- What this bot stores, whole. Comments are part of the file: `sqlite3 FILE .schema` shows them.
-- Every other number the bot shows is computed from here.

CREATE TABLE users (
    id INTEGER PRIMARY KEY,              -- internal number, random: it tells no order of arrival
    reference INTEGER NOT NULL UNIQUE,   -- keyed 64-bit pseudonym of the Telegram ID; the key is not in this file
    last_seen INTEGER NOT NULL,          -- the newest timestamp of this person in interactions
    rows INTEGER NOT NULL DEFAULT 0,     -- of this person in interactions; with the last one, the person goes
    first_seen INTEGER                   -- the oldest timestamp of this person; NULL once that was deleted
) STRICT;

-- Clustered by time: cleanup deletes one range, and no row number gives away an order within an hour.
-- users.id is not declared as REFERENCES: its check would scan this table for every person deleted,
-- or need an index that doubles the file. The triggers hold it instead: nothing is inserted for a
-- person who is not in users, and a person leaves users with their last row. 0 stands for nobody:
-- what was recorded under a key that has been replaced.
CREATE TABLE interactions (
    timestamp INTEGER NOT NULL,          -- when, Unix seconds UTC, rounded down to TIMESTAMP_PRECISION
    user_id INTEGER NOT NULL,            -- users.id
    interaction_type INTEGER NOT NULL REFERENCES interaction_types (id),
    count INTEGER NOT NULL CHECK (count > 0),  -- how many of the same
    PRIMARY KEY (timestamp, user_id, interaction_type)
) STRICT, WITHOUT ROWID;

-- The closed vocabulary. What a person typed or what a button carries is never in it.
CREATE TABLE interaction_types (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Interactions by hour and type, without identity, so that a report does not scan the rows.
CREATE TABLE hourly_counts (
    hour INTEGER NOT NULL,               -- its beginning, Unix seconds UTC
    interaction_type INTEGER NOT NULL REFERENCES interaction_types (id),
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (hour, interaction_type)
) STRICT, WITHOUT ROWID;

-- How often the bot's own commands were used, and the bot was blocked and unblocked, by day and
-- without identity. By day, so that it cannot be joined with interactions. Kept as long as they are.
CREATE TABLE daily_events (
    day INTEGER NOT NULL,                -- days since 1970-01-01, UTC
    event TEXT NOT NULL,                 -- a command that the bot registers, as /help, but none about one's own data; blocked, unblocked
    count INTEGER NOT NULL CHECK (count > 0),
    people INTEGER NOT NULL DEFAULT 0,   -- at least so many they were, up to 1,000; who is in no file
    PRIMARY KEY (day, event)
) STRICT, WITHOUT ROWID;

-- What stays of a day when its interactions are deleted, without identity.
CREATE TABLE daily_trends (
    day INTEGER PRIMARY KEY,             -- days since 1970-01-01, UTC
    interactions INTEGER NOT NULL,       -- in total
    users INTEGER NOT NULL,              -- how many people were active
    breakdown TEXT                       -- JSON, type to interactions; NULL if fewer than TRENDS_MIN_USERS were
) STRICT;

-- How many people were last seen in an hour, without identity: active users are a sum over this.
CREATE TABLE last_seen_hours (
    hour INTEGER PRIMARY KEY,            -- its beginning, Unix seconds UTC
    users INTEGER NOT NULL CHECK (users > 0)
) STRICT;

-- How many people were first seen in an hour, without identity: new people are a sum over this.
CREATE TABLE first_seen_hours (
    hour INTEGER PRIMARY KEY,            -- its beginning, Unix seconds UTC
    users INTEGER NOT NULL CHECK (users > 0)
) STRICT;

-- How many people were last seen at a moment, for the hour that a window of time begins in. At the beginning of an hour
-- there is no row: with TIMESTAMP_PRECISION at an hour this stays empty.
CREATE TABLE last_seen_counts (
    last_seen INTEGER PRIMARY KEY,       -- Unix seconds UTC, as in users
    users INTEGER NOT NULL CHECK (users > 0)
) STRICT;

-- Updates already recorded: Telegram sends again what it was not told had arrived. Dropped
-- after 48 hours, a day at most later.
CREATE TABLE remembered_updates (
    update_id INTEGER PRIMARY KEY,       -- Telegram's number of the update; it refers to no person
    received INTEGER NOT NULL            -- the day it was received on, its beginning in Unix seconds UTC
) STRICT;

-- People who do not want to be counted: nothing is recorded of them. Another pseudonym than in
-- users, under a key of its own; and what people ask about their own data is not recorded. So
-- somebody who opted out looks like somebody who left.
CREATE TABLE opt_outs (
    reference INTEGER PRIMARY KEY        -- keyed 64-bit pseudonym of the Telegram ID, for this purpose alone
) STRICT;

-- People erased while there were backups that may still hold them: a restore erases them again.
-- Another pseudonym than in users, which leads back to nobody and is in no backup. Kept as long as
-- interactions, and so as long as a backup.
CREATE TABLE erasures (
    reference INTEGER PRIMARY KEY,       -- keyed 64-bit pseudonym of users.reference, for this purpose alone
    day INTEGER NOT NULL                 -- of their newest erasure, days since 1970-01-01, UTC
) STRICT;

-- Who looked at or deleted what. It holds nothing about the people concerned. Kept as long as interactions.
-- Admins have another pseudonym than in users, under the key of opt_outs: without it nobody can tell
-- which row of users an admin has. Who joins the hours with interactions may guess; COUNT_ADMINS=false
-- has nothing of theirs in there.
CREATE TABLE audit_trail (
    timestamp INTEGER NOT NULL,          -- when, Unix seconds UTC, rounded down to the hour or TIMESTAMP_PRECISION
    admin_id INTEGER,                    -- keyed pseudonym of the admin, negative; NULL for the command line
    action TEXT NOT NULL                 -- stats, stats-export, cleanup, export, erase, audit, rotate-key
) STRICT;

-- What admins do not want to be told unasked. Deleted when they want it again, are no admins any
-- more, or erase their data.
CREATE TABLE turned_off (
    admin_id INTEGER NOT NULL,           -- keyed pseudonym of the admin, as in audit_trail
    notice TEXT NOT NULL,                -- digest, silence, unusual_day, cleanup or recording
    PRIMARY KEY (admin_id, notice)
) STRICT, WITHOUT ROWID;

-- Facts about this file: which key it was written with, a random identity that its backups carry, the last cleanup, what is still to be compacted.
CREATE TABLE file_settings (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- The stable way for other programs to read.
CREATE VIEW user_interactions AS
    SELECT
        interactions.user_id AS user_id,
        interaction_types.name AS interaction_type,
        strftime('%Y-%m-%dT%H:%M:%SZ', interactions.timestamp, 'unixepoch') AS timestamp,
        interactions.count AS count
    FROM interactions
    JOIN interaction_types ON interaction_types.id = interactions.interaction_type;

CREATE VIEW daily_counts AS
    SELECT hour / 86400 AS day, interaction_type, sum(count) AS count
    FROM hourly_counts GROUP BY day, interaction_type;

-- The one way in: INSERT INTO received ... is one statement, so a batch is committed whole or not at all.
-- Each update_id has effect once, whoever sent it; without interaction_type it is only
-- remembered, and opts out or in.
CREATE VIEW received AS
    SELECT
        NULL AS update_id, NULL AS reference, NULL AS opt_out, NULL AS interaction_type,
        NULL AS timestamp, NULL AS received, NULL AS event, NULL AS people, NULL AS opting_out
    WHERE FALSE;

-- A random number from 1 that nobody has. 31 bits: 4 bytes in each row of interactions.
CREATE VIEW free_id AS
    WITH RECURSIVE tried (id) AS (
        SELECT abs(random() % 2147483647) + 1
        UNION ALL
        SELECT abs(random() % 2147483647) + 1
        FROM tried WHERE EXISTS (SELECT 1 FROM users WHERE users.id = tried.id)
    )
    SELECT id FROM tried WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = tried.id);

CREATE TRIGGER record INSTEAD OF INSERT ON received
WHEN NOT EXISTS (SELECT 1 FROM remembered_updates WHERE update_id = NEW.update_id)
BEGIN
    INSERT INTO remembered_updates (update_id, received)
        SELECT NEW.update_id, NEW.received WHERE NEW.update_id IS NOT NULL;
    -- Only a conflict of the reference is the same person; one of the id would fail the statement.
    INSERT INTO users (id, reference, last_seen, first_seen)
        SELECT
            coalesce(
                (SELECT id FROM users WHERE reference = NEW.reference), (SELECT id FROM free_id)),
            NEW.reference, NEW.timestamp, NEW.timestamp
        WHERE NEW.interaction_type IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM opt_outs WHERE reference = NEW.opt_out)
        ON CONFLICT (reference) DO UPDATE SET
            last_seen = max(last_seen, excluded.last_seen),
            first_seen = min(first_seen, excluded.first_seen)
        WHERE excluded.last_seen > last_seen OR excluded.first_seen < first_seen;
    INSERT INTO interactions (timestamp, user_id, interaction_type, count)
        SELECT NEW.timestamp, users.id, interaction_types.id, 1
        FROM users JOIN interaction_types
        WHERE users.reference = NEW.reference AND interaction_types.name = NEW.interaction_type
        AND NOT EXISTS (SELECT 1 FROM opt_outs WHERE reference = NEW.opt_out)
        ON CONFLICT DO UPDATE SET count = count + 1;
    INSERT INTO daily_events (day, event, count, people)
        SELECT NEW.timestamp / 86400, NEW.event, 1, NEW.people WHERE NEW.event IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM opt_outs WHERE reference = NEW.opt_out)
        ON CONFLICT DO UPDATE SET count = count + 1, people = max(people, excluded.people);
    -- From the next update on.
    INSERT INTO opt_outs (reference) SELECT NEW.opt_out WHERE NEW.opting_out
        ON CONFLICT DO NOTHING;
    DELETE FROM opt_outs WHERE NOT NEW.opting_out AND reference = NEW.opt_out;
END;

CREATE TRIGGER interaction_added AFTER INSERT ON interactions
BEGIN
    INSERT INTO hourly_counts (hour, interaction_type, count)
        VALUES (NEW.timestamp / 3600 * 3600, NEW.interaction_type, NEW.count)
        ON CONFLICT DO UPDATE SET count = count + excluded.count;
    UPDATE users SET rows = rows + 1 WHERE id = NEW.user_id;
END;

CREATE TRIGGER interaction_repeated AFTER UPDATE OF count ON interactions
BEGIN
    UPDATE hourly_counts SET count = count + NEW.count - OLD.count
        WHERE hour = NEW.timestamp / 3600 * 3600 AND interaction_type = NEW.interaction_type;
END;

-- A count that would fall to zero leaves with its row: the DELETE comes before the UPDATE.
CREATE TRIGGER interaction_deleted AFTER DELETE ON interactions
BEGIN
    DELETE FROM hourly_counts
        WHERE hour = OLD.timestamp / 3600 * 3600 AND interaction_type = OLD.interaction_type
        AND count = OLD.count;
    UPDATE hourly_counts SET count = count - OLD.count
        WHERE hour = OLD.timestamp / 3600 * 3600 AND interaction_type = OLD.interaction_type;
    DELETE FROM users WHERE id = OLD.user_id AND rows = 1;
    UPDATE users SET rows = rows - 1, first_seen = nullif(first_seen, OLD.timestamp)
        WHERE id = OLD.user_id;
END;

CREATE TRIGGER user_added AFTER INSERT ON users
BEGIN
    INSERT INTO first_seen_hours (hour, users)
        SELECT NEW.first_seen / 3600 * 3600, 1 WHERE NEW.first_seen IS NOT NULL
        ON CONFLICT DO UPDATE SET users = users + 1;
    INSERT INTO last_seen_hours (hour, users) VALUES (NEW.last_seen / 3600 * 3600, 1)
        ON CONFLICT DO UPDATE SET users = users + 1;
    INSERT INTO last_seen_counts (last_seen, users) SELECT NEW.last_seen, 1 WHERE NEW.last_seen % 3600 > 0
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER user_first_seen_in_another_hour AFTER UPDATE OF first_seen ON users
WHEN OLD.first_seen / 3600 IS NOT NEW.first_seen / 3600
BEGIN
    DELETE FROM first_seen_hours WHERE hour = OLD.first_seen / 3600 * 3600 AND users = 1;
    UPDATE first_seen_hours SET users = users - 1 WHERE hour = OLD.first_seen / 3600 * 3600;
    INSERT INTO first_seen_hours (hour, users)
        SELECT NEW.first_seen / 3600 * 3600, 1 WHERE NEW.first_seen IS NOT NULL
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER user_seen_in_another_hour AFTER UPDATE OF last_seen ON users
WHEN OLD.last_seen / 3600 <> NEW.last_seen / 3600
BEGIN
    DELETE FROM last_seen_hours WHERE hour = OLD.last_seen / 3600 * 3600 AND users = 1;
    UPDATE last_seen_hours SET users = users - 1 WHERE hour = OLD.last_seen / 3600 * 3600;
    INSERT INTO last_seen_hours (hour, users) VALUES (NEW.last_seen / 3600 * 3600, 1)
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER user_seen_at_another_moment AFTER UPDATE OF last_seen ON users
WHEN OLD.last_seen % 3600 > 0 OR NEW.last_seen % 3600 > 0
BEGIN
    DELETE FROM last_seen_counts WHERE last_seen = OLD.last_seen AND users = 1;
    UPDATE last_seen_counts SET users = users - 1 WHERE last_seen = OLD.last_seen;
    INSERT INTO last_seen_counts (last_seen, users) SELECT NEW.last_seen, 1 WHERE NEW.last_seen % 3600 > 0
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER user_removed AFTER DELETE ON users
BEGIN
    DELETE FROM first_seen_hours WHERE hour = OLD.first_seen / 3600 * 3600 AND users = 1;
    UPDATE first_seen_hours SET users = users - 1 WHERE hour = OLD.first_seen / 3600 * 3600;
    DELETE FROM last_seen_hours WHERE hour = OLD.last_seen / 3600 * 3600 AND users = 1;
    UPDATE last_seen_hours SET users = users - 1 WHERE hour = OLD.last_seen / 3600 * 3600;
    DELETE FROM last_seen_counts WHERE last_seen = OLD.last_seen AND users = 1;
    UPDATE last_seen_counts SET users = users - 1 WHERE last_seen = OLD.last_seen;
END;
