"""What must survive: facts about stations, transactions, their samples, and cards.

SQL through SQLAlchemy, in one thread of its own: queries never run in the event loop and
are carried out in the order they were asked for.

When the database fails while it is used, charging goes on: what is to be written is kept in
memory, in order, and written when the database is back. Stations are answered from memory
meanwhile. A database that is away at the start is waited for instead (`StoreUnavailable`):
without it nobody could say which sessions run, and stations keep their messages until they
are answered.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import override

from ..model import Transaction
from . import sessions
from .allowance import MOST_USES, Allowance, Plenty
from .copying import copy_file
from .engine import check_url, database_url
from .journal import Journal
from .memory import Counting
from .queries import is_there
from .records import Sample, TokenTotal, naive, text, token_key
from .trouble import (
    StoreError,
    StoreTooNew,
    StoreTrouble,
    StoreUnavailable,
    TroubleKind,
)

__all__ = [
    "Sample",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreTrouble",
    "StoreUnavailable",
    "TokenTotal",
    "TroubleKind",
    "check_url",
    "database_url",
]


class Store(Journal):
    """The store of one central system."""

    def __init__(self, url: str) -> None:
        """Prepare a store at a database URL; `open` opens it."""
        super().__init__(url)
        # Which stations begin more transactions than is plausible.
        self.plenty = Plenty()
        self._uses = Allowance("uses of cards", MOST_USES)

    @override
    async def begin(
        self,
        transaction: Transaction,
        *,
        dated: bool,
        counting: Counting | None = None,
    ) -> tuple[Transaction, bool]:
        """Store a new transaction as `Journal` does, however many there are."""
        begun, new = await super().begin(transaction, dated=dated, counting=counting)
        if new:
            self.plenty.count(transaction.station)
        return begun, new

    # --- samples and uses of cards ------------------------------------------------------

    def add_sample(
        self,
        transaction_number: int,
        at: datetime,
        energy: float,
        power: float | None = None,
    ) -> None:
        """Take a sample of a session: Wh since its start and W; at once.

        One a minute is written, soon and together with others; so many of a session, and
        of a station in a day.
        """
        self._gathered.add(transaction_number, at, energy, power)

    def record_use(  # noqa: PLR0917 - the columns of a row
        self,
        station: str,
        evse: int,
        id_token: str,
        at: datetime,
        status: str,
        purpose: str,
    ) -> None:
        """Record that a card was presented, or used to start or to stop; at once.

        The same use is kept once, however often it is told; so many of a station in a day.
        """
        if not self._uses.take(station):
            return
        self._gathered.add_use(
            {
                "station": text(station, 48),
                "evse": evse,
                "id_token": text(id_token, 255),
                "token_key": token_key(id_token),
                "at": naive(at),
                "status": text(status, 20),
                "purpose": text(purpose, 20),
            }
        )

    async def samples(self, number: int) -> list[Sample]:
        """Return the samples of a session in their order; raises `StoreUnavailable`."""
        self._gathered.flush()
        return await self._question(
            sessions.select_samples, self._numbers.get(number, number)
        )

    # --- what people ask ----------------------------------------------------------------

    async def sessions(
        self,
        *,
        station: str | None = None,
        evse: int | None = None,
        id_tokens: Collection[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> list[Transaction]:
        """Return accepted sessions, running and ended, by their start.

        A session belongs to the period [start, end) that it began in, so that none is
        counted twice. `limit` leaves the newest. Letter case does not tell id tokens
        apart. Raises `StoreUnavailable`.
        """
        found = await self._question(
            partial(
                sessions.select_sessions,
                station=station,
                evse=evse,
                id_tokens=id_tokens,
                start=start,
                end=end,
                limit=limit,
            )
        )
        return [self._as_told(transaction) for transaction in found]

    async def token_totals(
        self, without: Collection[int] = ()
    ) -> dict[str, TokenTotal]:
        """Return what was charged with each id token, by its casefolded text.

        Accepted sessions count, as they were last saved: a running one is up to five
        minutes behind, unless it is among those to leave out. A session that is deleted counts no more, so that a total may fall.
        Raises `StoreUnavailable`.
        """
        left_out = [self._numbers.get(number, number) for number in without]
        return await self._question(partial(sessions.total_tokens, without=left_out))

    async def delete_session(self, number: int) -> bool:
        """Delete a session that has ended, and its samples; return whether there was one.

        Its number is never given again. Raises `StoreUnavailable`, after which it is there
        still.
        """
        there = self._numbers.get(number, number)
        deleted = await self._question(sessions.delete_session, there)
        if deleted:
            self._deleted.add(number)
            self._memory.forget(number)
        return deleted

    async def purge(self, samples_before: datetime) -> None:
        """Delete samples of sessions that ended before, and uses of cards before that.

        Sessions stay. Done bit by bit, so that no station waits for it; call it once a
        day. Raises `StoreUnavailable`.
        """
        self._gathered.flush()
        for purge in (sessions.purge_samples, sessions.purge_uses):
            while await self._question(purge, samples_before):
                pass

    # --- backups ------------------------------------------------------------------------

    async def backup(self, path: str | Path) -> None:
        """Copy an SQLite store to a new file, as of one moment, while it is used.

        Raises `StoreUnavailable`, and `StoreError` for a server, which has its own ways.
        """
        await self._written_so_far()
        if (file := self._used.database.file) is None:
            raise StoreError("only files of SQLite can be copied")
        await asyncio.to_thread(copy_file, file, Path(path))

    async def prepare_backup(self) -> None:
        """Leave the file of SQLite as it is until `finish_backup`, so that it can be copied.

        What is written meanwhile is as durable as ever: it goes to the log beside the file,
        and the file with any part of that log is a consistent whole. For a server nothing
        is done. Raises `StoreUnavailable`.
        """
        await self._written_so_far()
        await self._used.in_time(self._used.database.hold)

    async def finish_backup(self) -> None:
        """Write to the file of SQLite again; raises `StoreUnavailable`."""
        await self._used.in_time(self._used.database.release)

    async def _written_so_far(self) -> None:
        """Wait until all that was gathered is written; raises `StoreUnavailable`."""
        self._gathered.flush()
        await self._question(is_there)
