"""Prove that each fault of a database is told by what it means."""

import asyncio
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError

from custom_components.ocpp.csms.store import (
    Store,
    StoreUnavailable,
    TroubleKind,
    database,
)
from custom_components.ocpp.csms.store.database import Database, Unwritable
from custom_components.ocpp.csms.store.trouble import is_own_fault, kind_of, name_of


class PostgresError(Exception):
    """What PostgreSQL's driver raises."""

    def __init__(self, sqlstate: str | None) -> None:
        """Have a state; none where the server did not even answer."""
        super().__init__("Key (id_token)=(04A1B2)")
        self.sqlstate = sqlstate


def wrapped(error: Exception) -> OperationalError:
    """Return an error as SQLAlchemy raises it."""
    return OperationalError("INSERT", {}, error)


def sqlite(code: int) -> OperationalError:
    """Return an error of SQLite."""
    error = sqlite3.OperationalError("04A1B2")
    error.sqlite_errorcode = code
    return wrapped(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite(sqlite3.SQLITE_FULL), TroubleKind.FULL),
        (sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), TroubleKind.LOCKED),
        (sqlite(sqlite3.SQLITE_CORRUPT_INDEX), TroubleKind.DAMAGED),
        (sqlite(sqlite3.SQLITE_IOERR_WRITE), TroubleKind.FAILED),
        (wrapped(PostgresError("53100")), TroubleKind.FULL),
        (wrapped(PostgresError("55P03")), TroubleKind.LOCKED),
        (wrapped(PostgresError("57P01")), TroubleKind.UNREACHABLE),
        (wrapped(PostgresError("08006")), TroubleKind.UNREACHABLE),
        (wrapped(PostgresError(None)), TroubleKind.UNREACHABLE),
        (wrapped(PostgresError("42501")), TroubleKind.FAILED),
        (wrapped(Exception(1021, "disk full")), TroubleKind.FULL),
        (wrapped(Exception(1205, "lock wait")), TroubleKind.LOCKED),
        (wrapped(Exception(2013, "lost connection")), TroubleKind.UNREACHABLE),
        (wrapped(Exception(1142, "denied")), TroubleKind.FAILED),
        (wrapped(Exception()), TroubleKind.FAILED),
    ],
)
def test_what_is_wrong_is_known(error: OperationalError, kind: TroubleKind) -> None:
    """Of every database; and no card is named."""
    assert kind_of(error) is kind
    assert "04A1B2" not in name_of(error)


@pytest.mark.parametrize(
    ("error", "own"),
    [
        (DataError("", {}, Exception()), True),
        (IntegrityError("", {}, Exception()), True),
        (StatementError("", "", {}, ValueError()), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, ""), True),
        (wrapped(Exception()), False),
    ],
)
def test_what_can_never_be_written_is_not_tried_for_ever(
    error: Exception, own: bool
) -> None:
    """What the database does not do now, it may do later."""
    assert is_own_fault(error) is own


def opened(path: Path) -> Database:
    """Return an open database."""
    opened = Database(f"sqlite:///{path}")
    if not opened.connect():
        opened.upgrade()
    return opened


def test_a_number_that_is_always_taken_is_given_up(tmp_path: Path) -> None:
    """After some attempts, and nothing else is."""
    there = opened(tmp_path / "a.db")

    def collide(connection: object) -> None:
        raise IntegrityError("", {}, Exception())

    (outcome,) = there.run([collide])
    assert isinstance(outcome, Unwritable)
    first, second = there.run([collide, lambda _: 7])
    assert isinstance(first, Unwritable) and second == 7
    there.close()


def test_a_connection_that_broke_is_made_anew_once(tmp_path: Path) -> None:
    """A server that is gone for longer is a trouble."""
    there = opened(tmp_path / "a.db")
    attempts = []

    def lost(connection: object) -> None:
        attempts.append(connection)
        raise wrapped(PostgresError(None))

    with pytest.raises(OperationalError):
        there.run([lost])
    assert len(attempts) == 2
    there.close()


async def test_an_upgrade_that_fails_may_succeed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left open."""

    def fail(_: object) -> None:
        raise wrapped(PostgresError("53100"))

    for name in ("bring_up_to_date", "newest"):
        with monkeypatch.context() as patch:
            patch.setattr(database, name, fail)
            with pytest.raises(StoreUnavailable):
                await Store(f"sqlite:///{tmp_path / 'a.db'}").open()
    await asyncio.sleep(0)
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(StoreUnavailable):
        await store.sessions()
    await store.open()
    await store.close()


def test_a_damaged_file_that_cant_be_set_aside_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again later."""
    (tmp_path / "a.db").write_bytes(b"no database" * 1000)

    def refuse(_: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(database, "set_aside", refuse)
    with pytest.raises(StoreUnavailable, match="Permission denied"):
        Database(f"sqlite:///{tmp_path / 'a.db'}").connect()
