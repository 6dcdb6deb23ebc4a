"""What can be wrong with the database, in words that hold no secrets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import sqlite3

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)

# Whatever carrying out a query can raise. The latter three come from drivers that are
# given a value they can't write.
FAULTS = (SQLAlchemyError, sqlite3.Error, ValueError, TypeError, OverflowError)


class TroubleKind(StrEnum):
    """Why the database does not take what it is given."""

    FULL = "full"
    LOCKED = "locked"
    DAMAGED = "damaged"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class StoreTrouble:
    """A trouble that the store has.

    `waiting` messages are kept in memory until the database is back, `dropped` ones are
    lost. `set_aside` is the name a damaged file was given; a new one was begun.
    """

    kind: TroubleKind
    since: datetime
    waiting: int = 0
    dropped: int = 0
    set_aside: str | None = None


type OnTrouble = Callable[[StoreTrouble | None], None]


class StoreError(Exception):
    """The store can't be opened.

    `reason` is one of `invalid_url`, `driver_missing`, `cannot_connect`, `no_rights` and
    `too_new`.
    """

    def __init__(self, message: str, *, reason: str = "cannot_connect") -> None:
        """Say it to people, and to what asks for a reason."""
        super().__init__(message)
        self.reason = reason


class StoreUnavailable(StoreError):
    """The database is not there, but may be later."""


class Away(StoreUnavailable):
    """The database does not answer just now."""

    def __init__(self) -> None:
        """Have just one thing to say."""
        super().__init__("the database does not answer at present")


class SetAside(Exception):
    """A damaged file was set aside, and a new one begun."""

    def __init__(self, name: str) -> None:
        """Tell its new name."""
        super().__init__(name)
        self.name = name


class StoreTooNew(StoreError):
    """A newer release has written here; nothing was touched."""

    def __init__(self) -> None:
        """Have just one thing to say."""
        super().__init__(
            "the database was written by a newer release", reason="too_new"
        )


_SQLITE = {
    sqlite3.SQLITE_FULL: TroubleKind.FULL,
    sqlite3.SQLITE_BUSY: TroubleKind.LOCKED,
    sqlite3.SQLITE_LOCKED: TroubleKind.LOCKED,
    sqlite3.SQLITE_CORRUPT: TroubleKind.DAMAGED,
    sqlite3.SQLITE_NOTADB: TroubleKind.DAMAGED,
}
_POSTGRESQL = {
    "53100": TroubleKind.FULL,
    "40P01": TroubleKind.LOCKED,
    "40001": TroubleKind.LOCKED,
    "55P03": TroubleKind.LOCKED,
}
_MYSQL = {
    # A row has changed since it was read.
    1020: TroubleKind.LOCKED,
    1021: TroubleKind.FULL,
    1114: TroubleKind.FULL,
    1205: TroubleKind.LOCKED,
    1213: TroubleKind.LOCKED,
    **dict.fromkeys(
        (0, 1040, 1053, 1203, 1927, 2002, 2003, 2006, 2013, 2055),
        TroubleKind.UNREACHABLE,
    ),
}


def _original(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def kind_of(error: BaseException) -> TroubleKind:
    """Return what kind of trouble an error means."""
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE.get(code, TroubleKind.FAILED)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return TroubleKind.UNREACHABLE
    if (state := getattr(original, "sqlstate", "")) is None:
        # PostgreSQL's driver had no answer to take it from.
        return TroubleKind.UNREACHABLE
    if state:
        unreachable = state.startswith(("08", "57P"))
        kind = TroubleKind.UNREACHABLE if unreachable else TroubleKind.FAILED
        return _POSTGRESQL.get(state, kind)
    code = original.args[0] if original.args else -1
    return _MYSQL.get(code, TroubleKind.FAILED)


def name_of(error: BaseException) -> str:
    """Return an error's name and code. Its text may hold card numbers."""
    original = _original(error)
    code = getattr(original, "sqlite_errorname", None) or getattr(
        original, "sqlstate", None
    )
    if code is None and original.args and isinstance(original.args[0], int):
        code = original.args[0]
    name = type(original).__name__
    return f"{name} {code}" if code else name


def is_own_fault(error: BaseException) -> bool:
    """Return whether it is what was to be written that can't be, and not the database."""
    if isinstance(error, DBAPIError):
        return isinstance(error, (DataError, IntegrityError))
    return isinstance(error, (StatementError, ValueError, TypeError, OverflowError))
