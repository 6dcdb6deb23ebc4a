"""What is to be written, in order, and what happens when it can't be."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
import logging
from typing import Any

from sqlalchemy import Connection

from ..model import utcnow
from .database import Database, Unwritable
from .engine import LONGEST_REPLY
from .queries import is_there
from .trouble import (
    FAULTS,
    Away,
    OnTrouble,
    SetAside,
    StoreError,
    StoreTrouble,
    TroubleKind,
    kind_of,
    name_of,
)

_LOGGER = logging.getLogger(__name__)

# Jobs that are kept for a database that is away. It is years of a household's sessions.
MOST_WAITING = 10_000
_MOST_AT_ONCE = 200
# In seconds, until a database that failed is tried again.
FIRST_RETRY = 10.0
_LAST_RETRY = 60.0
_LONGEST_CLOSE = 5.0
# In seconds, until it is told again how much waits, unless it has doubled.
TELL_EVERY = 5.0
# One in so many that no database can carry out is told of in the log.
TELL_REFUSED = 1_000


@dataclass(eq=False, slots=True)
class Job[T]:
    """One piece of work for the database."""

    work: Callable[[Connection], T]
    # A question is not kept: nobody waits for its answer any more.
    keep: bool = True
    # A newer job with the same key takes the place of one that still waits.
    key: Hashable = None
    # How many messages it holds.
    messages: int = 1
    # Told what came of it, before anything behind it is carried out.
    on_done: Callable[[T], None] | None = None
    # What is behind it must know what came of it.
    ends_batch: bool = False
    future: asyncio.Future[T] | None = field(default=None, repr=False)

    def give_up(self) -> None:
        """Let nobody wait for it any longer; it may still be carried out."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(Away())
        self.future = None


class Writer:
    """Hands jobs to the database, in one thread of its own.

    When the database fails, jobs are kept in order and tried again. Whoever asks for
    something then gets `Away` at once, and answers from memory.
    """

    def __init__(self, database: Database) -> None:
        """Prepare; nothing is carried out before it is asked for."""
        self.database = database
        self.trouble: StoreTrouble | None = None
        self.on_trouble: OnTrouble = lambda _: None
        # Called when a new file was begun: says what must be in it first.
        self.on_set_aside: Callable[[], list[Job[Any]]] = list
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ocpp_store")
        self._waiting: deque[Job[Any]] = deque()
        self._by_key: dict[Hashable, Job[Any]] = {}
        self._running: list[Job[Any]] = []
        self._flight: asyncio.Future[list[Any]] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._delay = FIRST_RETRY
        self._tried = 0.0
        # How many messages were put since it was told how many wait.
        self._untold = 0
        self._telling: asyncio.TimerHandle | None = None
        self._dropped = 0
        # Jobs that no database can carry out.
        self._refused = 0
        self._closed = False

    async def in_thread[T](self, work: Callable[..., T], *args: Any) -> T:
        """Do something in the database's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, *args)

    async def in_time(self, work: Callable[[], None]) -> None:
        """Do something in the database's thread soon; raises `StoreUnavailable`."""
        try:
            async with asyncio.timeout(LONGEST_REPLY):
                await self.in_thread(work)
        except (TimeoutError, RuntimeError, *FAULTS) as error:
            raise Away from error

    # --- jobs ---------------------------------------------------------------------------

    @property
    def away(self) -> bool:
        """Return whether the database does not answer, as far as is known."""
        return self.trouble is not None or self._closed

    @property
    def crowded(self) -> bool:
        """Return whether there is room only for what matters most."""
        return len(self._waiting) >= MOST_WAITING // 2

    @property
    def closed(self) -> bool:
        """Return whether nothing is written any more."""
        return self._closed

    def count_lost(self, messages: int) -> None:
        """Count messages that could not even be kept."""
        self._dropped += messages
        self._count(messages)

    async def ask[T](self, job: Job[T], *, within: float | None = None) -> T:
        """Have a job carried out and return what came of it.

        Raises `Away` when the database does not do it in time. A job that is kept will be
        carried out all the same. Without a limit of its own it is one that a station waits
        for: then the database is not trusted any more.
        """
        if self.away:
            if job.keep:
                self.put(job)
            raise Away
        job.future = asyncio.get_running_loop().create_future()
        self.put(job)
        try:
            async with asyncio.timeout(LONGEST_REPLY if within is None else within):
                return await job.future
        except TimeoutError:
            if within is None:
                self._fail(TroubleKind.UNREACHABLE, "no answer in time")
            raise Away from None

    def put(self, job: Job[Any]) -> None:
        """Have a job carried out some time, after those before it."""
        if self._closed or len(self._waiting) >= MOST_WAITING:
            self._drop(job)
            return
        older = self._by_key.get(job.key) if job.key is not None else None
        if older is not None and older.future is None and job.future is None:
            older.work = job.work
            older.on_done = job.on_done
        else:
            self._waiting.append(job)
            if job.key is not None:
                self._by_key[job.key] = job
            self._count(job.messages if job.keep else 0)
        if self._retry is not None and self._now() - self._tried >= FIRST_RETRY:
            self._stop_retrying()
        self._go_on()

    def _drop(self, job: Job[Any]) -> None:
        job.give_up()
        if not self._dropped or not self._dropped % 1000:
            reason = "closed" if self._closed else "full"
            _LOGGER.error("The store is %s; what comes now is lost", reason)
        self.count_lost(job.messages)

    def _go_on(self) -> None:
        """Hand over what waits, unless the database has enough to do, or fails."""
        if self._running or not self._waiting or self._retry is not None:
            return
        while self._waiting and len(self._running) < _MOST_AT_ONCE:
            job = self._waiting.popleft()
            if job.key is not None and self._by_key.get(job.key) is job:
                del self._by_key[job.key]
            self._running.append(job)
            if job.ends_batch:
                break
        self._flight = asyncio.get_running_loop().run_in_executor(
            self._thread, self.database.run, [job.work for job in self._running]
        )
        self._flight.add_done_callback(self._over)

    def _over(self, flight: asyncio.Future[list[Any]]) -> None:
        """Take what came of the jobs that were handed over."""
        running, self._running = self._running, []
        self._tried = self._now()
        if flight.cancelled():
            return
        error = flight.exception()
        if error is None:
            for job, outcome in zip(running, flight.result(), strict=True):
                self._settle(job, outcome)
            self._recover()
        elif isinstance(error, SetAside):
            self._put_back(running)
            self._begin_anew(error)
        elif isinstance(error, (*FAULTS, StoreError)):
            for job in running:
                job.give_up()
            self._put_back([job for job in running if job.keep])
            self._fail(kind_of(error), name_of(error))
            return
        else:
            for job in running:
                self._settle(job, Unwritable(error))
            _LOGGER.error("The store failed", exc_info=error)
        self._go_on()

    def _settle(self, job: Job[Any], outcome: Any) -> None:
        if isinstance(outcome, Unwritable):
            job.give_up()
            if job.keep:
                if not self._refused % TELL_REFUSED:
                    _LOGGER.error(
                        "The store failed: something can't be written and is lost (%s)",
                        name_of(outcome.error),
                    )
                self._refused += 1
                self._dropped += job.messages
            return
        if job.on_done is not None:
            job.on_done(outcome)
        if job.future is not None and not job.future.done():
            job.future.set_result(outcome)

    def _put_back(self, jobs: list[Job[Any]]) -> None:
        for job in reversed(jobs):
            self._waiting.appendleft(job)
            if job.key is not None:
                self._by_key.setdefault(job.key, job)

    # --- trouble ------------------------------------------------------------------------

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def messages(self) -> int:
        """Return how many messages wait to be written."""
        jobs = (*self._running, *self._waiting)
        return sum(job.messages for job in jobs if job.keep)

    def _fail(self, kind: TroubleKind, reason: str) -> None:
        """Answer from memory from now on, and try again from time to time."""
        for job in self._waiting:
            job.give_up()
        self._waiting = deque(job for job in self._waiting if job.keep)
        # Damage that a new file was no cure for.
        kind = TroubleKind.FAILED if kind is TroubleKind.DAMAGED else kind
        since = self.trouble.since if self.trouble is not None else utcnow()
        if self.trouble is None:
            _LOGGER.error(
                "The store failed (%s, %s); charging goes on, and what must be kept is "
                "kept in memory until the store works again",
                kind,
                reason,
            )
        self._stop_telling()
        self.trouble = StoreTrouble(
            kind=kind, since=since, waiting=self.messages, dropped=self._dropped
        )
        if not self._running and self._retry is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(self._delay, self._try_again)
            self._delay = min(self._delay * 1.5, _LAST_RETRY)
        self.on_trouble(self.trouble)

    def _count(self, messages: int) -> None:
        """Tell how much waits by now: at once where it has doubled, or else soon."""
        if self.trouble is None or self._closed or not messages:
            return
        self._untold += messages
        if self._untold >= max(1, self.trouble.waiting + self.trouble.dropped):
            self._tell_again()
        elif self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(TELL_EVERY, self._tell_again)

    def _tell_again(self) -> None:
        self._stop_telling()
        if self.trouble is not None:
            self.trouble = replace(
                self.trouble, waiting=self.messages, dropped=self._dropped
            )
            self.on_trouble(self.trouble)

    def _stop_telling(self) -> None:
        """Have nothing left to tell."""
        self._untold = 0
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _stop_retrying(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _try_again(self) -> None:
        self._retry = None
        if not self._waiting:
            # Nothing to write, but people want to know.
            self._waiting.append(Job(is_there, keep=False))
        self._go_on()

    def _recover(self) -> None:
        """Trust the database again, once all that waited is written."""
        self._delay = FIRST_RETRY
        if self.trouble is None or self._waiting:
            return
        self._stop_telling()
        self.trouble = None
        _LOGGER.warning("The store works again; all that was kept is written")
        self.on_trouble(None)

    def _begin_anew(self, found: SetAside) -> None:
        _LOGGER.error(
            "The store's file was damaged; it is kept as %s, and a new one was begun",
            found.name,
        )
        self._put_back(self.on_set_aside())
        self.on_trouble(
            StoreTrouble(
                kind=TroubleKind.DAMAGED,
                since=utcnow(),
                waiting=self.messages,
                dropped=self._dropped,
                set_aside=found.name,
            )
        )

    # --- the end ------------------------------------------------------------------------

    async def abandon(self) -> None:
        """Close what was never open; without waiting for a database that hangs."""
        self._closed = True
        closing = self._thread.submit(self.database.close)
        await asyncio.wait([asyncio.wrap_future(closing)], timeout=0.1)
        self._thread.shutdown(wait=closing.done(), cancel_futures=True)

    async def close(self) -> None:
        """Write what waits, if the database takes it within a few seconds."""
        if self._closed:
            return
        self._closed = True
        self._stop_retrying()
        self._stop_telling()
        end = self._now() + _LONGEST_CLOSE
        before = self.trouble
        while self._waiting or self._running:
            self._go_on()
            flight = self._flight
            assert flight is not None  # noqa: S101 - one is running
            await asyncio.wait([flight], timeout=max(0, end - self._now()))
            failed = self.trouble is not None and self.trouble is not before
            if failed or not flight.done():
                break
        if lost := self.messages:
            _LOGGER.error("The store did not take the last %s messages: lost", lost)
        if not self._running:
            await self.in_thread(self.database.close)
        self._thread.shutdown(wait=not self._running, cancel_futures=True)
