"""The database itself. All of this runs in the writer's thread."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import random
import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import IntegrityError

from . import holding
from .damage import check_version, newest_set_aside, set_aside
from .engine import build_engine, explain, file_of, read_url
from .queries import newest
from .schema import bring_up_to_date, is_current
from .trouble import (
    FAULTS,
    SetAside,
    StoreUnavailable,
    TroubleKind,
    is_own_fault,
    kind_of,
)

type Work = Callable[[Connection], Any]

# In seconds, for what another central system gets in the way of; and how often at least.
# It must be over before a station has waited too long.
_LONGEST_CONTEST = 2.0
_FEWEST_ATTEMPTS = 5
# In seconds: the first pause at most, and the longest.
_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
# How often a file may be found damaged, or just set aside by another central system,
# while it is opened.
_MOST_DAMAGES = 3
# In pages of 4 KiB, SQLite's own.
_CHECKPOINT_EVERY = 1000


class Unwritable:
    """What came of a work that no database can carry out."""

    def __init__(self, error: BaseException) -> None:
        """Keep the reason."""
        self.error = error


class Database:
    """One database, by its URL."""

    def __init__(self, url: str) -> None:
        """Prepare; raises `StoreError` when the URL can't be read."""
        self.url = read_url(url)
        self.file = file_of(self.url)
        # The name of a damaged file that lies beside the one that is used.
        self.set_aside: str | None = None
        self._engine: Engine | None = None
        # Whether the connection does not write to the file, but only to the log beside it.
        self._holds_back = False

    # --- opening ------------------------------------------------------------------------

    def connect(self) -> bool:
        """Open the database; return whether its schema is that of this release.

        Raises `StoreError`. A damaged file is set aside before a new one is begun.
        """
        try:
            current = self._connect_in_spite_of_damage()
        except FAULTS as error:
            raise StoreUnavailable(explain(error, self.url)) from error
        if self.file is not None:
            self.set_aside = newest_set_aside(self.file)
        return current

    def _connect_in_spite_of_damage(self) -> bool:
        for _ in range(_MOST_DAMAGES):
            try:
                return self._connect()
            except FAULTS as error:
                if not self._is_damage(error):
                    raise
                # Where another central system was sooner, its new file is used.
                self._begin_anew(error)
        return self._connect()

    def _connect(self) -> bool:
        if self.file is not None:
            check_version(self.file)
        self.close()
        self._engine = self._build()
        return is_current(self._engine)

    def _build(self, *, patient: bool = False) -> Engine:
        engine = build_engine(self.url, patient=patient)
        if self.file is not None:
            event.listen(engine, "connect", self._on_connect)
        return engine

    def upgrade(self) -> None:
        """Bring the schema to this release; raises `StoreError`. May take its time."""
        engine = self._build(patient=True)
        try:
            bring_up_to_date(engine)
        except FAULTS as error:
            raise StoreUnavailable(explain(error, self.url)) from error
        finally:
            engine.dispose()

    def newest(self) -> int:
        """Return the largest number that was ever given; raises `StoreError`."""
        try:
            with self._used.connect() as connection:
                return newest(connection)
        except FAULTS as error:
            raise StoreUnavailable(explain(error, self.url)) from error

    @property
    def _used(self) -> Engine:
        if self._engine is None:
            raise StoreUnavailable("the database is not open")
        return self._engine

    def close(self) -> None:
        """Let go of it."""
        if self._engine is not None:
            self._engine.dispose()

    # --- work ---------------------------------------------------------------------------

    def run(self, works: Sequence[Work]) -> list[Any]:
        """Carry out works in their order, in one commit where that is possible.

        Return what came of each. Raises one of `FAULTS`, after which some may have been
        committed: each must be such that doing it twice changes nothing. Raises `SetAside`
        when a new file had to be begun, where none of them is.
        """
        try:
            self._heed_hold()
            try:
                return self._run(works)
            except FAULTS as error:
                if not self._is_passing(error):
                    raise
            # A server that was restarted, for example.
            self._used.dispose()
            return self._run(works)
        except FAULTS as error:
            # Whatever it was, it may be bound to the connection.
            self._used.dispose()
            if (name := self._begin_anew(error)) is not None:
                raise SetAside(name) from error
            raise

    def _run(self, works: Sequence[Work]) -> list[Any]:
        if len(works) > 1:
            try:
                with self._used.begin() as connection:
                    return [work(connection) for work in works]
            except FAULTS as error:
                if not is_own_fault(error) and not self._is_busy(error):
                    raise
        return [self._alone(work) for work in works]

    def _alone(self, work: Work) -> Any:
        end = time.monotonic() + _LONGEST_CONTEST
        attempt = 0
        while True:
            attempt += 1
            try:
                with self._used.begin() as connection:
                    return work(connection)
            except FAULTS as error:
                # Another central system may just have taken the same number.
                collided = isinstance(error, IntegrityError) or self._is_busy(error)
                if collided and (attempt < _FEWEST_ATTEMPTS or time.monotonic() < end):
                    # Or both would get into each other's way again.
                    pause = min(_PAUSE * attempt, _LONGEST_PAUSE)
                    time.sleep(random.uniform(0, pause))  # noqa: S311
                    continue
                if not is_own_fault(error):
                    raise
                return Unwritable(error)

    def _is_passing(self, error: BaseException) -> bool:
        return kind_of(error) is TroubleKind.UNREACHABLE

    def _is_busy(self, error: BaseException) -> bool:
        # A file was waited for already.
        return self.file is None and kind_of(error) is TroubleKind.LOCKED

    # --- damage -------------------------------------------------------------------------

    def _is_damage(self, error: BaseException) -> bool:
        return self.file is not None and kind_of(error) is TroubleKind.DAMAGED

    def _begin_anew(self, error: BaseException) -> str | None:
        """Set a damaged file aside and begin another; return the name it was given.

        Raises one of `FAULTS` when that does not succeed either.
        """
        if self.file is None or not self._is_damage(error):
            return None
        self.close()
        try:
            name = set_aside(self.file)
        except OSError as failed:
            raise StoreUnavailable(failed.strerror or str(failed)) from failed
        self._engine = self._build()
        if name is not None:
            bring_up_to_date(self._engine)
            self.set_aside = name
        return name

    # --- backups ------------------------------------------------------------------------

    def hold(self) -> None:
        """Leave the file of SQLite as it is; what is written goes to the log beside it.

        The file and any part of that log are a consistent whole at any moment. It lasts
        until `release`, also for those who open the file meanwhile.
        """
        if self.file is None:
            return
        holding.hold(self.file)
        with self._raw() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._hold_back(connection)

    def release(self) -> None:
        """Write to the file again."""
        if self.file is None:
            return
        holding.release(self.file)
        self._write_through()

    def _heed_hold(self) -> None:
        """Do as the file is meant to be treated, if that has changed meanwhile."""
        if self.file is None or holding.is_held(self.file) is self._holds_back:
            return
        if self._holds_back:
            self._write_through()
        else:
            with self._raw() as connection:
                self._hold_back(connection)

    def _on_connect(self, connection: Any, _: object) -> None:
        if self.file is not None and holding.is_held(self.file):
            self._hold_back(connection)

    def _hold_back(self, connection: sqlite3.Connection) -> None:
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        self._holds_back = True

    def _write_through(self) -> None:
        with self._raw() as connection:
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, False)
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_EVERY}")
            self._holds_back = False
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    @contextmanager
    def _raw(self) -> Iterator[sqlite3.Connection]:
        """Lend the driver's own connection."""
        lent = self._used.raw_connection()
        try:
            driver = lent.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - it has a file
            yield driver
        finally:
            lent.close()
