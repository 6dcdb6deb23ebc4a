"""Limits of a session: of its energy, cost and time, and of the car's state of charge (E16).

A station of 2.1 keeps those that it says it can. Of any other the session is ended from
here when it has reached one.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, override

from ...errors import CannotLimit, OcppError
from ...model import Part, Payload, Topic, Transaction, utcnow
from ...variables import Place
from ...versions import V21
from ..block import Block
from .limited import (
    COST,
    ENERGY,
    KINDS,
    NO_LIMIT,
    REACHED,
    SOC,
    TIME,
    SessionLimits,
    read_limits,
)

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_SUPPORTED = Place("TxCtrlr", "SupportedLimits")
_TELLS_COSTS = Place("TariffCostCtrlr", "Enabled", instance="RunningCost")
# In seconds: how long after it was ended in vain a session is ended again.
_AGAIN_IN = 60.0
# How far behind ours the clock of a station may be.
_BEHIND = timedelta(minutes=1)


class TransactionLimits(Block):
    """The limits of the sessions that run, and of the next ones.

    Energies are in Wh, times in seconds since the session began, states of charge in
    percent, costs in the currency. 0 is no limit.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        # By EVSE: what is to hold for the session that begins there.
        self._next: dict[int, dict[str, float]] = {}
        # By EVSE: when people last said so.
        self._wished: dict[int, datetime] = {}
        # By number of session.
        self._sessions: dict[int, SessionLimits] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._watched: dict[int, list[Callable[[], None]]] = {}
        station.watch(Part(Topic.CONNECTION), self._on_connection)

    # --- what is shown ------------------------------------------------------------------

    def is_kept_by_station(self, kind: str) -> bool:
        """Return whether the station says that it keeps limits of a kind (E16.FR.12)."""
        if self.station.version is not V21:
            return False
        words = self.station.device_model.words("TxCtrlr", "SupportedLimits")
        known = {word.casefold() for word in words}
        # The specification once spells the limit of time otherwise.
        return KINDS[kind].casefold() in known or (
            kind == TIME and "maxlength" in known
        )

    def limit(self, evse: int, kind: str) -> float:
        """Return the limit of the session that runs, or else of the next one."""
        running = self.station.transactions.running(evse)
        if running is None or running.number not in self._sessions:
            return self._next.get(evse, {}).get(kind, 0)
        return self._sessions[running.number].shown(kind)

    def reached(self, evse: int) -> str:
        """Return which limit the running session has reached; none where it has not."""
        running = self.station.transactions.running(evse)
        state = self._sessions.get(running.number) if running is not None else None
        return state.reached if state is not None else ""

    # --- what people want ---------------------------------------------------------------

    def check(self, limits: Mapping[str, float]) -> None:
        """Raise `CannotLimit` for a limit that neither the station nor we can keep.

        Without a price nobody knows what a session costs, unless the station counts by
        itself and keeps the limit, or tells the cost. Only the station knows what the car's
        battery has.
        """
        counted = self.station.tariff.exists or (
            bool(self.station.tariffs.held)
            and (self.is_kept_by_station(COST) or self._tells_costs())
        )
        for kind, value in limits.items():
            unkept = kind == SOC and not self.is_kept_by_station(kind)
            if value and (unkept or (kind == COST and not counted)):
                raise CannotLimit(kind)

    def _tells_costs(self) -> bool:
        """Return whether a station that counts may tell the cost before the end (I12)."""
        place = _TELLS_COSTS
        flag = self.station.device_model.flag
        return (
            flag(place.component, place.variable, instance=place.instance) is not False
        )

    async def set(self, evse: int, limits: Mapping[str, float]) -> None:
        """Limit the session that runs on an EVSE, or else the next one (E16.FR.02).

        Raises `StationOffline` and what `check` does.
        """
        self.station.link()
        self.check(limits)
        self._watch(evse)
        running = self.station.transactions.running(evse)
        if running is None:
            self._next.setdefault(evse, {}).update(limits)
            self._wished[evse] = utcnow()
        else:
            self._want(running, limits)
        self._tell(evse)
        await self._ask_for_event(evse)

    async def _ask_for_event(self, evse: int) -> None:
        """Ask for an event where limits wait for one: they only go along with answers."""
        running = self.station.transactions.running(evse)
        state = self._sessions.get(running.number) if running is not None else None
        if state is not None and any(map(self.is_kept_by_station, state.unsent)):
            await self.station.remote_control.ask_for("TransactionEvent", evse)

    def of_start(self, evse: int, limits: Mapping[str, float]) -> None:
        """Limit the session that began on an EVSE as its start from here said (F07)."""
        running = self.station.transactions.running(evse)
        if running is not None:
            self._watch(evse)
            self._adopt(running)
            self._want(running, limits)
            self._tell(evse)

    def _want(self, session: Transaction, limits: Mapping[str, float]) -> None:
        state = self._sessions.setdefault(
            session.number, SessionLimits(id=session.id, evse=session.evse)
        )
        for kind, value in limits.items():
            state.want(kind, value, by_station=self.is_kept_by_station(kind))
        self._check(session.evse)

    def _adopt(self, session: Transaction) -> None:
        """Have what was said before hold for a session that began after that.

        One that was queued may be of long ago.
        """
        running = self.station.transactions.running(session.evse)
        if running is None or running.number != session.number:
            return
        wished = self._wished.get(session.evse)
        if wished is not None and session.started < wished - _BEHIND:
            return
        self._wished.pop(session.evse, None)
        if limits := self._next.pop(session.evse, None):
            self._want(session, limits)
            self._tell(session.evse)

    def _tell(self, evse: int) -> None:
        self.station.changed(Part(Topic.LIMIT, evse, "session"))
        self.station.remember()

    # --- what the station keeps ---------------------------------------------------------

    def concern(self, payload: Payload) -> bool:
        """Return whether an event tells of a limit, or is to be told one."""
        told = payload.get("transactionInfo")
        info = told if isinstance(told, dict) else {}
        called = info.get("transactionId")
        states = [it for it in self._sessions.values() if it.id == called]
        for state in states:
            state.doubt_again(_clock())
        return (
            bool(self._next)
            or "transactionLimit" in info
            or str(payload.get("triggerReason")).casefold() in REACHED
            or any(it.unsent for it in states)
        )

    def of_event(self, transaction: Transaction, payload: Payload) -> Payload:
        """Take up what an event says of limits; return what it is answered, once (E16)."""
        self._adopt(transaction)
        self._hear(transaction, payload)
        state = self._sessions.get(transaction.number)
        if (
            state is None
            or not transaction.running
            or not transaction.token_info.accepted
        ):
            return {}
        sent = state.take_unsent(_clock(), keeps=self.is_kept_by_station)
        if not sent:
            return {}
        self._tell(transaction.evse)
        return {"transactionLimit": sent}

    def _hear(self, transaction: Transaction, payload: Payload) -> None:
        told = read_limits(payload)
        reached = REACHED.get(str(payload.get("triggerReason")).casefold(), "")
        if not transaction.running or not (told or reached):
            return
        state = self._sessions.setdefault(
            transaction.number, SessionLimits(id=transaction.id, evse=transaction.evse)
        )
        for kind, value in told.items():
            state.hear(kind, value)
        state.reached = reached or state.reached
        self._watch(transaction.evse)
        self._tell(transaction.evse)

    def _on_connection(self) -> None:
        """Count on nothing that was said just before the connection broke."""
        if self.station.connected:
            for state in self._sessions.values():
                state.doubt()
                state.repeats, state.ending = 0, False

    # --- what is kept here --------------------------------------------------------------

    def _watch(self, evse: int) -> None:
        """Look again whenever a session of an EVSE goes on, begins or ends."""
        if evse not in self._watched:
            self._watched[evse] = [
                self.station.watch(Part(topic, evse), lambda: self._look(evse))
                for topic in (Topic.TRANSACTION, Topic.ENERGY)
            ]

    def _look(self, evse: int, ended: SessionLimits | None = None) -> None:
        """Look at a session anew, also at one that was ended in vain a while ago."""
        if ended is not None:
            ended.ending = False
        transactions = self.station.transactions
        if (running := transactions.running(evse)) is not None:
            self._adopt(running)
            self._check(evse)
        for number, state in list(self._sessions.items()):
            present = transactions.running(state.evse)
            if present is None or present.number != number:
                del self._sessions[number]
                self._stop_timer(number)
                self._tell(state.evse)

    def _check(self, evse: int) -> None:
        """End a session that has reached a limit which its station does not keep."""
        session = self.station.transactions.session(evse)
        state = self._sessions.get(session.number) if session is not None else None
        if session is None or state is None or state.ending:
            return
        lasted = (utcnow() - session.started).total_seconds()
        has = {ENERGY: session.energy, COST: self._cost(session), TIME: lasted}
        kept_here = self._kept_here(state)
        for kind in kept_here:
            if has.get(kind, 0) >= state.wanted[kind]:
                state.reached, state.ending = kind, True
                self._tell(session.evse)
                self.station.spawn(self._end(session.evse, state))
                return
        if TIME in kept_here:
            self._look_in(state.wanted[TIME] - lasted, session)

    def _kept_here(self, state: SessionLimits) -> frozenset[str]:
        """Return which limits the station does not keep, or not in its present version."""
        if not self.station.connected:
            return frozenset(state.ours)
        return frozenset(
            kind
            for kind, value in state.wanted.items()
            if kind in state.ours
            or (value < NO_LIMIT[kind] and not self.is_kept_by_station(kind))
        )

    def _cost(self, session: Transaction) -> float:
        """Return what a session costs: by the prices here, or else by the station's."""
        if session.cost is not None:
            return session.cost
        counted = self.station.tariffs.local_cost(session.number)
        return counted.total if counted is not None else 0

    def _look_in(
        self, seconds: float, session: Transaction, ended: SessionLimits | None = None
    ) -> None:
        self._stop_timer(session.number)
        loop = asyncio.get_running_loop()
        self._timers[session.number] = loop.call_later(
            seconds, self._look, session.evse, ended
        )

    async def _end(self, evse: int, state: SessionLimits) -> None:
        try:
            await self.station.remote_control.stop(evse)
        except OcppError as error:
            self.station.note(f"limit of a session: {type(error).__name__}")
        session = self.station.transactions.running(evse)
        if (
            state.ending
            and session is not None
            and self._sessions.get(session.number) is state
        ):
            # Some accept it, and go on.
            self._look_in(_AGAIN_IN, session, state)
        self.station.flush()

    def _stop_timer(self, number: int) -> None:
        if (timer := self._timers.pop(number, None)) is not None:
            timer.cancel()

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Know which limits the station keeps, and look after those kept here."""
        model = self.station.device_model
        try:
            if self.station.version is V21 and (booted or not model.find(_SUPPORTED)):
                await model.read_all((_SUPPORTED, _TELLS_COSTS))
        finally:
            evses = {*self._next, *(it.evse for it in self._sessions.values())}
            for evse in evses:
                self._watch(evse)
                self._look(evse)
        for evse in evses:
            await self._ask_for_event(evse)

    def stop(self) -> None:
        """Look after no limit any more."""
        for number in list(self._timers):
            self._stop_timer(number)

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up which limits there were."""
        self._next = {int(evse): it for evse, it in facts.get("next", {}).items()}
        self._wished = {
            int(evse): datetime.fromisoformat(it)
            for evse, it in facts.get("wished", {}).items()
        }
        self._sessions = {
            int(number): SessionLimits.recall(kept)
            for number, kept in facts.get("sessions", {}).items()
        }

    @override
    def facts(self) -> dict[str, Any]:
        """Keep which limits there are."""
        if not self._next and not self._sessions:
            return {}
        return {
            "next": {str(evse): limits for evse, limits in self._next.items()},
            "wished": {str(evse): at.isoformat() for evse, at in self._wished.items()},
            "sessions": {
                str(number): state.as_dict() for number, state in self._sessions.items()
            },
        }


def _clock() -> float:
    return asyncio.get_running_loop().time()


__all__ = ["COST", "ENERGY", "NO_LIMIT", "SOC", "TIME", "TransactionLimits"]
