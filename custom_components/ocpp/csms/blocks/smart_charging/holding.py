"""What a station holds: profiles of whoever sent them, and limits from elsewhere."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, override

from ...errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ...model import Limit, Payload, RateUnit, Topic, utcnow
from ...numbers import next_number
from ...versions import V2, V16, V21
from ..block import answers, follows
from .climbing import Climbing
from .composite import EXTERNAL, SESSION, scheduled
from .limits import is_for
from .periods import read_schedules
from .profiles import Purpose, is_only, named, neutral
from .v2 import MOST_SOURCES, SOURCES, read_reported, reading, source_of

if TYPE_CHECKING:
    from ...charging_station import ChargingStation
    from ...model import ChargingProfile

# In seconds: what comes after this station told of a profile has waited long enough.
_SILENCE = 10.0
# In ampere: what is lost where rates are rounded and converted.
_ABOUT = 0.2
_REPORT = "ReportChargingProfiles"


class Holding(Climbing):
    """Knows the profiles of a station: those it was sent, and in 2.x all it tells of."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing told."""
        super().__init__(station)
        # When the station was last asked what it holds.
        self._read_at: datetime | None = None

    # --- what is sent -------------------------------------------------------------------

    async def set_profile(self, evse: int, charging_profile: Payload) -> None:
        """Send a whole charging profile as it is (K01).

        One for the station as a whole is sent to EVSE 0, whichever is given (K04). Raises
        `LimitTooHigh` where a period is above the charger's highest current.
        """
        self._check_schedules(read_schedules(charging_profile.get("chargingSchedule")))
        purpose = charging_profile.get("chargingProfilePurpose")
        if isinstance(purpose, str) and neutral(purpose) == Purpose.STATION:
            evse = 0
        payload = self._spelling.setting(evse, charging_profile)
        async with self._order:
            await self.command("SetChargingProfile", payload)

    @follows("SetChargingProfile", V16, *V2)
    def on_profile_set(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more where a profile that is not ours took its place.

        Elsewhere it may overrule our limit, now or later.
        """
        evse, written = self._spelling.read_setting(payload)
        if payload is self._climbing:
            held = self._read_profile(evse, written)
            if held.purpose != SESSION or held.transaction is not None:
                self._install(evse, written, ours=True)
            return
        self._forget_replaced(self._read_profile(evse, written))
        self._install(evse, written, ours=False)
        self._contested |= {evse} if evse else {0, *self.station.evses}
        self._judge()
        self.station.remember()

    def _read_profile(self, evse: int, written: Payload) -> ChargingProfile:
        session = self.station.transactions.running(evse)
        return self._spelling.read_profile(
            written,
            station=self.station.identity,
            evse=evse,
            transaction=session.number if session is not None else None,
        )

    def _install(self, evse: int, written: Payload, *, ours: bool) -> None:
        self.installed.install(self._read_profile(evse, written), ours=ours)

    def _forget_replaced(self, profile: ChargingProfile) -> None:
        """Forget the limits whose profiles give way to another one (K01.FR.05)."""
        taken = (profile.evse, profile.purpose, profile.stack_level)

        def replaced(limits: dict[int, Limit]) -> list[int]:
            places = {evse: self._place(evse, limit) for evse, limit in limits.items()}
            return [
                evse
                for evse, (number, *place) in places.items()
                if number == profile.id or tuple(place) == taken
            ]

        gone = replaced(self.limits)
        for kept in self._standing, self._defaults:
            for evse in replaced(kept):
                del kept[evse]
        for evse in gone:
            self._stop_timer(evse)
            if evse in self._standing and profile.transaction is not None:
                # What stands is told again after the session.
                self._untold.add(evse)
            else:
                self._unsure.discard(evse)
            self._lose(evse)

    def _on_change(self) -> None:
        """Hear that profiles came or went, or say something else from now on."""
        self._judge()

    def _judge(self) -> None:
        """Show a limit only while it is what holds, where other profiles may overrule it."""
        overruled = {
            evse
            for evse in self._contested & self.limits.keys()
            if not self._holds(evse, self.limits[evse])
        }
        changed, self._overruled = self._overruled ^ overruled, overruled
        for evse in changed:
            self.changed(Topic.LIMIT, evse)

    def _holds(self, evse: int, limit: Limit) -> bool:
        """Return whether profiles of central systems add up to a limit of ours."""
        where = self.installed.situation(evse)
        profiles = [
            it
            for it in self.installed.profiles
            if it.purpose != EXTERNAL and (evse or it.purpose == Purpose.STATION)
        ]
        amperes = scheduled(profiles, where, utcnow()).amperes
        wiring = where.wiring._replace(
            phases=min(where.wiring.phases, limit.phases or where.wiring.phases)
        )
        ours = wiring.convert(limit.sent_value, limit.sent_unit, RateUnit.AMPERE)
        return amperes is not None and abs(amperes - ours) < _ABOUT

    async def clear(self, evse: int) -> bool:
        """Remove the limits of an EVSE, whoever set them; with EVSE 0, all (K10).

        Return false when the station had none, which is as good.
        """
        removed = False
        limit = self.limits.get(evse) or self._standing.get(evse)
        of_station = limit is not None and is_for(limit, Purpose.STATION)
        shared = of_station and evse and self.limits.get(0)
        async with self._order:
            for what in self._spelling.clearing(
                evse, of_station=of_station and not shared
            ):
                said = await self.command("ClearChargingProfile", what)
                removed |= said["status"] == "Accepted"
            for cleared in [evse] if evse else list({0, *self.limits, *self._standing}):
                self._forget(cleared)
        if shared:
            # What is left of the profile is the limit of the station.
            await self._set_again(0, shared)
            removed = True
        return removed

    @follows("ClearChargingProfile", V16, *V2)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know of no limit any more whose profile is certainly gone."""
        if (names := self._spelling.read_clearing(payload)) is None:
            return
        for evse in {*self.limits, *self._standing, *self._defaults}:
            for kept in self._standing, self._defaults:
                if self._is_cleared(names, evse, kept.get(evse)):
                    del kept[evse]
            if self._is_cleared(names, evse, self.limits.get(evse)):
                self._stop_timer(evse)
                self._lose(evse)
                if evse in self._standing:
                    self._unsure.add(evse)
        self.installed.clear(names)

    def _is_cleared(self, names: Payload, evse: int, limit: Limit | None) -> bool:
        if limit is None:
            return False
        return names.items() <= named(*self._place(evse, limit)).items()

    def _place(self, evse: int, limit: Limit) -> tuple[int, int, str, int]:
        """Return id, EVSE, purpose and stack level of the profile that a limit was sent as."""
        purpose = next(it for it in Purpose if is_for(limit, it))
        where = 0 if purpose is Purpose.STATION else evse
        number = self._own_number(purpose, evse)
        for held in self.installed.profiles:
            if (held.id, held.evse, held.purpose) == (number, where, purpose):
                return number, where, purpose, held.stack_level
        top = self._ladder.uses_top_level(evse, purpose)
        level = self._level(evse, purpose, top=top)
        return self._number(purpose, evse, level), where, purpose, level

    # --- what the station tells it holds ------------------------------------------------

    @property
    def _may_hold_profiles(self) -> bool:
        return not self.speaks_16 and (
            bool(self.station.device_model.flag("SmartChargingCtrlr", "Enabled"))
            or bool(self.installed.profiles)
            or bool(self.installed.seen)
            or bool(self.installed.foreign.seen)
        )

    async def read_profiles(self) -> None:
        """Have a station of 2.x tell what it holds, and know of nothing else (K09).

        A limit of ours that it does not hold any more is sent again.
        """
        for evse in await self._read():
            if (limit := self._standing.get(evse)) is not None:
                await self._set_again(evse, limit)

    async def _read(self) -> list[int]:
        """Get to know what a station holds; return the EVSEs whose limits it lost."""
        if not self._may_hold_profiles or not self.sends("GetChargingProfiles"):
            return []
        self._read_at = utcnow()
        told: list[ChargingProfile] = []
        try:
            for sources in self._sources():
                _, report = await self.station.reports.command(
                    "GetChargingProfiles",
                    reading(next_number(), *sources),
                    silence=min(self.station.options.call_timeout, _SILENCE),
                )
                if not report.complete:
                    return []
                told += [it for part in report.parts() for it in self._told(part)]
        except CommandRejected, CommandFailed, NotSupported:
            return []
        self.installed.keep_only(told, self.station.connected_at)
        lost = [
            evse
            for evse, limit in self._standing.items()
            if limit is self.limits.get(evse) and not self._is_held(evse, limit)
        ]
        self._unsure.update(lost)
        return lost

    def _sources(self) -> list[tuple[str, ...]]:
        """Return whose profiles are asked for, as many at a time as a request may have.

        Only those of 2.1 that were heard of can be known beside those that have a word.
        """
        heard = sorted(self.installed.foreign.sources - {*SOURCES})
        asked = [*SOURCES, *heard]
        return list(batched(asked, MOST_SOURCES, strict=False))

    def _is_held(self, evse: int, limit: Limit) -> bool:
        """Return whether the station holds the profile that a limit was sent as."""
        place = self._place(evse, limit)
        session = is_for(limit, Purpose.TRANSACTION)
        for held in self.installed.profiles:
            if (held.id, held.evse, held.purpose, held.stack_level) == place:
                # What a car was offered instead is the limit as well.
                return session or is_only(held, limit.sent_value, limit.sent_unit)
        # One of a session that is over is brought into the next one.
        return session and self.station.transactions.running(evse) is None

    @override
    async def _learn_of_others(self) -> None:
        if self._read_at is None or self._read_at < self.station.connected_at:
            await self._read()

    @answers(_REPORT, *V2, needs=("chargingProfile",))
    def on_report(self, payload: Payload) -> Payload:
        """Take up what the station says it holds, also where nobody asked (K09)."""
        self.station.reports.take(_REPORT, payload)
        self.installed.report(self._told(payload))
        return {}

    def _source(self, said: Payload) -> str:
        told = said.get("chargingLimitSource")
        return source_of(told, named=self.station.version is V21)

    def _told(self, part: Payload) -> Iterator[ChargingProfile]:
        """Yield the profiles of one part of a report, as far as they can be understood."""
        evse, source = part.get("evseId"), self._source(part)
        listed = part.get("chargingProfile")
        if not isinstance(evse, int) or not self.station.has_room_for(evse):
            return
        running = self.station.transactions.running(evse)
        for told in listed if isinstance(listed, list) else ():
            named_id = told.get("transactionId") if isinstance(told, dict) else None
            ours = running is not None and running.id == named_id
            profile = read_reported(
                told,
                station=self.station.identity,
                evse=evse,
                source=source,
                transaction=running.number if running is not None and ours else None,
            )
            if profile is None:
                self.station.note(f"{_REPORT}: not a profile")
            else:
                yield profile

    # --- limits from elsewhere ----------------------------------------------------------

    @answers("NotifyChargingLimit", *V2, needs=("chargingLimit",))
    def on_charging_limit(self, payload: Payload) -> Payload:
        """Know of a limit that neither people nor we set (K11, K12, K14)."""
        said = payload["chargingLimit"]
        source, critical = self._source(said), said.get("isGridCritical")
        evse = payload.get("evseId", 0)
        if not isinstance(evse, int) or not self.station.has_room_for(evse):
            return {}
        if said.get("isLocalGeneration") is True:
            # It is no limit but comes on top of them, as its profile tells (K27).
            self._read_afterwards()
            return {}
        schedules = read_schedules(payload.get("chargingSchedule", []))
        self.installed.notify(
            source,
            evse,
            schedules,
            grid_critical=critical if isinstance(critical, bool) else None,
        )
        if not schedules:
            # How high it is only its profile tells.
            self._read_afterwards()
        return {}

    def _read_afterwards(self) -> None:
        if not self.station.options.quiet:
            self.station.afterwards(self._read_soon)

    def _read_soon(self) -> None:
        self.station.spawn(self._read_quietly())

    async def _read_quietly(self) -> None:
        # It is asked again when it is back, or whole again.
        with suppress(OcppError):
            await self.read_profiles()
        self.station.flush()

    @answers("ClearedChargingLimit", *V2)
    def on_limit_cleared(self, payload: Payload) -> Payload:
        """Know of a limit from elsewhere no more (K13)."""
        evse = payload.get("evseId")
        self.installed.release(
            self._source(payload),
            evse if isinstance(evse, int) else None,
        )
        return {}

    # --- memory -------------------------------------------------------------------------

    @override
    async def load(self) -> None:
        """Take up the profiles that the station held before a restart, and its limits."""
        await super().load()
        await self.installed.load()

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up the limits, what worked, and where there were schedules."""
        super().recall(facts)
        self.installed.seen = set(facts.get("schedules", ()))
        self.installed.foreign.seen = set(facts.get("external", ()))
        self.installed.foreign.recall(facts.get("notices", ()))

    @override
    def facts(self) -> dict[str, Any]:
        """Keep the limits that stand, what worked, and where there were schedules."""
        known = {
            "schedules": sorted(self.installed.seen),
            "external": sorted(self.installed.foreign.seen),
            "notices": self.installed.foreign.write(),
        }
        return super().facts() | {name: it for name, it in known.items() if it}

    @override
    def stop(self) -> None:
        """End the timers."""
        super().stop()
        self.installed.stop()
