-- What this bot stores, whole. Comments are part of the file: `sqlite3 FILE .schema` shows them.
-- Every other number the bot shows is computed from here.

CREATE TABLE users (
    id INTEGER PRIMARY KEY,              -- internal number, random: it tells no order of arrival
    reference INTEGER NOT NULL UNIQUE,   -- keyed 64-bit pseudonym of the Telegram ID; the key is not in this file
    last_seen INTEGER NOT NULL,          -- the newest timestamp of this person in interactions
    rows INTEGER NOT NULL DEFAULT 0,     -- of this person in interactions; with the last one, the person goes
    first_seen INTEGER,                  -- the oldest timestamp of this person; NULL once that was deleted
    first_week INTEGER,                  -- the week of first_seen, weeks since 1970-01-01, Monday first, in TIMEZONE; NULL with it
    weeks INTEGER NOT NULL DEFAULT 0     -- in which weeks this person was active: bit 0 is first_week, bit 61 the last; 0 without it
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

-- How often the bot's own commands and buttons were used, the bot was blocked, handlers failed and so
-- on, by day and without identity. By day, so that it cannot be joined with interactions. Kept as long
-- as they are.
CREATE TABLE daily_events (
    day INTEGER NOT NULL,                -- days since 1970-01-01, in TIMEZONE
    kind TEXT NOT NULL,                  -- a word of analytics/events
    event TEXT NOT NULL,                 -- a word of the bot's own or of Telegram's, never one of a person
    count INTEGER NOT NULL CHECK (count > 0),
    people INTEGER NOT NULL DEFAULT 0,   -- at least so many they were, up to 1,000; who is in no file
    PRIMARY KEY (day, kind, event)
) STRICT, WITHOUT ROWID;

-- How many people were active on a day, without identity. Kept as long as their interactions.
CREATE TABLE daily_users (
    day INTEGER PRIMARY KEY,             -- days since 1970-01-01, in TIMEZONE
    users INTEGER NOT NULL CHECK (users > 0)
) STRICT;

-- Of those who first came in a week, how many were active in which week, without identity.
CREATE TABLE cohorts (
    first_week INTEGER NOT NULL,         -- as in users
    week INTEGER NOT NULL,               -- as first_week
    users INTEGER NOT NULL CHECK (users > 0),
    PRIMARY KEY (first_week, week)
) STRICT, WITHOUT ROWID;

-- The start links that owners made: their starts are counted by day, who followed them is kept nowhere.
CREATE TABLE start_links (
    code TEXT PRIMARY KEY,               -- in the link, random
    name TEXT NOT NULL,                  -- given by an owner
    created INTEGER NOT NULL,            -- Unix seconds UTC, rounded down to the hour
    retired INTEGER                      -- as created; NULL while starts are counted
) STRICT, WITHOUT ROWID;

-- What admins noted for charts and exports, in their own words; not who wrote it. Kept until it is
-- removed, or for 366 days.
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    moment INTEGER NOT NULL,             -- what it is about, Unix seconds UTC, rounded down to the hour
    text TEXT NOT NULL
) STRICT;

-- What stays of a day when its interactions are deleted, without identity.
CREATE TABLE daily_trends (
    day INTEGER PRIMARY KEY,             -- days since 1970-01-01, in TIMEZONE
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
    action TEXT NOT NULL                 -- a word of analytics/privacy/audit.py
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

-- The weeks in which each person was active; the counts of cohorts are sums over this.
CREATE VIEW user_weeks AS
    SELECT users.id AS user_id, first_week, first_week + bit.value AS week
    FROM users CROSS JOIN json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,'
        || '31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61]') AS bit
    WHERE weeks >> bit.value & 1;

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
    UPDATE users SET
        rows = rows - 1,
        first_seen = nullif(first_seen, OLD.timestamp),
        first_week = iif(first_seen = OLD.timestamp, NULL, first_week),
        weeks = iif(first_seen = OLD.timestamp, 0, weeks)
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

CREATE TRIGGER user_left_their_cohort AFTER UPDATE OF weeks ON users
WHEN OLD.weeks <> 0 AND NEW.weeks = 0
BEGIN
    DELETE FROM cohorts WHERE users = 1
        AND first_week = OLD.first_week AND OLD.weeks >> (week - first_week) & 1;
    UPDATE cohorts SET users = users - 1
        WHERE first_week = OLD.first_week AND OLD.weeks >> (week - first_week) & 1;
END;

CREATE TRIGGER user_removed AFTER DELETE ON users
BEGIN
    DELETE FROM cohorts WHERE users = 1
        AND first_week = OLD.first_week AND OLD.weeks >> (week - first_week) & 1;
    UPDATE cohorts SET users = users - 1
        WHERE first_week = OLD.first_week AND OLD.weeks >> (week - first_week) & 1;
    DELETE FROM first_seen_hours WHERE hour = OLD.first_seen / 3600 * 3600 AND users = 1;
    UPDATE first_seen_hours SET users = users - 1 WHERE hour = OLD.first_seen / 3600 * 3600;
    DELETE FROM last_seen_hours WHERE hour = OLD.last_seen / 3600 * 3600 AND users = 1;
    UPDATE last_seen_hours SET users = users - 1 WHERE hour = OLD.last_seen / 3600 * 3600;
    DELETE FROM last_seen_counts WHERE last_seen = OLD.last_seen AND users = 1;
    UPDATE last_seen_counts SET users = users - 1 WHERE last_seen = OLD.last_seen;
END;
