"""The messages by which 2.x tells of transactions: one for all of their course."""

from dataclasses import replace
from typing import override

from ...id_tokens import Purpose, is_secret
from ...model import UNKNOWN_END, Answer, IdTokenInfo, Payload, Topic, Transaction
from ...versions import V2
from ..block import answers
from . import v2
from .checking import Checking
from .energy import SessionEnergy
from .notices import Stop
from .progress import Progress
from .tally import priced
from .v2 import Event, EventType

_NOT_CHARGING = frozenset({"evconnected", "idle"})
# What a token that a session has already comes again for.
_STOPS = frozenset({"StopAuthorized", "Deauthorized"})


class TransactionEvents(Checking):
    """Takes up the events of a station that speaks 2.x."""

    @answers("TransactionEvent", *V2, always=True)
    def on_transaction_event(self, payload: Payload) -> Answer:
        """Record the event, then answer; it can't be refused (E01, E02, E06, E12)."""
        event = v2.read_event(payload)
        if not event.id:
            # Nothing can ever be found by it, but the station must get rid of it.
            self.station.note("TransactionEvent: no transactionId")
            return {}
        plain = not self.station.tariff_cost.is_told(payload)
        if plain and (running := self._only_sampled(event)) is not None:
            # The usual case. The answer is the same whatever the samples are.
            self.station.afterwards(self._take_plain_samples, event, running)
            return {}
        return self._record(event, payload)

    async def _record(self, event: Event, payload: Payload) -> Payload:
        answer: Payload = {}
        async with self._order:
            transaction, new = await self._transaction_of(event)
            info = self._authorize(event, transaction, new=new)
            transaction = await self._take_up(event, transaction, info, new=new)
            if info is not None:
                written = self.station.authorization.id_token_info(info)
                answer["idTokenInfo"] = written
            answer |= self.station.tariff_cost.of_event(transaction, payload)
        return answer

    def _only_sampled(self, event: Event) -> Transaction | None:
        """Return the running transaction that an event brings nothing but samples of."""
        if (
            event.type is not EventType.UPDATED
            or event.token is not None
            or event.remote_start is not None
            or event.offline
            or v2.resumes(event)
            or self.station.tariff.exists
            or self._order.locked()
        ):
            return None
        for evse, known in self._latest.items():
            if known.id == event.id:
                tally = self._tallies.get(known.number)
                if (
                    known.running
                    and tally is not None
                    and event.evse in (None, evse)
                    and event.connector in (None, tally.progress.connector)
                    and event.charging_state in ("", tally.progress.charging_state)
                ):
                    return known
                return None
        return None

    def _take_plain_samples(self, event: Event, running: Transaction) -> None:
        self._tally(running).progress.take(event.number)
        if running.evse:
            self.station.metering.take_up(running.evse, event.meter_value, running.id)

    # --- which transaction --------------------------------------------------------------

    async def _transaction_of(self, event: Event) -> tuple[Transaction, bool]:
        """Return what the event is about, and whether nothing told of it before."""
        for known in self._known():
            if known.id == event.id and not v2.begins_anew(event, known):
                await self._recall(known)
                return known, False
        stored = await self.station.store.find(self.station.identity, event.id)
        if stored is not None and not v2.begins_anew(event, stored):
            await self._recall(stored)
            return stored, False
        info = self._authorize_start(event)
        evse = self._evse_of(event.evse or 0)
        token = self._kept_token(event)
        register = self._first_register(event)
        ended = event.type is EventType.ENDED
        transaction, _ = await self.station.store.begin(
            priced(
                Transaction(
                    number=0,
                    id=event.id,
                    station=self.station.identity,
                    evse=evse,
                    started=event.at,
                    told=event.told,
                    id_token=token,
                    token_info=info or IdTokenInfo(),
                    meter_start=register,
                    card=self._card(event),
                    ended=event.at if ended else None,
                    stop_reason=UNKNOWN_END if ended else None,
                ),
                self.station.tariff,
            ),
            dated=event.dated,
            counting=SessionEnergy(
                start=register, before=self.station.metering.register(evse)
            ).as_dict(),
        )
        return transaction, True

    def _first_register(self, event: Event) -> float | None:
        """Return the register at the start, where the event tells of that."""
        registers = self.station.metering.registers
        read = registers(v2.beginnings(event.meter_value))
        if not read and event.type is EventType.STARTED:
            read = registers(event.meter_value)
        return read[0][1] if read else None

    # --- tokens -------------------------------------------------------------------------

    def _authorize_start(self, event: Event) -> IdTokenInfo | None:
        if event.token is None:
            return None
        return self.station.authorization.authorize(
            event.token.text,
            purpose=Purpose.START,
            at=event.at,
            evse=self._evse_of(event.evse or 0),
            kind=event.token.type,
        )

    def _authorize(
        self, event: Event, transaction: Transaction, *, new: bool
    ) -> IdTokenInfo | None:
        """Return what is thought of the token of an event, each time anew (C12, E05)."""
        if event.token is None:
            return None
        stops = not new and (
            event.type is EventType.ENDED
            or event.trigger in _STOPS
            or transaction.id_token not in ("", event.token.text)
        )
        if not stops:
            info = transaction.token_info if new else self._authorize_start(event)
            purpose = Purpose.START
        else:
            purpose = Purpose.STOP
            info = self.station.authorization.authorize(
                event.token.text,
                purpose=purpose,
                at=event.at,
                session=transaction.id_token,
                kind=event.token.type,
            )
        if info is not None:
            self.station.authorization.used(
                event.token.text,
                info,
                purpose=purpose,
                evse=transaction.evse,
                at=event.at,
                kind=event.token.type,
            )
        return info

    def _kept_token(self, event: Event) -> str:
        """Return what is kept of the token: a PIN is no card's number (C04.FR.04).

        Some stations leave out the token of a start that we asked for.
        """
        if event.token is None:
            return self.station.remote_control.token_of(event.remote_start) or ""
        return "" if is_secret(event.token.type) else event.token.text

    def _card(self, event: Event) -> str | None:
        token = event.token.text if event.token else self._kept_token(event)
        return self.station.authorization.name(token) if token else None

    # --- what an event changes ----------------------------------------------------------

    async def _take_up(
        self,
        event: Event,
        transaction: Transaction,
        info: IdTokenInfo | None,
        *,
        new: bool,
    ) -> Transaction:
        before = transaction
        if new and transaction.running:
            transaction = await self._take_up_new(event, transaction)
        elif not new:
            transaction = await self._amend(event, transaction, info)
            if v2.resumes(event):
                transaction = self._resume(transaction)
        tally = self._tally(transaction)
        tally.progress.take(event.number)
        tally.progress.connector = event.connector or tally.progress.connector
        if event.charging_state not in ("", tally.progress.charging_state):
            tally.progress.charging_state = event.charging_state
            self.changed(Topic.TRANSACTION, transaction.evse)
        self._take_samples(event, transaction)
        if event.type is EventType.ENDED:
            transaction = await self._take_end(event, transaction)
        elif not transaction.running:
            await self._store_late(transaction)
        elif transaction is not before or event.offline:
            await self._store_progress(transaction)
        if transaction.evse:
            self.station.availability.on_charging_state(transaction.evse, event.at)
        return self._tally_of(transaction)

    async def _take_up_new(self, event: Event, transaction: Transaction) -> Transaction:
        """Have a transaction run that nothing told of before, unless it is refused."""
        if not transaction.token_info.accepted:
            return transaction
        if not transaction.evse:
            await self._keep_unplaced(transaction)
            return self.unplaced.get(transaction.number) or transaction
        running = self.running(transaction.evse)
        if running is not None and event.at < running.started and event.dated:
            await self._keep_past(transaction, running.started)
            return replace(transaction, ended=running.started, stop_reason=UNKNOWN_END)
        self._remote_starts[transaction.evse] = transaction.number, event.remote_start
        await self._begin(transaction)
        self.station.reservation.on_started(transaction, event.reservation)
        return transaction

    async def _amend(
        self, event: Event, transaction: Transaction, info: IdTokenInfo | None
    ) -> Transaction:
        """Add to a known transaction what is told once, and only now (E01.FR.16)."""
        before = transaction
        place = self._evse_of(event.evse or 0)
        guessed = not self._tally(transaction).progress.connector
        if place not in (0, transaction.evse) and (guessed or not transaction.evse):
            self._drop_unplaced(transaction)
            transaction = replace(transaction, evse=place)
        if event.type is EventType.STARTED and event.at < transaction.started:
            # Its later events overtook it.
            transaction = replace(transaction, started=event.at, told=event.told)
        if transaction.meter_start is None:
            transaction = self._begin_counting(event, transaction)
        begins = transaction.running and not before.token_info.accepted
        token, card = self._kept_token(event), self._card(event)
        nobody_yet = not transaction.id_token and not transaction.card
        if (
            (info or transaction.token_info).accepted
            and event.type is not EventType.ENDED
            and (begins or (nobody_yet and (token or card)))
        ):
            transaction = replace(
                transaction,
                id_token=token,
                token_info=info or transaction.token_info,
                card=card,
            )
            if begins:
                transaction = priced(transaction, self.station.tariff)
        if transaction is before:
            return transaction
        if transaction.running and transaction.token_info.accepted:
            if not transaction.evse:
                await self._keep_unplaced(transaction)
            elif begins or transaction.evse != before.evse:
                await self._begin(transaction)
            else:
                self._hear_token(transaction, event.remote_start)
            self.station.reservation.on_started(transaction, event.reservation)
        return transaction

    def _begin_counting(self, event: Event, transaction: Transaction) -> Transaction:
        """Count from what the register was at the start, where that is told only now."""
        if (register := self._first_register(event)) is None:
            return transaction
        self._tally(transaction).begin(register, event.at)
        return replace(transaction, meter_start=register)

    def _take_samples(self, event: Event, transaction: Transaction) -> None:
        """Take up meter values; those of a session that is over count for that only."""
        latest = self._latest.get(transaction.evse)
        if (
            latest is not None
            and latest.number == transaction.number
            and latest.running
        ):
            self.station.metering.take_up(
                transaction.evse, event.meter_value, transaction.id
            )
            return
        tally = self._tally(transaction)
        for at, register in self.station.metering.registers(event.meter_value):
            if tally.take(register, at):
                self.station.store.add_sample(
                    transaction.number, at, tally.energy, None
                )
                self._count_unplaced(transaction)

    async def _take_end(self, event: Event, transaction: Transaction) -> Transaction:
        if not transaction.running and transaction.stop_reason != UNKNOWN_END:
            # Said again.
            await self._store_late(transaction)
            return transaction
        read = self.station.metering.registers(event.meter_value)
        stop = Stop(
            transaction_id=event.id,
            id_token=self._kept_token(event),
            at=event.at,
            dated=event.dated,
            told=event.told,
            meter_stop=read[-1][1] if read else None,
            reason=v2.reason(event),
        )
        tally = self._tally(transaction)
        if not transaction.token_info.accepted:
            # A record, of which nothing is shown.
            tally.finish(stop.meter_stop, stop.at)
            ended = tally.applied_to(
                replace(
                    transaction,
                    ended=max(stop.at, transaction.started),
                    meter_stop=stop.meter_stop,
                    stop_reason=stop.reason,
                )
            )
            await self.station.store.save(ended, tally.as_dict())
            del self._tallies[transaction.number]
            return ended
        await self._end(transaction, stop)
        if not tally.progress.complete:
            self.station.note("TransactionEvent: some never came")
            self.station.spawn(self.look_for_missing(transaction.id))
        ended = tally.applied_to(transaction)
        return replace(ended, ended=stop.at, stop_reason=stop.reason)

    async def _store_progress(self, transaction: Transaction) -> None:
        """Store what an event added before it is answered, where it is more than samples."""
        tally = self._tally(transaction)
        await self.station.store.save(tally.applied_to(transaction), tally.as_dict())

    async def _store_late(self, transaction: Transaction) -> None:
        """Store what came after the end of its session; that stays ended."""
        tally = self._tally(transaction)
        ended = tally.applied_to(transaction)
        await self.station.store.save(ended, tally.as_dict())
        if ended.stop_reason != UNKNOWN_END:
            del self._tallies[ended.number]
        latest = self._latest.get(ended.evse)
        if is_latest := latest is not None and latest.number == ended.number:
            self._latest[ended.evse] = ended
        if ended.energy != transaction.energy or (is_latest and ended != latest):
            self.ended.take(ended)
            self.changed(Topic.TRANSACTION, ended.evse)

    def _tally_of(self, transaction: Transaction) -> Transaction:
        """Return a transaction as it is by now."""
        tally = self._tallies.get(transaction.number)
        return transaction if tally is None else tally.applied_to(transaction)

    # --- what people and other blocks ask -----------------------------------------------

    def charging_state(self, evse: int) -> str:
        """Return what the running transaction of an EVSE last said it does."""
        return self._progress(evse).charging_state

    @override
    def is_charging(self, evse: int) -> bool:
        """Return whether somebody may charge; a session may be no more than a cable (E02)."""
        state = self.charging_state(evse).casefold()
        return super().is_charging(evse) and state not in _NOT_CHARGING

    def connector(self, evse: int) -> int:
        """Return which connector of an EVSE its running transaction uses; 0 if unknown."""
        return self._progress(evse).connector

    def _progress(self, evse: int) -> Progress:
        running = self.running(evse)
        tally = self._tallies.get(running.number) if running is not None else None
        return Progress() if tally is None else tally.progress
