/**
 * The tables of a project, one migration a version. A released migration is never edited: the next one changes what it made.
 *
 *     slides --< annotations >-- classes        annotation_index: R*Tree over (x, y, slide), int32 in 1/64 px
 *     split (patient -> part)    runs --< run_events    models    audit (append only, hash chain) + audit_head
 */

/** migrations[i] brings a file from user_version i to i + 1. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE project (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE slides (
    key           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    path          TEXT NOT NULL,
    fingerprint   TEXT NOT NULL UNIQUE,
    patient       TEXT NOT NULL,
    stain         TEXT NOT NULL,
    scanner       TEXT NOT NULL,
    mpp_x         REAL,
    mpp_y         REAL,
    mpp_source    TEXT CHECK (mpp_source IN ('file', 'hand')),
    info          TEXT NOT NULL,
    bytes         INTEGER NOT NULL,
    modified_ms   REAL NOT NULL,
    other_bytes   INTEGER,
    other_ms      REAL,
    added_at      TEXT NOT NULL,
    CHECK ((mpp_x IS NULL) = (mpp_source IS NULL) AND (mpp_x IS NULL) = (mpp_y IS NULL))
  ) STRICT;

  CREATE TABLE classes (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL COLLATE NOCASE UNIQUE,
    role     TEXT NOT NULL CHECK (role IN ('class', 'ignore')),
    colour   TEXT NOT NULL,
    pattern  TEXT NOT NULL,
    letter   TEXT NOT NULL,
    number   INTEGER CHECK (number BETWEEN 1 AND 9),
    position INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE annotations (
    key        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    slide_key  INTEGER NOT NULL REFERENCES slides (key),
    class_id   TEXT REFERENCES classes (id),
    geometry   BLOB NOT NULL,
    author     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    changed_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX annotations_by_slide ON annotations (slide_key, class_id);
  CREATE INDEX annotations_by_class ON annotations (class_id);
  CREATE VIRTUAL TABLE annotation_index USING rtree_i32 (key, x0, x1, y0, y1, slide0, slide1);

  CREATE TABLE split (
    patient TEXT PRIMARY KEY,
    part    TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
    pinned  INTEGER NOT NULL CHECK (pinned IN (0, 1))
  ) STRICT;

  CREATE TABLE runs (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL CHECK (kind IN ('train', 'predict')),
    state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    title      TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at   TEXT,
    model_id   TEXT,
    slide_id   TEXT,
    spec       TEXT NOT NULL,
    plan       TEXT,
    result     TEXT
  ) STRICT;

  CREATE TABLE run_events (
    run_id TEXT NOT NULL REFERENCES runs (id),
    seq    INTEGER NOT NULL,
    at     TEXT NOT NULL,
    event  TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE models (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    run_id     TEXT,
    classes    TEXT NOT NULL,
    size_px    INTEGER NOT NULL,
    mpp        REAL,
    validation TEXT,
    test       TEXT
  ) STRICT;

  CREATE TABLE audit (
    seq            INTEGER PRIMARY KEY,
    at             TEXT NOT NULL,
    offset_minutes INTEGER NOT NULL,
    user           TEXT NOT NULL,
    machine        TEXT NOT NULL,
    app_version    TEXT NOT NULL,
    action         TEXT NOT NULL,
    entity         TEXT NOT NULL,
    entity_id      TEXT NOT NULL,
    before         TEXT,
    after          TEXT,
    reason         TEXT,
    prev           TEXT NOT NULL,
    hash           TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_entity ON audit (entity, entity_id, seq);
  CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  INSERT INTO audit_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
  CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
  CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append only'); END;
  CREATE TRIGGER audit_has_no_gap BEFORE INSERT ON audit
    WHEN new.seq IS NOT (SELECT seq + 1 FROM audit_head)
    BEGIN SELECT RAISE(ABORT, 'the audit trail has no gap'); END;
  `,
  // Where tissue begins on a slide, as a person said; null is the automatic threshold.
  `
  ALTER TABLE slides ADD COLUMN tissue_threshold INTEGER CHECK (tissue_threshold BETWEEN 0 AND 255);
  ALTER TABLE slides ADD COLUMN pen_is_tissue INTEGER NOT NULL DEFAULT 0 CHECK (pen_is_tissue IN (0, 1));
  `,
  // Runs of further kinds. A table's CHECK cannot be changed, so that runs and what points at them are made anew.
  `
  CREATE TABLE new_runs (
    number     INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL CHECK (kind IN ('train', 'predict', 'choose-rung', 'compare-rungs')),
    state      TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
    title      TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at   TEXT,
    model_id   TEXT,
    slide_id   TEXT,
    spec       TEXT NOT NULL,
    plan       TEXT,
    result     TEXT
  ) STRICT;
  INSERT INTO new_runs SELECT number, id, kind, state, title, created_at, ended_at, model_id, slide_id, spec, plan, result FROM runs;
  CREATE TABLE new_run_events (
    run_id TEXT NOT NULL REFERENCES new_runs (id),
    seq    INTEGER NOT NULL,
    at     TEXT NOT NULL,
    event  TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO new_run_events SELECT run_id, seq, at, event FROM run_events;
  DROP TABLE run_events;
  DROP TABLE runs;
  ALTER TABLE new_runs RENAME TO runs;
  ALTER TABLE new_run_events RENAME TO run_events;
  `,
];
