"""The tables of a log's alarms.sqlite, and how it is opened: write-ahead log, every commit on the medium."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lasercontrol.errors import RecordError

__all__ = ["FILE", "connected", "writing"]

FILE = "alarms.sqlite"
"""Its name in the folder of a log."""

APPLICATION, VERSION = 0x4C43414C, 1  # "LCAL", in the header of the file
BUSY_S = 1.0  # how long to wait for another's commit; scoring does not wait longer, it tries again with the next rows

TABLES = """
CREATE TABLE log (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE engines (prefix TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE conditions (prefix TEXT, kind TEXT, laser INTEGER, told TEXT NOT NULL,
    PRIMARY KEY (prefix, kind, laser)) WITHOUT ROWID;
CREATE TABLE checkpoints (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, arrays BLOB NOT NULL);
CREATE TABLE transitions (id INTEGER PRIMARY KEY, prefix TEXT NOT NULL, alarm TEXT NOT NULL, line TEXT NOT NULL);
CREATE TABLE alarms (id INTEGER PRIMARY KEY, alarm TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, laser INTEGER,
    laser_id TEXT, severity INTEGER NOT NULL, latching INTEGER NOT NULL, since_utc_s REAL NOT NULL,
    fired_utc_s REAL NOT NULL, cleared_utc_s REAL, value REAL, bound REAL, unit TEXT NOT NULL,
    detector TEXT NOT NULL, evidence TEXT NOT NULL, first_evidence TEXT NOT NULL);
CREATE INDEX alarms_of_a_laser ON alarms (kind, laser);
CREATE TABLE acknowledgements (id INTEGER PRIMARY KEY, alarm TEXT NOT NULL, severity INTEGER NOT NULL,
    utc_s REAL NOT NULL, who TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX acknowledgements_of_an_alarm ON acknowledgements (alarm);
CREATE TABLE silences (id INTEGER PRIMARY KEY, laser_id TEXT, kind TEXT, until_utc_s REAL NOT NULL,
    made_utc_s REAL NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, utc_s REAL NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE notices (id INTEGER PRIMARY KEY, alarm TEXT NOT NULL, step TEXT NOT NULL, severity INTEGER NOT NULL,
    made_utc_s REAL NOT NULL);
CREATE INDEX notices_of_an_alarm ON notices (alarm);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY, way TEXT NOT NULL, made_utc_s REAL NOT NULL, subject TEXT NOT NULL,
    body TEXT NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due_utc_s REAL NOT NULL,
    delivered_utc_s REAL, error TEXT NOT NULL DEFAULT '');
CREATE TABLE carried (way TEXT, notice INTEGER, delivery INTEGER, PRIMARY KEY (way, notice)) WITHOUT ROWID;
CREATE VIEW shown AS SELECT alarms.*,
    CASE WHEN cleared_utc_s IS NULL THEN iif(acknowledged >= severity, 'acknowledged', 'firing')
         ELSE iif(latching AND acknowledged < severity, 'latched', 'cleared') END AS state
    FROM (SELECT *, coalesce((SELECT max(severity) FROM acknowledgements AS a WHERE a.alarm = alarms.alarm), -1)
          AS acknowledged FROM alarms) AS alarms;
"""


def connected(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """A connection for one thread; closes by `close`. RecordError where the file is missing, or is none of these."""
    if not create and not path.is_file():
        raise RecordError(path, "there is no such file; a log that was monitored has one")
    try:
        link = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    except sqlite3.Error as error:
        raise RecordError(path, f"cannot be opened: {error}") from error
    try:
        _prepare(link, path, create=create)
    except sqlite3.Error as error:
        link.close()
        raise RecordError(path, f"is no file of alarms, or cannot be read: {error}") from error
    except RecordError:
        link.close()
        raise
    link.row_factory = sqlite3.Row
    return link


def _prepare(link: sqlite3.Connection, path: Path, *, create: bool) -> None:
    application, version = _number(link, "application_id"), _number(link, "user_version")
    if create and not application and not _number(link, "schema_version"):
        link.execute("PRAGMA journal_mode = WAL")
        link.executescript(
            f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
        )
    elif application != APPLICATION:
        raise RecordError(path, "is no file of alarms of this program; nothing was changed")
    elif version != VERSION:
        raise RecordError(path, f"is of version {version}, this program reads version {VERSION}; nothing was changed")
    link.execute("PRAGMA synchronous = FULL")


def _number(link: sqlite3.Connection, name: str) -> int:
    return int(link.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def writing(link: sqlite3.Connection) -> Iterator[None]:
    """All of it, or nothing; on the medium when it is left. sqlite3.Error where that cannot be."""
    link.execute("BEGIN IMMEDIATE")
    try:
        yield
        link.execute("COMMIT")
    except BaseException:
        if link.in_transaction:
            link.execute("ROLLBACK")
        raise
