"""Functional block E: transactions. What people call a charging session."""

import asyncio
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ...errors import NoTransaction
from ...model import (
    IN_TRANSACTION,
    ConnectorState,
    EvseStatus,
    IdTokenInfo,
    Payload,
    SessionEnded,
    SessionStarted,
    Topic,
    Transaction,
    utcnow,
)
from ...versions import V16
from ..block import Block, answers
from . import v16
from .energy import SessionEnergy
from .tally import Tally

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["STOP_REASONS", "UNKNOWN_END", "Transactions"]

# The end of a session whose own end never came.
UNKNOWN_END = "unknown_end"
STOP_REASONS = (*v16.STOP_REASONS.values(), UNKNOWN_END)
# The ends that nobody meant: neither the driver, the owner nor the car.
_INTERRUPTIONS = frozenset(
    {"emergency_stop", "hard_reset", "other", "power_loss", "reboot", "soft_reset"}
    | {UNKNOWN_END}
)
_SAVE_EVERY = timedelta(minutes=5)
_REMEMBERED_ENDS = 32


class Transactions(Block):
    """The transactions of a station: at most one runs on each EVSE."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with none."""
        super().__init__(station)
        # The newest of each EVSE, running or ended. How far the running ones are is in
        # their tallies, by number.
        self._latest: dict[int, Transaction] = {}
        self._tallies: dict[int, Tally] = {}
        self._saved: dict[int, datetime] = {}
        # Ids that are over: samples that still carry them begin nothing.
        self._over: deque[str] = deque(maxlen=_REMEMBERED_ENDS)
        # Stored one after the other, also when the station does not wait for our answers.
        self._order = asyncio.Lock()

    async def load(self) -> None:
        """Take up the newest transactions of each EVSE from the store."""
        for transaction, counting in await self.station.store.latest(
            self.station.identity
        ):
            self._latest[transaction.evse] = transaction
            if transaction.running:
                energy = SessionEnergy(**{"start": transaction.meter_start} | counting)
                self._tally(transaction, energy)
            else:
                self._over.append(transaction.id)

    # --- what people and other blocks ask -----------------------------------------------

    def session(self, evse: int) -> Transaction | None:
        """Return the newest transaction of an EVSE, running or ended, as it is by now."""
        transaction = self._latest.get(evse)
        if transaction is None or not transaction.running:
            return transaction
        return self._tally(transaction).applied_to(transaction)

    def energy(self, evse: int) -> float | None:
        """Return what the newest transaction of an EVSE has charged, in Wh."""
        if (transaction := self._latest.get(evse)) is None:
            return None
        tally = self._tallies.get(transaction.number)
        return transaction.energy if tally is None else tally.energy

    def running(self, evse: int) -> Transaction | None:
        """Return the transaction that runs on an EVSE, as it was when last stored."""
        transaction = self._latest.get(evse)
        return transaction if transaction is not None and transaction.running else None

    def the_running(self, evse: int | None) -> Transaction:
        """Return the one transaction that is meant.

        Raises `NoTransaction` when none runs on the EVSE or, without one, when not exactly
        one runs on the station.
        """
        running = [
            transaction
            for transaction in self._latest.values()
            if transaction.running and evse in (None, transaction.evse)
        ]
        if len(running) != 1:
            raise NoTransaction
        return running[0]

    # --- messages -----------------------------------------------------------------------

    @answers("StartTransaction", V16, always=True)
    async def on_start_transaction(self, payload: Payload) -> Payload:
        """Record the start, then answer; a repeated one is answered alike (E01, E02)."""
        start = v16.read_start(payload)
        async with self._order:
            evse = self._evse_of(start.evse)
            transaction, new = await self.station.store.begin(
                Transaction(
                    number=0,
                    id="",
                    station=self.station.identity,
                    evse=evse,
                    started=start.at,
                    id_token=start.id_token,
                    token_info=self.station.authorization.authorize(start.id_token),
                    meter_start=start.meter_start,
                ),
                dated=start.dated,
            )
            # A refused start leaves the session that runs there alone.
            if new and transaction.token_info.accepted:
                await self._begin(transaction)
        return {
            "transactionId": transaction.number,
            "idTagInfo": v16.id_tag_info(transaction.token_info),
        }

    @answers("StopTransaction", V16, always=True)
    async def on_stop_transaction(self, payload: Payload) -> Payload:
        """Record the end, then answer; it can't be refused (E06, E07)."""
        stop = v16.read_stop(payload)
        async with self._order:
            transaction = await self._meant_by(stop)
            if transaction is None:
                self.station.note("StopTransaction: unknown transaction")
                await self._keep_orphan(stop)
            elif transaction.running or transaction.stop_reason == UNKNOWN_END:
                self.station.metering.take_up(
                    transaction.evse, payload.get("transactionData"), transaction.id
                )
                await self._end(transaction, stop)
        if not stop.id_token:
            return {}
        info = self.station.authorization.authorize(stop.id_token)
        return {"idTagInfo": v16.id_tag_info(info)}

    async def _meant_by(self, stop: v16.Stop) -> Transaction | None:
        if stop.transaction_id is not None:
            for transaction in self._latest.values():
                if transaction.id == stop.transaction_id:
                    return transaction
            return await self.station.store.find(
                self.station.identity, stop.transaction_id
            )
        # The station never got our answer to the start. It names neither the transaction
        # nor the connector, so only a single candidate will do.
        fitting = [
            transaction
            for transaction in self._latest.values()
            if transaction.running and transaction.started <= stop.at
        ]
        return fitting[0] if len(fitting) == 1 else None

    async def _keep_orphan(self, stop: v16.Stop) -> None:
        orphan = Transaction(
            number=0,
            id=stop.transaction_id or "",
            station=self.station.identity,
            evse=0,
            started=stop.at,
            id_token=stop.id_token,
            ended=stop.at,
            meter_stop=stop.meter_stop,
            stop_reason=stop.reason,
        )
        await self.station.store.begin(orphan, dated=True)

    # --- beginning and ending -----------------------------------------------------------

    async def _begin(self, transaction: Transaction) -> None:
        evse = transaction.evse
        if (lost := self.running(evse)) is not None:
            await self._close(lost, transaction.started)
        energy = SessionEnergy(
            start=transaction.meter_start, before=self.station.metering.register(evse)
        )
        self._tally(transaction, energy).begin()
        self._latest[evse] = transaction
        self.station.add_evse(evse)
        if transaction.meter_start:
            self.station.metering.take_register(
                evse, transaction.meter_start, transaction.started
            )
        self.changed(Topic.TRANSACTION, evse)
        self.station.happened(SessionStarted(transaction=transaction))
        self.station.smart_charging.on_transaction_started(evse)

    async def _end(self, transaction: Transaction, stop: v16.Stop) -> None:
        tally = self._tally(transaction)
        tally.finish(stop.meter_stop, stop.at)
        await self._store_end(
            replace(
                transaction,
                ended=max(stop.at, transaction.started),
                meter_stop=stop.meter_stop,
                stop_reason=stop.reason,
            ),
            known=not transaction.running,
        )
        if stop.meter_stop:
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
        del self._tallies[ended.number]
        self._saved.pop(ended.number, None)
        self._over.append(ended.id)
        newest = self._latest.get(ended.evse)
        if newest is not None and newest.number == ended.number:
            self._latest[ended.evse] = ended
            self.station.metering.on_transaction_ended(
                ended.evse, ended.ended or utcnow()
            )
            self.station.smart_charging.on_transaction_ended(ended.evse)
            self.changed(Topic.TRANSACTION, ended.evse)
        self.station.happened(
            SessionEnded(
                transaction=ended,
                interrupted=ended.stop_reason in _INTERRUPTIONS,
                known=known,
            )
        )

    def _tally(
        self, transaction: Transaction, energy: SessionEnergy | None = None
    ) -> Tally:
        """Return how far a transaction is; one that is not counted yet begins now."""
        tally = self._tallies.get(transaction.number)
        if tally is None:
            tally = self._tallies[transaction.number] = Tally(
                transaction,
                energy or SessionEnergy(start=transaction.meter_start),
                self.station.tariff,
            )
        return tally

    def _evse_of(self, connector: int) -> int:
        """Return the EVSE a connector number means; 0 where it can't be known."""
        if connector and self.station.has_room_for(connector):
            return connector
        return self.station.the_only_evse or 0

    # --- what happens meanwhile ---------------------------------------------------------

    def on_status(self, evse: int, state: ConnectorState) -> None:
        """Close the session of an EVSE that says it is free: some never tell its end."""
        running = self.running(evse)
        if (
            running is not None
            and state.status is EvseStatus.AVAILABLE
            and state.at >= running.started
        ):
            self.station.spawn(self._close_if_running(running, state.at))

    async def _close_if_running(self, transaction: Transaction, at: datetime) -> None:
        async with self._order:
            if self.running(transaction.evse) is transaction:
                await self._close(transaction, at)

    def on_register(
        self, evse: int, register: float, at: datetime, transaction_id: str | None
    ) -> None:
        """Count the energy of the running session up to a reading in Wh."""
        running = self.running(evse)
        if running is None or (at < running.started and transaction_id != running.id):
            return
        if self._tally(running).take(register, at):
            self.changed(Topic.ENERGY, evse)
        now = utcnow()
        if now - self._saved.get(running.number, running.started) >= _SAVE_EVERY:
            self._saved[running.number] = now
            self.station.spawn(self._save_running(evse))

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
                self._latest[evse] = replace(known, ended=None, stop_reason=None)
                if known.id in self._over:
                    self._over.remove(known.id)
                self.changed(Topic.TRANSACTION, evse)

    async def _save_running(self, evse: int) -> None:
        # Never behind the back of its end, which would undo that.
        async with self._order:
            if (running := self.running(evse)) is not None:
                tally = self._tally(running)
                await self.station.store.save(
                    tally.applied_to(running), tally.as_dict()
                )

    async def save(self) -> None:
        """Store how far the running sessions are."""
        for evse in list(self._latest):
            await self._save_running(evse)
