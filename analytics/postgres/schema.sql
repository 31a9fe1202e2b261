-- What this bot stores, whole, in a schema of its own: other programs may share the database.
-- Every other number the bot shows is computed from here. Comments of what is as in the SQLite
-- store stand in analytics/sqlite/schema.sql.

-- The pseudonym of a person stands in this table alone, which is small enough to be written anew
-- after an erasure. In interactions a deleted person's number means nothing.
CREATE TABLE bot_analytics.users (
    id integer PRIMARY KEY,              -- internal number, random: it tells no order of arrival
    reference bigint NOT NULL UNIQUE,    -- keyed 64-bit pseudonym of the Telegram ID; the key is not in this database
    last_seen bigint NOT NULL,           -- the newest timestamp of this person in interactions
    rows integer NOT NULL,               -- of this person in interactions; with the last one, the person goes
    first_seen bigint,                   -- the oldest timestamp of this person; NULL once that was deleted
    first_week integer,                  -- the week of first_seen, weeks since 1970-01-01, Monday first, in TIMEZONE; NULL with it
    weeks bigint NOT NULL                -- in which weeks this person was active: bit 0 is first_week, bit 61 the last; 0 without it
) WITH (fillfactor = 80);                -- last_seen changes often: its new row fits beside the old one

-- ANALYZE copies values into pg_statistic, which no VACUUM of this table reaches.
ALTER TABLE bot_analytics.users ALTER reference SET STATISTICS 0;

-- A partition for each day, UTC, so that a day past retention is dropped as a whole. user_id is not
-- declared as REFERENCES, as in SQLite. 0 stands for nobody.
CREATE TABLE bot_analytics.interactions (
    timestamp bigint NOT NULL,           -- when, Unix seconds UTC, rounded down to TIMESTAMP_PRECISION
    user_id integer NOT NULL,            -- users.id
    interaction_type smallint NOT NULL,  -- interaction_types.id
    count integer NOT NULL CHECK (count > 0),  -- how many of the same
    PRIMARY KEY (timestamp, user_id, interaction_type)
) PARTITION BY RANGE (timestamp);

CREATE INDEX ON bot_analytics.interactions (user_id);

-- The closed vocabulary. What a person typed or what a button carries is never in it.
CREATE TABLE bot_analytics.interaction_types (
    id smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL UNIQUE
);

-- Counters, without identity, are sums over writers: each process adds to rows of its own, which
-- may be negative, so that none waits for another. They are folded into those of writer 0.
-- A key whose sum is 0 is as good as one that is not there.

-- Interactions by hour and type, so that a report does not scan the rows.
CREATE TABLE bot_analytics.hourly_counts (
    hour bigint NOT NULL,                -- its beginning, Unix seconds UTC
    interaction_type smallint NOT NULL,
    writer integer NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (hour, interaction_type, writer)
) WITH (fillfactor = 50);

-- How often the bot's own commands and buttons were used, the bot was blocked, handlers failed and
-- so on, by day.
CREATE TABLE bot_analytics.daily_events (
    day integer NOT NULL,                -- days since 1970-01-01, in TIMEZONE
    kind text NOT NULL,                  -- a word of analytics/events
    event text NOT NULL,                 -- a word of the bot's own or of Telegram's, never one of a person
    writer integer NOT NULL,
    count bigint NOT NULL,
    people integer NOT NULL,             -- at least so many they were, up to 1,000; who is nowhere
    PRIMARY KEY (day, kind, event, writer)
) WITH (fillfactor = 50);

-- How many people were active on a day. Kept as long as their interactions.
CREATE TABLE bot_analytics.daily_users (
    day integer NOT NULL,                -- days since 1970-01-01, in TIMEZONE
    writer integer NOT NULL,
    users bigint NOT NULL,
    PRIMARY KEY (day, writer)
) WITH (fillfactor = 50);

-- Of those who first came in a week, how many were active in which week.
CREATE TABLE bot_analytics.cohorts (
    first_week integer NOT NULL,         -- as in users
    week integer NOT NULL,               -- as first_week
    writer integer NOT NULL,
    users bigint NOT NULL,
    PRIMARY KEY (first_week, week, writer)
) WITH (fillfactor = 50);

-- How many people were last seen in an hour: active users are a sum over this.
CREATE TABLE bot_analytics.last_seen_hours (
    hour bigint NOT NULL,                -- its beginning, Unix seconds UTC
    writer integer NOT NULL,
    users bigint NOT NULL,
    PRIMARY KEY (hour, writer)
) WITH (fillfactor = 50);

-- How many people were first seen in an hour: new people are a sum over this.
CREATE TABLE bot_analytics.first_seen_hours (
    hour bigint NOT NULL,                -- its beginning, Unix seconds UTC
    writer integer NOT NULL,
    users bigint NOT NULL,
    PRIMARY KEY (hour, writer)
) WITH (fillfactor = 50);

-- How many people were last seen at a moment, for the hour that a window of time begins in. The
-- beginning of an hour is not in it.
CREATE TABLE bot_analytics.last_seen_counts (
    last_seen bigint NOT NULL,           -- Unix seconds UTC, as in users
    writer integer NOT NULL,
    users bigint NOT NULL,
    PRIMARY KEY (last_seen, writer)
) WITH (fillfactor = 50);

-- The start links that owners made: their starts are counted by day, who followed them is kept nowhere.
CREATE TABLE bot_analytics.start_links (
    code text PRIMARY KEY,               -- in the link, random
    name text NOT NULL,                  -- given by an owner
    created bigint NOT NULL,             -- Unix seconds UTC, rounded down to the hour
    retired bigint                       -- as created; NULL while starts are counted
);

-- What admins noted for charts and exports, in their own words; not who wrote it. Kept until it is
-- removed, or for 366 days.
CREATE TABLE bot_analytics.notes (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    moment bigint NOT NULL,              -- what it is about, Unix seconds UTC, rounded down to the hour
    text text NOT NULL
);

-- What stays of a day when its interactions are deleted, without identity.
CREATE TABLE bot_analytics.daily_trends (
    day integer PRIMARY KEY,             -- days since 1970-01-01, in TIMEZONE
    interactions bigint NOT NULL,        -- in total
    users bigint NOT NULL,               -- how many people were active
    breakdown jsonb                      -- type to interactions; NULL if fewer than TRENDS_MIN_USERS were
);

-- Updates already recorded: Telegram sends again what it was not told had arrived. Dropped
-- after 48 hours, a day at most later.
CREATE TABLE bot_analytics.remembered_updates (
    update_id bigint PRIMARY KEY,        -- Telegram's number of the update; it refers to no person
    received bigint NOT NULL             -- the day it was received on, its beginning in Unix seconds UTC
);

-- People who do not want to be counted, under another pseudonym than in users.
CREATE TABLE bot_analytics.opt_outs (
    reference bigint PRIMARY KEY         -- keyed 64-bit pseudonym of the Telegram ID, for this purpose alone
);

-- People erased while there were backups that may still hold them: a restore erases them again.
CREATE TABLE bot_analytics.erasures (
    reference bigint PRIMARY KEY,        -- keyed 64-bit pseudonym of users.reference, for this purpose alone
    day integer NOT NULL                 -- of their newest erasure, days since 1970-01-01, UTC
);

-- Who looked at or deleted what. It holds nothing about the people concerned. Kept as long as interactions.
CREATE TABLE bot_analytics.audit_trail (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    timestamp bigint NOT NULL,           -- when, Unix seconds UTC, rounded down to the hour or TIMESTAMP_PRECISION
    admin_id bigint,                     -- keyed pseudonym of the admin, negative; NULL for the command line
    action text NOT NULL                 -- a word of analytics/privacy/audit.py
);

-- The alerts that admins have muted.
CREATE TABLE bot_analytics.turned_off (
    admin_id bigint NOT NULL,            -- keyed pseudonym of the admin, as in audit_trail
    notice text NOT NULL,                -- digest, silence, unusual_day, cleanup or recording
    PRIMARY KEY (admin_id, notice)
);

-- How far the spool of each process is committed, so that none repeats what it has. A row is forgotten
-- after 366 days without another mark.
CREATE TABLE bot_analytics.spools (
    token text PRIMARY KEY,              -- of the process, random
    position bigint NOT NULL,
    day date NOT NULL DEFAULT current_date
);

-- When a job was run last, so that each moment it is due at is that of one process.
CREATE TABLE bot_analytics.turns (
    job text PRIMARY KEY,                -- its name in the schedule
    moment bigint NOT NULL               -- Unix seconds UTC
);

-- One-time links and sessions of the admin page, and confirmations that were used, until they expire.
CREATE TABLE bot_analytics.tokens (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,  -- tells which of an admin's is the oldest
    token text NOT NULL UNIQUE,          -- a hash of it
    kind text NOT NULL,                  -- link, session or confirmation
    admin_id bigint,                     -- keyed pseudonym of the admin, as in audit_trail; NULL of a confirmation
    until bigint NOT NULL                -- when it expires, Unix seconds UTC
);

-- Which process polls: it renews the row, and gives the lease up by deleting it.
CREATE TABLE bot_analytics.lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),  -- there is one row at most
    holder integer NOT NULL,             -- the number of the process, random
    token bigint NOT NULL                -- new with each renewal, random
) WITH (fillfactor = 50);

-- Facts about this database: the version of its schema, which key it was written with, the last cleanup, what is still to be compacted.
CREATE TABLE bot_analytics.settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL                 -- a text or a whole number
);

-- The stable way for other programs to read.
CREATE VIEW bot_analytics.user_interactions AS
    SELECT
        user_id,
        name AS interaction_type,
        to_char(to_timestamp(timestamp) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS timestamp,
        count
    FROM bot_analytics.interactions JOIN bot_analytics.interaction_types ON id = interaction_type;
