"""The profiles that a station holds, as far as it was told them from here (K09)."""

import asyncio
from typing import TYPE_CHECKING

from ...model import ChargingProfile, Part, Payload, Topic, utcnow
from .composite import SESSION, Scheduled, Situation, scheduled, varies
from .rate import Wiring
from .v16 import is_named

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# In seconds: what wakes later may find that the clock was set meanwhile.
_LONGEST_SLEEP = 3600.0
# In seconds: the loop's clock and the wall's differ a little.
_A_LITTLE_LATER = 0.01
_SCHEDULE = "schedule"


class Installed:
    """What a station holds. What another central system left there nobody can know."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing."""
        self._station = station
        self._by_id: dict[int, ChargingProfile] = {}
        # The EVSEs that ever had more than a limit; 0 for the station as a whole.
        self.seen: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    # --- what is shown ------------------------------------------------------------------

    @property
    def profiles(self) -> list[ChargingProfile]:
        """Return the profiles, in the order of their ids."""
        return sorted(self._by_id.values(), key=lambda it: it.id)

    def shows(self, evse: int) -> bool:
        """Return whether there is, or was, a schedule to tell of an EVSE."""
        return not self.seen.isdisjoint({0, evse})

    def scheduled(self, evse: int) -> Scheduled:
        """Return the limit that applies to an EVSE now, and when the next one does.

        Without a session it is what one that began now would get.
        """
        session = self._station.transactions.running(evse)
        where = Situation(
            evse=evse,
            wiring=Wiring(
                self._station.settings.phases, self._station.metering.voltage(evse)
            ),
            began=session.started if session is not None else None,
        )
        return scheduled(self._by_id.values(), where, utcnow())

    # --- what changes it ----------------------------------------------------------------

    def install(self, profile: ChargingProfile, *, ours: bool) -> None:
        """Know of a profile, in place of those it replaces (K01.FR.05, 1.6: 5.16).

        A limit of ours is none that people would look up a schedule for.
        """
        for held in self.profiles:
            if held.id == profile.id or _slot(held) == _slot(profile):
                self._drop(held)
        self._by_id[profile.id] = profile
        if self._station.adopted:
            self._station.store.save_charging_profile(profile)
        if not ours and varies(profile) and profile.evse not in self.seen:
            self.seen.add(profile.evse)
            self._station.changed(Part(Topic.STRUCTURE))
            self._station.remember()
        self.tell()

    def clear(self, filters: Payload) -> None:
        """Know of the profiles no more that a clearing names, there or not (K10)."""
        self._drop_all([it for it in self.profiles if is_named(it, filters)])

    def drop_session(self, evse: int) -> None:
        """Know of the profiles no more that end with a session, which began or ended."""
        self._drop_all(
            [it for it in self.profiles if it.purpose == SESSION and it.evse == evse]
        )
        # What is relative to a session has another beginning.
        self.tell()

    def _drop_all(self, profiles: list[ChargingProfile]) -> None:
        for profile in profiles:
            self._drop(profile)
        if profiles:
            self.tell()

    def _drop(self, profile: ChargingProfile) -> None:
        del self._by_id[profile.id]
        if self._station.adopted:
            self._station.store.delete_charging_profile(profile.station, profile.id)

    # --- the clock ----------------------------------------------------------------------

    def tell(self) -> None:
        """Have what is shown looked at again, now and when it changes by itself."""
        self.stop()
        now, moments = utcnow(), [it.valid_to for it in self._by_id.values()]
        for evse in self._station.evses:
            if self.shows(evse):
                self._station.changed(Part(Topic.LIMIT, evse, _SCHEDULE))
                moments.append(self.scheduled(evse).until)
        delays = [(it - now).total_seconds() for it in moments if it is not None]
        if delays:
            delay = max(0.0, min(delays)) + _A_LITTLE_LATER
            self._timer = asyncio.get_running_loop().call_later(
                min(delay, _LONGEST_SLEEP), self._on_time
            )

    def _on_time(self) -> None:
        self._timer = None
        now = utcnow()
        self._drop_all(
            [
                it
                for it in self.profiles
                if it.valid_to is not None and it.valid_to <= now
            ]
        )
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
        self._by_id = {it.id: it for it in kept}
        # Those that are over are dropped the same way as any other.
        for profile in kept:
            over = profile.purpose == SESSION and not station.transactions.running(
                profile.evse
            )
            if over:
                self._drop(profile)
        self.tell()


def _slot(profile: ChargingProfile) -> tuple[int, str, int]:
    """Return what there is one profile for."""
    return profile.evse, profile.purpose, profile.stack_level
