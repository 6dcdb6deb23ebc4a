"""How the sessions of a station begin, go on and end, whatever version tells of them."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...events import SessionEnded, SessionStarted
from ...model import (
    IN_TRANSACTION,
    UNKNOWN_END,
    ConnectorState,
    IdTokenInfo,
    Topic,
    Transaction,
    utcnow,
)
from .energy import SessionEnergy
from .notices import Stop
from .sessions import Sessions
from .tally import Tally

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# The ends that nobody meant: neither the driver, the owner nor the car.
_INTERRUPTIONS = frozenset(
    {"emergency_stop", "hard_reset", "other", "power_loss", "reboot", "soft_reset"}
    | {"ground_fault", "immediate_reset", "overcurrent_fault", "power_quality"}
    | {UNKNOWN_END}
)
_REMEMBERED_ENDS = 32
_REGISTER = "Energy.Active.Import.Register"
# In seconds: what is shown of a session goes back by no more than this when we are killed.
_SAVE_EVERY = 60
# In seconds: what an answer that is held back may take beyond that.
_UNTIL_ANSWERED = 0.5


class Course(Sessions):
    """The course of the sessions: at most one runs on each EVSE."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        super().__init__(station)
        # Ids that are over: samples that still carry them begin nothing.
        self._over: deque[str] = deque(maxlen=_REMEMBERED_ENDS)
        # Stored one after the other, also when the station does not wait for our answers.
        self._order = asyncio.Lock()
        self._saving: asyncio.TimerHandle | None = None
        # By number: the ids that samples name running sessions by, where they are not ours.
        self._called: dict[int, str] = {}

    async def load(self) -> None:
        """Take up the newest transactions of each EVSE from the store."""
        for transaction, counting in await self.station.store.latest(
            self.station.identity
        ):
            if not transaction.evse:
                self._go_on_unplaced(transaction, counting)
                continue
            self._latest[transaction.evse] = transaction
            self._catch_up_register(transaction)
            # What is known of the EVSEs themselves is saved a little later.
            self.station.add_evse(transaction.evse)
            if transaction.running:
                await self._go_on_counting(transaction, counting)
            else:
                self._over.append(transaction.id)
            await self.ended.load(transaction.evse, transaction)

    def _go_on_unplaced(
        self, transaction: Transaction, counting: dict[str, Any]
    ) -> None:
        # Numbers are what 1.6 is given: no session of that is found out to be over.
        if transaction.id != str(transaction.number):
            self.unplaced.take(transaction)
            self._tallies[transaction.number] = Tally.recall(
                transaction, counting, self.station.tariff
            )

    def _catch_up_register(self, latest: Transaction) -> None:
        """Know the register at an end, which is stored at once; others are not."""
        metering, evse = self.station.metering, latest.evse
        known = metering.reading(evse, _REGISTER)
        if (
            known is not None
            and latest.ended is not None
            and latest.ended >= known.at
            and (latest.meter_stop or 0) > known.value
        ):
            metering.take_register(evse, latest.meter_stop or 0, latest.ended)

    # --- beginning and ending -----------------------------------------------------------

    async def _begin(self, transaction: Transaction) -> None:
        evse = transaction.evse
        if (lost := self.running(evse)) is not None:
            await self._close(lost, transaction.started)
            # Where both starts are of one session, its samples can go on to name the first.
            self._over.remove(lost.id)
        energy = SessionEnergy(
            start=transaction.meter_start, before=self.station.metering.register(evse)
        )
        tally = self._tally(transaction, energy)
        self._latest[evse] = transaction
        self.station.add_evse(evse)
        # One that was counted before its place was known is further than its start.
        if transaction.meter_start and not tally.counts:
            self.station.metering.take_register(
                evse, transaction.meter_start, transaction.started
            )
        self.changed(Topic.TRANSACTION, evse)
        self.station.happened(SessionStarted(transaction=transaction))
        if delay := self.station.compatibility.start_answer_delay:
            # The station does not know the session's id before it got its answer.
            self.station.spawn(self._act_in(delay + _UNTIL_ANSWERED, transaction))
        else:
            self._act_on_start(evse)

    async def _act_in(self, seconds: float, transaction: Transaction) -> None:
        await asyncio.sleep(seconds)
        running = self.running(transaction.evse)
        if running is not None and running.number == transaction.number:
            self._act_on_start(transaction.evse)
            self.station.flush()

    def _act_on_start(self, evse: int) -> None:
        """Have a new session get what other blocks owe it."""
        self.station.smart_charging.on_transaction_started(evse)
        self.station.remote_control.on_transaction_started(evse)
        self.station.metering.on_transaction_started()

    def _hear_token(self, transaction: Transaction, remote_start: int | None) -> None:
        """Know only now whose session it is, and of which start."""
        evse = transaction.evse
        self._latest[evse] = transaction
        self._remote_starts[evse] = transaction.number, remote_start
        self.changed(Topic.TRANSACTION, evse)
        self.station.smart_charging.on_token(evse)
        self.station.remote_control.on_token(evse)

    async def _keep_past(self, transaction: Transaction, until: datetime) -> None:
        """Keep a session that was queued, and was over when the present one began.

        Its own end is still to come. Nothing that is shown changes.
        """
        past = replace(transaction, ended=until, stop_reason=UNKNOWN_END)
        self._over.append(past.id)
        await self.station.store.save(
            past, SessionEnergy(start=transaction.meter_start).as_dict()
        )

    async def _end(self, transaction: Transaction, stop: Stop) -> None:
        await self._recall(transaction)
        self._tally(transaction).finish(stop.meter_stop, stop.at)
        await self._store_end(
            replace(
                transaction,
                ended=max(stop.at, transaction.started),
                meter_stop=stop.meter_stop,
                stop_reason=stop.reason,
            ),
            known=not transaction.running,
        )
        # In 2.x the meter of no EVSE is that of the whole station.
        if stop.meter_stop and (transaction.evse or self.speaks_16):
            self.station.metering.take_register(
                transaction.evse, stop.meter_stop, stop.at
            )

    async def _close(self, transaction: Transaction, at: datetime) -> None:
        """End a session whose end never came; should it still come, it counts."""
        await self._store_end(
            replace(
                transaction,
                ended=max(at, transaction.started),
                stop_reason=UNKNOWN_END,
            )
        )

    async def _store_end(self, ended: Transaction, *, known: bool = False) -> None:
        tally = self._tally(ended)
        ended = tally.applied_to(ended)
        await self.station.store.save(ended, tally.as_dict())
        # What was guessed to be over may still be counted.
        if ended.stop_reason != UNKNOWN_END:
            del self._tallies[ended.number]
        self._over.append(ended.id)
        if (called := self._called.pop(ended.number, None)) is not None:
            self._over.append(called)
        self.unplaced.drop(ended.number)
        self.ended.take(ended)
        self.changed(Topic.TRANSACTION, ended.evse)
        newest = self._latest.get(ended.evse)
        if newest is not None and newest.number == ended.number:
            self._latest[ended.evse] = ended
            self.station.metering.on_transaction_ended(
                ended.evse, ended.ended or utcnow()
            )
            self.station.smart_charging.on_transaction_ended(ended.evse)
            self.station.remote_control.on_transaction_ended(ended.evse)
        self.station.happened(
            SessionEnded(
                transaction=ended,
                interrupted=ended.stop_reason in _INTERRUPTIONS,
                known=known,
            )
        )

    def _evse_of(self, connector: int) -> int:
        """Return the EVSE a connector number means; 0 where it can't be known."""
        if connector and self.station.has_room_for(connector):
            return connector
        return self.station.the_only_evse or 0

    # --- what happens meanwhile ---------------------------------------------------------

    def on_status(self, evse: int, state: ConnectorState) -> None:
        """Close the session of an EVSE that says it is free: some never tell its end."""
        if not self._has_ended(evse, state):
            return
        # What it queued while it was away, as the end itself, comes behind its status.
        connected_for = (utcnow() - self.station.connected_at).total_seconds()
        grace = max(self.station.options.queue_grace - connected_for, 0)
        self.station.spawn(self._close_if_ended(evse, grace))

    async def _close_if_ended(self, evse: int, grace: float) -> None:
        await asyncio.sleep(grace)
        async with self._order:
            state, running = self.station.availability.state(evse), self.running(evse)
            if running is not None and state and self._has_ended(evse, state):
                await self._close(running, state.at)
                # The message that told of it was answered long ago.
                self.station.flush()

    def on_register(
        self, evse: int, register: float, at: datetime, transaction_id: str | None
    ) -> None:
        """Count the energy of the running session up to a reading in Wh."""
        running = self.running(evse)
        if running is None:
            running = self._counted_late(evse, transaction_id)
        elif transaction_id != running.id and (
            at < running.started or self.is_over(transaction_id)
        ):
            return
        if running is None:
            return
        if transaction_id != running.id or self._called:
            self._hear_called(running, transaction_id)
        tally = self._tally(running)
        if tally.take(register, at):
            self.changed(Topic.ENERGY, evse)
            self._save_later()
        if tally.passes_minute(running.started):
            self.changed(Topic.DURATION, evse)
        self.station.store.add_sample(
            running.number, at, tally.energy, self.station.metering.power(evse)
        )

    def on_export_register(
        self, evse: int, register: float, at: datetime, transaction_id: str | None
    ) -> None:
        """Count what the car of the running session gave back, up to a reading in Wh."""
        running = self.running(evse)
        if running is None or (
            transaction_id != running.id
            and (at < running.started or self.is_over(transaction_id))
        ):
            return
        if self._tally(running).take_export(register, at):
            self.changed(Topic.ENERGY, evse)
            self._save_later()

    def on_other_meter(self, evse: int, register: float, *, exports: bool) -> None:
        """Have the running session go on with another meter; its register is in Wh."""
        if (running := self.running(evse)) is not None:
            self._tally(running).go_on(register, exports=exports)

    def _save_later(self) -> None:
        if self._saving is None:
            loop = asyncio.get_running_loop()
            # At the same time for all stations: together they are few commits.
            at = (loop.time() // _SAVE_EVERY + 1) * _SAVE_EVERY
            self._saving = loop.call_at(at, self._save)

    def _hear_called(self, running: Transaction, transaction_id: str | None) -> None:
        """Know which id a station of 1.6 has for a session, whatever it was given."""
        if transaction_id == running.id:
            self._called.pop(running.number, None)
        elif transaction_id is not None and self.speaks_16:
            self._called[running.number] = transaction_id

    def called(self, transaction: Transaction) -> str:
        """Return the id that the station has for a session."""
        return self._called.get(transaction.number, transaction.id)

    def is_over(self, transaction_id: str | None) -> bool:
        """Return whether samples with this id come after the end of their session."""
        return transaction_id is not None and transaction_id in self._over

    async def on_sample(
        self, evse: int, transaction_id: str | None, at: datetime
    ) -> None:
        """Take up a session that only its samples tell of.

        It was begun at another central system, or while ours was away, or its end was
        guessed too early. The EVSE must say that it charges: idle stations repeat old ids.
        """
        if transaction_id is None or self.running(evse) is not None:
            return
        state = self.station.availability.state(evse)
        if state is None or state.status not in IN_TRANSACTION:
            return
        async with self._order:
            if self.running(evse) is not None:
                return
            known = await self.station.store.find(self.station.identity, transaction_id)
            if known is None and transaction_id not in self._over:
                known, _ = await self.station.store.begin(
                    Transaction(
                        number=0,
                        id=transaction_id,
                        station=self.station.identity,
                        evse=evse,
                        started=at,
                        token_info=IdTokenInfo(),
                    ),
                    dated=True,
                )
                await self._begin(known)
            elif (
                known is not None
                and (known.running or known.stop_reason == UNKNOWN_END)
                and known.evse == evse
            ):
                self._reopen(known)

    def _reopen(self, known: Transaction) -> Transaction:
        """Have a session run whose end was guessed too early."""
        running = replace(known, ended=None, stop_reason=None)
        self._latest[known.evse] = running
        self.ended.drop(known.number)
        if known.id in self._over:
            self._over.remove(known.id)
        self.changed(Topic.TRANSACTION, known.evse)
        return running

    def _save(self) -> None:
        self.station.spawn(self.save())

    async def save(self) -> None:
        """Store how far the sessions are that are still counted."""
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        # Never behind the back of an end, which would undo that.
        async with self._order:
            for evse, transaction in list(self._latest.items()):
                if (tally := self._tallies.get(transaction.number)) is not None:
                    counted = self._latest[evse] = tally.applied_to(transaction)
                    if not counted.running:
                        self.ended.take(counted)
                    await self.station.store.save(counted, tally.as_dict())
            for transaction in self.unplaced:
                tally = self._tally(transaction)
                counted = tally.applied_to(transaction)
                await self.station.store.save(counted, tally.as_dict())
