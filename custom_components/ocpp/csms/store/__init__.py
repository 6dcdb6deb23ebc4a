"""What must survive: facts about stations, and transactions.

SQL through SQLAlchemy, in one thread of its own: queries never run in the event loop and
are carried out in the order they were asked for.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
import time
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..model import IdTokenInfo, Transaction
from .tables import metadata, stations, transactions

_LOGGER = logging.getLogger(__name__)

# A start without a usable time is taken for a repetition only this long.
_UNDATED_REPEAT = timedelta(minutes=15)
_ATTEMPTS = 10
# In milliseconds, for another store to finish writing to the same file.
_LONGEST_WAIT = 10_000


class StoreError(Exception):
    """The store can't be opened."""


class Store:
    """The store of one central system."""

    def __init__(self, url: str) -> None:
        """Prepare a store at a database URL; `open` opens it."""
        self._url = url
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ocpp_store")
        self._last_number = 0

    async def open(self) -> None:
        """Open the store and create what is missing; raises `StoreError`."""
        try:
            self._last_number = await self._in_thread(self._open)
        except (SQLAlchemyError, ImportError) as error:
            await self.close()
            raise StoreError(str(error)) from error

    def _open(self) -> int:
        # Card numbers are among the parameters; they must not reach any log.
        self._engine = create_engine(self._url, hide_parameters=True)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        metadata.create_all(self._engine)
        with self._engine.connect() as connection:
            newest = connection.scalar(select(func.max(transactions.c.number)))
        return newest or 0

    async def close(self) -> None:
        """Finish what was asked for and close."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    async def _in_thread[T](self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, partial(work, *args)
        )

    async def _run[T](self, work: Callable[[Connection], T], otherwise: T) -> T:
        """Carry out work in one committed transaction of the database.

        When the database fails, charging goes on without it: the failure is logged and
        `otherwise` returned.
        """
        try:
            return await self._in_thread(self._commit, work)
        except (SQLAlchemyError, RuntimeError) as error:  # The latter: it is closed.
            _LOGGER.error("The store failed: %s", type(error).__name__)
            return otherwise

    def _commit[T](self, work: Callable[[Connection], T]) -> T:
        assert self._engine is not None  # noqa: S101 - opened before it is used
        for _ in range(_ATTEMPTS):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except IntegrityError as error:
                # Another central system took the same number just now.
                collision = error
        raise collision

    # --- stations -----------------------------------------------------------------------

    async def load_facts(self, identity: str) -> dict[str, Any]:
        """Return what was last saved of a station."""

        def load(connection: Connection) -> dict[str, Any]:
            query = select(stations.c.facts).where(stations.c.identity == identity)
            return connection.scalar(query) or {}

        return await self._run(load, {})

    async def save_facts(self, identity: str, facts: dict[str, Any]) -> None:
        """Save what is known of a station."""

        def save(connection: Connection) -> None:
            changed = connection.execute(
                update(stations)
                .where(stations.c.identity == identity)
                .values(facts=facts)
            )
            if not changed.rowcount:
                connection.execute(
                    insert(stations).values(identity=identity, facts=facts)
                )

        await self._run(save, None)

    async def forget_station(self, identity: str) -> None:
        """Forget what is known of a station; its transactions stay."""
        query = delete(stations).where(stations.c.identity == identity)
        await self._run(lambda connection: _executed(connection, query), None)

    # --- transactions -------------------------------------------------------------------

    async def begin(
        self, transaction: Transaction, *, dated: bool
    ) -> tuple[Transaction, bool]:
        """Store a new transaction; return it with its number, and whether it is new.

        A repeated start is recognised by station, EVSE, token, time and register and gets
        the transaction it began. Without a usable time (`dated` false) only one that still
        runs and is recent can be meant.
        """
        # Also unique after the database was lost: stations may still know older numbers.
        number = max(self._last_number + 1, int(time.time()))
        self._last_number = number
        new = replace(transaction, number=number, id=transaction.id or str(number))

        def begin(connection: Connection) -> tuple[Transaction, bool]:
            if (
                row := connection.execute(_same_start(transaction, dated)).first()
            ) is not None:
                return _transaction(row), False
            # Another central system may keep its transactions in the same database.
            taken = connection.scalar(select(func.max(transactions.c.number))) or 0
            fresh = new
            if taken >= number:
                self._last_number = taken + 1
                fresh = replace(
                    new, number=taken + 1, id=transaction.id or str(taken + 1)
                )
            connection.execute(insert(transactions).values(**_row(fresh), counting={}))
            return fresh, True

        return await self._run(begin, (new, True))

    async def save(self, transaction: Transaction, counting: dict[str, object]) -> None:
        """Store how a transaction is now."""
        query = (
            update(transactions)
            .where(transactions.c.number == transaction.number)
            .values(**_row(transaction), counting=counting)
        )
        await self._run(lambda connection: _executed(connection, query), None)

    async def find(self, station: str, transaction_id: str) -> Transaction | None:
        """Return the newest transaction that a station calls by this id."""
        query = (
            select(transactions)
            .where(
                transactions.c.station == station, transactions.c.id == transaction_id
            )
            .order_by(transactions.c.number.desc())
            .limit(1)
        )

        def find(connection: Connection) -> Transaction | None:
            row = connection.execute(query).first()
            return _transaction(row) if row is not None else None

        return await self._run(find, None)

    async def latest(self, station: str) -> list[tuple[Transaction, dict[str, Any]]]:
        """Return the newest transaction of each EVSE and how far its counting is."""
        # Refused starts and ends of unknown sessions are records, not sessions to show.
        newest = (
            select(func.max(transactions.c.number))
            .where(
                transactions.c.station == station,
                transactions.c.evse > 0,
                transactions.c.token_status == "Accepted",
            )
            .group_by(transactions.c.evse)
        )
        query = select(transactions).where(transactions.c.number.in_(newest))

        def load(connection: Connection) -> list[tuple[Transaction, dict[str, Any]]]:
            return [
                (_transaction(row), row.counting) for row in connection.execute(query)
            ]

        return await self._run(load, [])


def _configure_sqlite(connection: Any, _: Any) -> None:
    """Make commits durable: a killed process loses nothing that was acknowledged."""
    # The driver would begin too late for what `_begin_sqlite` is there for.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_LONGEST_WAIT}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Let no other store write between what is looked up and what is written."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _executed(connection: Connection, query: Any) -> None:
    connection.execute(query)


def _same_start(transaction: Transaction, dated: bool) -> Any:
    """Select the transaction that this start already began."""
    columns = transactions.c
    query = select(transactions).where(
        columns.station == transaction.station,
        columns.evse == transaction.evse,
        func.lower(columns.id_token) == transaction.id_token.lower(),
        columns.meter_start == transaction.meter_start
        if transaction.meter_start is not None
        else columns.meter_start.is_(None),
    )
    if dated:
        query = query.where(columns.started == _naive(transaction.started))
    else:
        earliest = _naive(transaction.started - _UNDATED_REPEAT)
        query = query.where(columns.ended.is_(None), columns.started >= earliest)
    if transaction.id:
        query = query.where(columns.id == transaction.id)
    if transaction.ended is not None:
        query = query.where(columns.ended == _naive(transaction.ended))
    return query.order_by(columns.number.desc()).limit(1)


def _naive(moment: datetime | None) -> datetime | None:
    """Return a moment as it is stored: UTC without saying so, as all databases can."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment is not None else None


def _row(transaction: Transaction) -> dict[str, Any]:
    return {
        "number": transaction.number,
        "id": transaction.id,
        "station": transaction.station,
        "evse": transaction.evse,
        "started": _naive(transaction.started),
        "id_token": transaction.id_token,
        "token_status": transaction.token_info.status,
        "meter_start": transaction.meter_start,
        "energy": transaction.energy,
        "ended": _naive(transaction.ended),
        "meter_stop": transaction.meter_stop,
        "stop_reason": transaction.stop_reason,
    }


def _transaction(row: Row[Any]) -> Transaction:
    return Transaction(
        number=row.number,
        id=row.id,
        station=row.station,
        evse=row.evse,
        started=row.started.replace(tzinfo=UTC),
        id_token=row.id_token,
        token_info=IdTokenInfo(status=row.token_status),
        meter_start=row.meter_start,
        energy=row.energy,
        ended=row.ended.replace(tzinfo=UTC) if row.ended else None,
        meter_stop=row.meter_stop,
        stop_reason=row.stop_reason,
    )
