"""The profiles that a station holds, as far as it was told them from here (K09)."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from time import thread_time
from typing import TYPE_CHECKING

from ...model import ChargingProfile, Part, Payload, Topic, utcnow
from .composite import EXTERNAL, SESSION, Scheduled, Situation, scheduled, varies
from .external import MOST, ExternalLimit, Foreign, has_room
from .ladder import DYNAMIC
from .profiles import is_named
from .rate import Wiring

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# In seconds: what wakes later may find that the clock was set meanwhile.
_LONGEST_SLEEP = 3600.0
# In seconds: the loop's clock and the wall's differ a little.
_A_LITTLE_LATER = 0.01
# In seconds of work. What takes longer is not looked at again before twenty times as long has
# passed: a station with thousands of periods must not keep the others waiting.
_LONG, _REST = 0.005, 20
_SCHEDULE, _EXTERNAL = "schedule", "external"
_OURS = "CSO"
_TOO_MANY = "charging profiles: too many"

type _Slot = tuple[int, str, int]


class Installed:
    """What a station holds. What another central system left there 1.6 can't be asked."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing."""
        self._station = station
        self._by_id: dict[int, ChargingProfile] = {}
        # There is one for each of these places.
        self._by_slot: dict[_Slot, ChargingProfile] = {}
        # What comes from neither people nor a central system, and may have the same ids.
        self.foreign = Foreign(station.identity)
        # The EVSEs whose limit somebody follows, and whom to tell.
        self.followed: set[int] = set()
        self.on_change: Callable[[], None] = lambda: None
        # The EVSEs that ever had more than a limit; 0 for the station as a whole.
        self.seen: set[int] = set()
        # The EVSEs whose session charges with priority.
        self.prioritized: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        # By the clock of the loop.
        self._rests_until = 0.0

    # --- what is shown ------------------------------------------------------------------

    @property
    def profiles(self) -> list[ChargingProfile]:
        """Return the profiles, in the order of their ids, and those of others behind."""
        return [*self._ours, *self.foreign.profiles]

    @property
    def _ours(self) -> list[ChargingProfile]:
        return sorted(self._by_id.values(), key=lambda it: it.id)

    def number_at(self, evse: int, purpose: str, level: int) -> int | None:
        """Return the id of the profile that a place is taken by (K01.FR.06)."""
        held = self._by_slot.get((evse, purpose, level))
        return held.id if held is not None else None

    def dynamic(self, number: int) -> ChargingProfile | None:
        """Return the profile of a central system of an id, where it is dynamic (K28)."""
        held = self._by_id.get(number)
        if held is None or held.kind != DYNAMIC:
            return None
        periods = [it["chargingSchedulePeriod"] for it in held.schedules]
        return held if [len(it) for it in periods] == [1] else None

    def shows(self, evse: int) -> bool:
        """Return whether there is, or was, a schedule to tell of an EVSE."""
        return not self.seen.isdisjoint({0, evse})

    def scheduled(self, evse: int) -> Scheduled:
        """Return the limit that applies to an EVSE now, and when the next one does.

        Without a session it is what one that began now would get.
        """
        return scheduled(self.profiles, self.situation(evse), utcnow())

    def external(self, evse: int) -> ExternalLimit:
        """Return what others limit an EVSE to now (K11, K12)."""
        return self.foreign.limit(self.situation(evse), utcnow())

    def situation(self, evse: int) -> Situation:
        """Return where profiles are looked at."""
        session = self._station.transactions.running(evse)
        return Situation(
            evse=evse,
            wiring=Wiring(
                self._station.settings.phases, self._station.metering.voltage(evse)
            ),
            began=session.started if session is not None else None,
            priority=evse in self.prioritized,
        )

    # --- what changes it ----------------------------------------------------------------

    def install(self, profile: ChargingProfile, *, ours: bool) -> None:
        """Know of a profile, in place of those it replaces (K01.FR.05, 1.6: 5.16).

        A limit of ours is none that people would look up a schedule for.
        """
        if self._put(profile, ours=ours):
            self._tell_first()
        self.tell()

    def change(self, profile: ChargingProfile) -> None:
        """Know what a profile says now that was there before."""
        self._by_id[profile.id] = self._by_slot[_slot(profile)] = profile
        if self._station.adopted:
            self._station.store.save_charging_profile(profile)
        self.tell()

    def _put(self, profile: ChargingProfile, *, ours: bool) -> bool:
        """Know of a profile; return whether it is the first of a schedule there."""
        for held in self._by_id.get(profile.id), self._by_slot.get(_slot(profile)):
            if held is not None and self._by_id.get(held.id) is held:
                self._drop(held)
        if not ours and (
            len(self._by_id) >= MOST or not has_room(self._by_id.values(), [profile])
        ):
            self._station.note(_TOO_MANY)
            return False
        self._by_id[profile.id] = self._by_slot[_slot(profile)] = profile
        if self._station.adopted:
            self._station.store.save_charging_profile(profile)
        if ours or profile.evse in self.seen or not varies(profile):
            return False
        self.seen.add(profile.evse)
        return True

    def clear(self, names: Payload) -> None:
        """Know of the profiles no more that a clearing names, there or not (K10)."""
        self._drop_all([it for it in self._ours if is_named(it, names)])

    def report(self, profiles: Iterable[ChargingProfile]) -> None:
        """Know of the profiles that the station says it holds (K09)."""
        first, heard = False, set[_Slot]()
        for profile in profiles:
            slot, held = _slot(profile), self._by_id.get(profile.id)
            sent = held is not None and _slot(held) == slot
            if profile.source != _OURS or (profile.purpose == EXTERNAL and not sent):
                if self.foreign.has_room_for(profile):
                    first |= self.foreign.reported(profile)
                else:
                    self._station.note(_TOO_MANY)
                continue
            # There can't be two at the same place; they would replace each other for ever.
            if slot in heard:
                continue
            heard.add(slot)
            # As it was sent it is known better than from a station that writes it its own
            # way.
            if held is None or not sent or not _is_like(held, profile):
                first |= self._put(profile, ours=False)
        if first:
            self._tell_first()
        self.tell()

    def keep_only(self, reported: Iterable[ChargingProfile], since: datetime) -> None:
        """Know of no others than those that the station holds.

        What others set since a moment is known, whether or not it is reported.
        """
        told = list(reported)
        held = {it.id for it in told if it.source == _OURS}
        for profile in self._ours:
            if profile.id not in held:
                self._drop(profile)
        self.foreign.keep_only([(it.source, it.evse, it.id) for it in told], since)
        self.tell()

    def notify(
        self,
        source: str,
        evse: int,
        schedules: list[Payload],
        *,
        grid_critical: bool | None,
    ) -> None:
        """Know of a limit from elsewhere (K11, K12)."""
        first = self.foreign.notified(
            source, evse, schedules, grid_critical=grid_critical
        )
        if first:
            self._tell_first()
        self._station.remember()
        self.tell()

    def release(self, source: str, evse: int | None) -> None:
        """Know of a limit from elsewhere no more (K13)."""
        self.foreign.cleared(source, evse)
        self._station.remember()
        self.tell()

    def forget_notices(self) -> None:
        """Know no more of what a station said of limits before it restarted."""
        if self.foreign.forget_notices():
            self._station.remember()
            self.tell()

    def _tell_first(self) -> None:
        self._station.changed(Part(Topic.STRUCTURE))
        self._station.remember()

    def drop_session(self, evse: int) -> None:
        """Know of the profiles no more that end with a session, which began or ended."""
        self._drop_all(
            [it for it in self._ours if it.purpose == SESSION and it.evse == evse]
        )
        # What is relative to a session has another beginning.
        self.tell()

    def _drop_all(self, profiles: list[ChargingProfile]) -> None:
        for profile in profiles:
            self._drop(profile)
        if profiles:
            self.tell()

    def _drop(self, profile: ChargingProfile) -> None:
        if self._by_id.get(profile.id) is not profile:
            self.foreign.drop(profile)
            return
        del self._by_id[profile.id]
        if self._by_slot.get(_slot(profile)) is profile:
            del self._by_slot[_slot(profile)]
        if self._station.adopted:
            self._station.store.delete_charging_profile(profile.station, profile.id)

    # --- the clock ----------------------------------------------------------------------

    def tell(self) -> None:
        """Have what is shown looked at again, now and when it changes by itself."""
        self.stop()
        loop = asyncio.get_running_loop()
        if (rest := self._rests_until - loop.time()) > 0:
            self._timer = loop.call_later(rest, self._on_time)
            return
        began = thread_time()
        self._look()
        if (took := thread_time() - began) > _LONG:
            self._rests_until = loop.time() + _REST * took

    def _look(self) -> None:
        now = utcnow()
        for over in [it for it in self.profiles if it.valid_to and it.valid_to <= now]:
            self._drop(over)
        moments = [it.valid_to for it in self.profiles]
        for evse in self._station.evses:
            shows = self.shows(evse)
            if shows:
                self._station.changed(Part(Topic.LIMIT, evse, _SCHEDULE))
            if shows or evse in self.followed:
                moments.append(self.scheduled(evse).until)
            if self.foreign.shows(evse):
                self._station.changed(Part(Topic.LIMIT, evse, _EXTERNAL))
                where = self.situation(evse)
                moments.append(self.foreign.change(where, now).until)
        # What is over already would be waited for again and again.
        delays = [(it - now).total_seconds() for it in moments if it and it > now]
        if delays:
            delay = min(delays) + _A_LITTLE_LATER
            self._timer = asyncio.get_running_loop().call_later(
                min(delay, _LONGEST_SLEEP), self._on_time
            )
        self.on_change()

    def _on_time(self) -> None:
        self._timer = None
        self.tell()
        self._station.flush()

    def stop(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- memory -------------------------------------------------------------------------

    async def load(self) -> None:
        """Take up what the station held before a restart; its sessions are known by now."""
        station = self._station
        kept = await station.store.load_charging_profiles(station.identity)
        kept.sort(key=lambda it: it.id)
        self._by_id = {it.id: it for it in kept}
        self._by_slot = {_slot(it): it for it in kept}
        # Those that are over are dropped the same way as any other.
        for number, profile in enumerate(kept):
            over = profile.purpose == SESSION and not station.transactions.running(
                profile.evse
            )
            if over or number >= MOST:
                self._drop(profile)
        self.tell()


def _slot(profile: ChargingProfile) -> _Slot:
    """Return what there is one profile for."""
    return profile.evse, profile.purpose, profile.stack_level


def _is_like(one: ChargingProfile, other: ChargingProfile) -> bool:
    """Return whether two profiles have about the same limits, in the same order."""
    mine, theirs = (
        [
            (schedule["chargingRateUnit"], round(period.get("limit", -1)))
            for schedule in profile.schedules
            for period in schedule["chargingSchedulePeriod"]
        ]
        for profile in (one, other)
    )
    return mine == theirs
