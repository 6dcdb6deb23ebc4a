"""What is many and small, and may be lost with the last minute: written together."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from .samples import KeptSample, Sampler, write_samples, write_uses
from .writer import Job, Writer

# This often in seconds, or this many.
FLUSH_EVERY = 60.0
FLUSH_AT = 500
# Those that are kept for a database that is away; then the oldest go.
MOST_GATHERED = 50_000


class Gatherer:
    """Gathers samples and uses of cards for the writer."""

    def __init__(
        self,
        writer: Writer,
        number_of: Callable[[int], int | None],
        station_of: Callable[[int], str],
    ) -> None:
        """Begin with none.

        `number_of` says which number a transaction has in the database, if it is there;
        `station_of` whose it is.
        """
        self._writer = writer
        self._number_of = number_of
        self._sampler = Sampler(station_of)
        self._uses: list[dict[str, Any]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self, number: int, at: datetime, energy: float, power: float | None
    ) -> None:
        """Take a sample of a session."""
        if self._sampler.add(number, at, energy, power):
            self._gathered()

    def finish(self, number: int) -> None:
        """Have the last sample of a session written."""
        if self._sampler.finish(number):
            self._gathered()

    def add_use(self, row: dict[str, Any]) -> None:
        """Take the use of a card."""
        self._uses.append(row)
        self._gathered()

    def _gathered(self) -> None:
        """Write what was gathered when it is much, or else soon."""
        if len(self._sampler.kept) + len(self._uses) >= FLUSH_AT:
            self.flush()
        elif self._timer is None and not self._writer.closed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(FLUSH_EVERY, self.flush)

    def flush(self, *, last: bool = False) -> None:
        """Hand over what was gathered, unless the database is away."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer.away and not last:
            self._bound()
            return
        if kept := self._sampler.take():
            self._writer.put(Job(lambda it: self._write(it, kept), messages=0))
        if self._uses:
            uses, self._uses = self._uses, []
            self._writer.put(Job(lambda it: write_uses(it, uses), messages=len(uses)))

    def _bound(self) -> None:
        for gathered in (self._sampler.kept, self._uses):
            if (more := len(gathered) - MOST_GATHERED) > 0:
                # Some more, so that it is not done with each.
                lost = more + MOST_GATHERED // 10
                del gathered[:lost]
                self._writer.count_lost(lost)

    def _write(self, connection: Connection, kept: list[KeptSample]) -> None:
        write_samples(
            connection,
            [
                it._replace(number=number)
                for it in kept
                if (number := self._number_of(it.number)) is not None
            ],
        )
