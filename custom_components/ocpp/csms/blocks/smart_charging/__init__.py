"""Functional block K: smart charging. Limits that stations accept, and keep."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, override

from ...errors import CommandFailed, CommandRejected, NotSupported
from ...model import Limit, Payload, RateUnit, Topic, utcnow
from ...versions import V16
from ..block import follows, precedes
from .climbing import Climbing
from .installed import Installed
from .v16 import (
    Purpose,
    clearing,
    clears,
    constant_limit,
    profile,
    read_profile,
    sent_limit,
)

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

__all__ = ["Purpose", "SmartCharging"]

# How long an accepted start may take to become a transaction.
_START_WITHIN = timedelta(minutes=5)


class _Start(NamedTuple):
    """A start that brings a profile along; None for a limit that can't be told."""

    profile: Payload
    limit: Limit | None
    at: datetime


class SmartCharging(Climbing):
    """The charging limits of a station and its EVSEs. EVSE 0 is the station as a whole."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with no limits and no profiles."""
        super().__init__(station)
        self.installed = Installed(station)
        # The limits that go with starts, until their transaction is there.
        self._of_start: dict[int, _Start] = {}
        # When a start was last sent, and when the last session began on each EVSE.
        self._start_sent = utcnow()
        self._began: dict[int, datetime] = {}

    # --- limits -------------------------------------------------------------------------

    async def set_limit(
        self,
        evse: int,
        value: float,
        unit: RateUnit = RateUnit.AMPERE,
        *,
        phases: int | None = None,
        duration: int | None = None,
    ) -> Limit:
        """Limit an EVSE, or with EVSE 0 the station, and return what was accepted (K01).

        `value` is in ampere per phase or in watts in total; `duration` in seconds. An
        unchanged limit is not sent again. Raises `LimitTooHigh`, or any error of a command:
        what the last way to say it ended in.
        """
        self._check_maximum(value, unit, phases)
        async with self._order:
            self.station.link()
            present = self.limits.get(evse)
            if (
                present is not None
                and evse not in self._unsure
                and duration is None
                and present.until is None
                and (present.value, present.unit, present.phases)
                == (value, unit, phases)
            ):
                return present
            try:
                limit = await self._climb(evse, value, unit, phases, duration)
            except CommandRejected, CommandFailed, NotSupported:
                self._ladder.exhausted(self._means(self._purposes(evse)))
                raise
            self._accept(evse, limit)
            return limit

    async def clear(self, evse: int) -> bool:
        """Remove the limits of an EVSE, whoever set them; with EVSE 0, all (K10).

        Return false when the station had none, which is as good.
        """
        removed = False
        limit = self.limits.get(evse) or self._standing.get(evse)
        filters = clearing(evse, limit.purpose if limit is not None else None)
        async with self._order:
            for what in filters:
                said = await self.command("ClearChargingProfile", what)
                removed |= said["status"] == "Accepted"
            for cleared in [evse] if evse else list({0, *self.limits, *self._standing}):
                self._forget(cleared)
        return removed

    @follows("ClearChargingProfile", V16)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more whose profile is certainly gone."""
        self.installed.clear(payload)
        for evse in {*self.limits, *self._standing, *self._defaults}:
            for kept in self._standing, self._defaults:
                if self._is_cleared(payload, evse, kept.get(evse)):
                    del kept[evse]
            if self._is_cleared(payload, evse, self.limits.get(evse)):
                self._stop_timer(evse)
                self._lose(evse)
                if evse in self._standing:
                    self._unsure.add(evse)

    def _is_cleared(self, payload: Payload, evse: int, limit: Limit | None) -> bool:
        if limit is None:
            return False
        purpose = Purpose(limit.purpose)
        level = self._top_level() * self._ladder.uses_top_level(evse, purpose)
        return clears(payload, purpose, evse, level)

    def on_boot(self) -> None:
        """Count on nothing: not all stations remember limits over a restart."""
        self._ladder.try_again()
        self._unsure.update(self.limits, self._standing)

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Tell a station its limits again that it may not hold any more."""
        for evse in list(self._standing | self.limits):
            limit = self.limits.get(evse)
            if limit is None or limit.until is None:
                limit = self._standing.get(evse)
            if limit is not None and evse in self._unsure:
                await self._set_again(evse, limit)

    def forget_what_worked(self) -> None:
        """Begin the ladder anew."""
        self._ladder.forget()

    # --- profiles -----------------------------------------------------------------------

    async def set_profile(self, evse: int, charging_profile: Payload) -> None:
        """Send a whole charging profile as it is (K01); it takes the place of our limit."""
        payload = {"connectorId": evse, "csChargingProfiles": charging_profile}
        async with self._order:
            await self.command("SetChargingProfile", payload)

    @follows("SetChargingProfile", V16)
    def on_profile_set(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more where a profile that is not ours took its place."""
        evse = payload["connectorId"]
        ours = payload is self._climbing
        self._install(evse, payload["csChargingProfiles"], ours=ours)
        if ours:
            return
        for replaced in [evse] if evse else [0, *self.station.evses]:
            self._forget(replaced)

    async def composite_schedule(
        self, evse: int, duration: int, unit: RateUnit | None = None
    ) -> Payload:
        """Return the schedule that the station says results from its profiles (K08)."""
        payload: Payload = {"connectorId": evse, "duration": duration}
        payload |= {"chargingRateUnit": unit.value} if unit is not None else {}
        return await self.command("GetCompositeSchedule", payload)

    def _install(self, evse: int, written: Payload, *, ours: bool) -> None:
        session = self.station.transactions.running(evse)
        held = read_profile(
            written,
            station=self.station.identity,
            evse=evse,
            transaction=session.number if session is not None else None,
        )
        self.installed.install(held, ours=ours)

    # --- sessions -----------------------------------------------------------------------

    def profile_of_start(self, evse: int, amperes: float) -> Payload:
        """Return the profile that goes with the start of a transaction (F01.FR.11).

        The limit is that of the transaction once it is there. EVSE 0 is any.
        """
        self._check_maximum(amperes, RateUnit.AMPERE)
        rung = self._ladder.for_start(self._means([Purpose.TRANSACTION]))
        wanted, sent = self._rates(rung, evse, amperes, RateUnit.AMPERE)
        limit = sent_limit(rung, amperes, RateUnit.AMPERE, sent, lowered=sent < wanted)
        written = profile(rung, evse, sent, stack_level=self._top_level())
        self._of_start[evse] = _Start(written, limit, utcnow())
        return written

    def on_start_refused(self, evse: int) -> None:
        """Wait no more for the transaction of a start."""
        self._of_start.pop(evse, None)

    @precedes("RemoteStartTransaction", V16)
    def on_starting(self, payload: Payload) -> None:
        """Know which sessions began before a start was answered."""
        self._start_sent = utcnow()

    @follows("RemoteStartTransaction", V16)
    def on_start_accepted(self, payload: Payload, answer: Payload) -> None:
        """Expect a profile that people sent along with a start."""
        if (written := payload.get("chargingProfile")) is None:
            return
        evse = payload.get("connectorId", 0)
        expected = self._of_start.get(evse)
        if expected is not None and expected.profile is written:
            return
        start = _Start(written, constant_limit(written), utcnow())
        for begun in [evse] if evse else self.station.evses:
            # The transaction may be here before the answer is.
            at = self._began.get(begun)
            if at is not None and at >= self._start_sent:
                self._begin_with(begun, start)
                return
        self._of_start[evse] = start

    def on_transaction_started(self, evse: int) -> None:
        """Bring the limit into a session unless the default profile already does.

        A profile of a transaction ended with it.
        """
        self._began[evse] = utcnow()
        self.installed.drop_session(evse)
        expected = self._of_start.pop(evse, None) or self._of_start.pop(0, None)
        if expected is not None and utcnow() - expected.at < _START_WITHIN:
            self._begin_with(evse, expected)
            return
        limit = self._standing.get(evse)
        if (
            limit is None
            or self.station.options.quiet
            or limit.purpose == Purpose.STATION
            or self._defaults.get(evse) == limit
        ):
            return
        self.station.spawn(self._set_again(evse, limit))

    def _begin_with(self, evse: int, start: _Start) -> None:
        """Know of the profile that a session began with, and of its limit."""
        self._install(evse, start.profile, ours=start.limit is not None)
        if start.limit is None:
            self._untold.add(evse)
            self._lose(evse)
            return
        self.limits[evse] = start.limit
        self.changed(Topic.LIMIT, evse)

    def on_transaction_ended(self, evse: int) -> None:
        """Let a limit end with its session, where it was part of it."""
        self.installed.drop_session(evse)
        if evse in self._untold:
            self._untold.discard(evse)
            self._expire(evse)
            return
        limit = self.limits.get(evse)
        if limit is None or limit.purpose != Purpose.TRANSACTION:
            return
        if limit is self._standing.get(evse):
            self._unsure.add(evse)
        else:
            self._expire(evse)

    # --- memory -------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up the profiles that the station held before a restart."""
        await self.installed.load()

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits, what worked, and where there were schedules."""
        super().recall(facts)
        self.installed.seen = set(facts.get("schedules", ()))

    @override
    def facts(self) -> dict[str, Any]:
        """Keep the limits that stand, what worked, and where there were schedules."""
        seen = sorted(self.installed.seen)
        return super().facts() | ({"schedules": seen} if seen else {})

    @override
    def stop(self) -> None:
        """End the timers."""
        super().stop()
        self.installed.stop()
