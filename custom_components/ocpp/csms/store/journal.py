"""Facts about stations, and transactions: what stations wait for until it is stored."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
import time
from typing import Any, Concatenate

from sqlalchemy import Connection

from ..model import ChargingProfile, Reservation, Transaction
from ..variables import KeptModel
from . import charging_profiles, device_models, queries, reservations
from .database import Database
from .gatherer import Gatherer
from .memory import Counting, Memory
from .queries import Begun
from .records import transaction_row
from .trouble import Away, OnTrouble, StoreError, StoreTrouble, StoreUnavailable
from .writer import Job, Writer

# In seconds, for a database to be reached when it is opened.
LONGEST_OPENING = 10.0
# In seconds, for answers that no station waits for.
_LONGEST_QUESTION = 60.0
# Numbers that are kept for a transaction, beside that which it has in the database.
MOST_NUMBERS = 10_000


class Journal:
    """What stations write, and are answered from; `Store` adds what people ask."""

    def __init__(self, url: str) -> None:
        """Prepare a store at a database URL; `open` opens it."""
        self._url = url
        self._writer: Writer | None = None
        self._memory = Memory()
        self._last_number = 0
        # Numbers that stations were told, and what they are in the database, where that is
        # another: it was told while the database was away.
        self._numbers: dict[int, int] = {}
        self._deleted: set[int] = set()
        # Stations whose facts could not be loaded: what is stored must not be lost.
        self._unread: set[str] = set()
        self._gatherer: Gatherer | None = None
        # Called in the event loop with a trouble, and with None when all is well again.
        self.on_trouble: OnTrouble = lambda _: None

    # --- life ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the database, and create or upgrade what is in it.

        Raises `StoreUnavailable` when it may work later, `StoreTooNew` for a database of a
        newer release, which is left as it is, and `StoreError` when it can't ever work.
        """
        writer = Writer(Database(self._url))
        try:
            try:
                async with asyncio.timeout(LONGEST_OPENING):
                    current = await writer.in_thread(writer.database.connect)
            except TimeoutError as error:
                raise StoreUnavailable("the database does not answer") from error
            if not current:
                await writer.in_thread(writer.database.upgrade)
            self._last_number = await writer.in_thread(writer.database.newest)
        except StoreError:
            await writer.abandon()
            raise
        writer.on_trouble = self._tell
        writer.on_set_aside = self._all_again
        self._writer = writer
        self._gatherer = Gatherer(writer, self._number_of, self._memory.station_of)

    async def close(self) -> None:
        """Write what waits, if the database takes it within seconds, and close."""
        if self._writer is not None:
            self._gathered.flush(last=True)
            await self._writer.close()

    @property
    def trouble(self) -> StoreTrouble | None:
        """Return what is wrong with the database at present."""
        return self._used.trouble

    @property
    def set_aside(self) -> str | None:
        """Return the name of a damaged file that lies beside the one that is used."""
        return self._used.database.set_aside

    @property
    def _used(self) -> Writer:
        if self._writer is None:
            raise StoreUnavailable("the store is not open")
        return self._writer

    @property
    def _gathered(self) -> Gatherer:
        if self._gatherer is None:
            raise StoreUnavailable("the store is not open")
        return self._gatherer

    def _number_of(self, told: int) -> int | None:
        """Return the number in the database, unless it was deleted there."""
        return None if told in self._deleted else self._numbers.get(told, told)

    def _tell(self, trouble: StoreTrouble | None) -> None:
        if trouble is None:
            self._gathered.flush()
        self.on_trouble(trouble)

    def _all_again(self) -> list[Job[Any]]:
        """Return what writes all that is remembered to a database that lost it."""
        return [
            *(
                Job(partial(queries.save_facts, identity=it, facts=facts, merge=False))
                for it, facts in self._memory.facts.items()
            ),
            *(self._saving(it, known) for it, known in self._memory.all()),
            *(_reserving(it) for it in self._memory.reservations.values()),
            *(_installing(it) for it in self._memory.profiles.values()),
            *(_modelling(*it) for it in self._memory.device_models.items()),
        ]

    async def _question[**P, T](
        self,
        work: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **filters: P.kwargs,
    ) -> T:
        """Answer what people ask; raises `StoreUnavailable`."""
        job = Job(lambda it: work(it, *args, **filters), keep=False)
        return await self._used.ask(job, within=_LONGEST_QUESTION)

    # --- stations -----------------------------------------------------------------------

    async def load_facts(self, identity: str) -> dict[str, Any]:
        """Return what was last saved of a station."""
        work = partial(queries.load_facts, identity=identity)
        try:
            facts = await self._used.ask(Job(work, keep=False))
        except Away:
            if (known := self._memory.facts.get(identity)) is not None:
                return known
            self._unread.add(identity)
            return {}
        self._unread.discard(identity)
        self._memory.facts[identity] = facts
        return facts

    async def save_facts(self, identity: str, facts: dict[str, Any]) -> None:
        """Save what is known of a station."""
        self._memory.facts[identity] = facts
        merge = identity in self._unread
        work = partial(queries.save_facts, identity=identity, facts=facts, merge=merge)
        await self._written(Job(work, key=("facts", identity)))

    async def forget_station(self, identity: str) -> None:
        """Forget what is known of a station; its transactions stay."""
        self._memory.forget_station(identity)
        self._unread.discard(identity)
        work = partial(queries.forget_station, identity=identity)
        await self._written(Job(work, key=("facts", identity)))

    async def _written(self, job: Job[Any]) -> None:
        """Wait until a job is done, or kept until it can be."""
        try:
            await self._used.ask(job)
        except Away:
            pass

    # --- reservations -------------------------------------------------------------------

    async def load_reservations(self, station: str) -> list[Reservation]:
        """Return the reservations of a station, also those that expired meanwhile."""
        try:
            found = await self._used.ask(
                Job(partial(reservations.load, station=station), keep=False)
            )
        except Away:
            return self._memory.reservations_of(station)
        self._memory.reservations |= {(station, it.id): it for it in found}
        return found

    def save_reservation(self, reservation: Reservation) -> None:
        """Have a reservation written, in place of one with the same id; at once."""
        self._memory.reservations[reservation.station, reservation.id] = reservation
        self._used.put(_reserving(reservation))

    def delete_reservation(self, station: str, reservation_id: int) -> None:
        """Have a reservation forgotten that is over; at once."""
        self._memory.reservations.pop((station, reservation_id), None)
        work = partial(
            reservations.remove, station=station, reservation_id=reservation_id
        )
        self._used.put(Job(work, key=("reservation", station, reservation_id)))

    # --- charging profiles --------------------------------------------------------------

    async def load_charging_profiles(self, station: str) -> list[ChargingProfile]:
        """Return what a station was known to hold, also what is over by now."""
        try:
            found = await self._used.ask(
                Job(partial(charging_profiles.load, station=station), keep=False)
            )
        except Away:
            return self._memory.profiles_of(station)
        self._memory.profiles |= {(station, it.id): it for it in found}
        return found

    def save_charging_profile(self, profile: ChargingProfile) -> None:
        """Have a profile written, in place of one with the same id; at once.

        One with numbers that no column takes is not.
        """
        if charging_profiles.fits(profile):
            self._memory.profiles[profile.station, profile.id] = profile
            self._used.put(_installing(profile))

    def delete_charging_profile(self, station: str, profile_id: int) -> None:
        """Have a profile forgotten that a station does not hold any more; at once."""
        if self._memory.profiles.pop((station, profile_id), None) is not None:
            work = partial(
                charging_profiles.remove, station=station, profile_id=profile_id
            )
            self._used.put(Job(work, key=("profile", station, profile_id)))

    # --- device models ------------------------------------------------------------------

    async def load_device_model(self, station: str) -> KeptModel | None:
        """Return what a station was known to be made of, if it ever told."""
        work = partial(device_models.load, station=station)
        try:
            return await self._used.ask(Job(work, keep=False))
        except Away:
            return self._memory.device_models.get(station)

    def save_device_model(self, station: str, model: KeptModel) -> None:
        """Have a device model written, in place of what it was before; at once."""
        self._memory.device_models[station] = model
        self._used.put(_modelling(station, model))

    # --- transactions -------------------------------------------------------------------

    async def begin(
        self,
        transaction: Transaction,
        *,
        dated: bool,
        counting: Counting | None = None,
    ) -> tuple[Transaction, bool]:
        """Store a new transaction; return it with its number, and whether it is new.

        A repeated start is recognised by station, EVSE, token, time as the station wrote it
        and register, and gets the transaction it began. Where the time is no use (`dated`
        false) only a recent one can be meant.
        """
        counting = counting or {}
        memory = self._memory
        if self._used.away:
            if (known := memory.same_start(transaction, dated)) is not None:
                return known, False
        # Also unique after the database was lost: stations may still know older numbers.
        number = self._last_number = max(self._last_number + 1, int(time.time()))
        new = replace(transaction, number=number, id=transaction.id or str(number))
        row = transaction_row(new)
        job: Job[Begun] = Job(
            lambda it: queries.begin(it, transaction, new, row, counting, dated=dated),
            keep=self._may_wait(transaction),
            ends_batch=True,
        )
        try:
            result = await self._used.ask(job)
        except Away:
            if (known := memory.same_start(transaction, dated)) is not None:
                return known, False
            # From now on it has this number, whatever it gets in the database.
            job.on_done = partial(self._stored, transaction, number)
            memory.keep(new, counting)
            return new, True
        self._last_number = max(self._last_number, result.transaction.number)
        begun = self._as_told(result.transaction)
        memory.keep(begun, counting if result.new else None)
        return begun, result.new

    def _stored(self, start: Transaction, told: int, begun: Begun) -> None:
        """Know in the database what a station was told while that was away."""
        number = begun.transaction.number
        self._last_number = max(self._last_number, number)
        self._has_become(told, number)
        if number != told and not start.id:
            work = partial(queries.rename, number=number, transaction_id=str(told))
            self._used.put(Job(work))

    def _has_become(self, told: int, number: int) -> None:
        if number != told:
            self._numbers[told] = number
            if len(self._numbers) > MOST_NUMBERS:
                del self._numbers[next(iter(self._numbers))]

    def _as_told(self, transaction: Transaction) -> Transaction:
        """Return a transaction of the database with the number that is known here."""
        if self._numbers:
            for told, number in self._numbers.items():
                if number == transaction.number:
                    return replace(transaction, number=told)
        return transaction

    async def save(self, transaction: Transaction, counting: Counting) -> None:
        """Store how a transaction is now."""
        number = transaction.number
        if number in self._deleted:
            return
        self._memory.keep(transaction, counting)
        if not transaction.running:
            self._gathered.finish(number)
        if not self._used.away or self._may_wait(transaction):
            await self._written(self._saving(transaction, counting))

    def _may_wait(self, transaction: Transaction) -> bool:
        """Return whether there is room for it while the database is away.

        What was refused must not take the room of what was charged.
        """
        return transaction.token_info.accepted or not self._used.crowded

    def _saving(self, transaction: Transaction, counting: Counting) -> Job[int]:
        row, told = transaction_row(transaction), transaction.number

        def save(connection: Connection) -> int:
            stored = row | {"number": self._numbers.get(told, told)}
            return queries.save(connection, stored, counting)

        return Job(
            save, key=("transaction", told), on_done=partial(self._has_become, told)
        )

    async def find(self, station: str, transaction_id: str) -> Transaction | None:
        """Return the newest transaction that a station calls by this id."""
        work = partial(queries.find, station=station, transaction_id=transaction_id)
        try:
            found = await self._used.ask(Job(work, keep=False))
        except Away:
            return self._memory.find(station, transaction_id)
        if found is not None:
            found = self._as_told(found)
            self._memory.keep(found)
        return found

    async def counting(self, number: int) -> Counting:
        """Return how far the counting of a transaction is."""
        work = partial(queries.counting, number=self._numbers.get(number, number))
        try:
            return await self._used.ask(Job(work, keep=False))
        except Away:
            return self._memory.counting(number)

    async def latest(self, station: str) -> list[tuple[Transaction, Counting]]:
        """Return the newest transaction of each EVSE and how far its counting is."""
        work = partial(queries.latest, station=station)
        try:
            there = await self._used.ask(Job(work, keep=False))
        except Away:
            return self._memory.latest(station)
        there = [(self._as_told(transaction), known) for transaction, known in there]
        for transaction, counting in there:
            self._memory.keep(transaction, counting)
        return there


def _reserving(reservation: Reservation) -> Job[None]:
    """Return what writes a reservation."""
    return Job(
        partial(reservations.save, reservation=reservation),
        key=("reservation", reservation.station, reservation.id),
    )


def _installing(profile: ChargingProfile) -> Job[None]:
    """Return what writes a charging profile."""
    return Job(
        partial(charging_profiles.save, profile=profile),
        key=("profile", profile.station, profile.id),
    )


def _modelling(station: str, model: KeptModel) -> Job[None]:
    """Return what writes a device model."""
    return Job(
        partial(device_models.save, station=station, model=model),
        key=("device_model", station),
    )
