"""Limits that neither people nor a central system set: the grid's, a home's (K11–K14)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from ...model import ChargingProfile, Payload, timestamp, utcnow
from .composite import EXTERNAL, Scheduled, Situation, scheduled

type _Key = tuple[str, int, int]
type _Place = tuple[str, int]
# More than any station tells of: profiles, the periods of all of them together, and limits.
MOST, MOST_PERIODS, _MOST_NOTICES = 200, 4_000, 100
_MOST_SCHEDULES = 10
# How many periods of all limits are kept over a restart; without them a limit is known still.
_MOST_KEPT = 2_000


@dataclass(frozen=True, kw_only=True)
class _Notice:
    """What a station said of a limit that it has to keep.

    Its schedules are as profiles, for as long as none is reported. `reported` is whether one
    ever was: then a report without it says that the limit is over.
    """

    grid_critical: bool | None
    at: datetime
    profiles: tuple[ChargingProfile, ...] = ()
    reported: bool = False


class ExternalLimit(NamedTuple):
    """What others limit an EVSE to, in ampere per phase, and who it is.

    The limit is None where nobody said how high it is.
    """

    amperes: float | None = None
    source: str | None = None
    grid_critical: bool | None = None


class Foreign:
    """The profiles of a station that are others', by source, EVSE and id. EVSE 0 is all."""

    def __init__(self, station: str) -> None:
        """Begin with none; `station` is the station's identity."""
        self._station = station
        self._profiles: dict[_Key, ChargingProfile] = {}
        self._notices: dict[_Place, _Notice] = {}
        # The EVSEs for which a limit ever came.
        self.seen: set[int] = set()

    @property
    def profiles(self) -> list[ChargingProfile]:
        """Return the profiles."""
        told = (it for notice in self._notices.values() for it in notice.profiles)
        return [*self._profiles.values(), *told]

    @property
    def sources(self) -> set[str]:
        """Return whose limits and profiles there are."""
        return {it.source for it in self.profiles} | {key[0] for key in self._notices}

    def shows(self, evse: int) -> bool:
        """Return whether there is, or was, a limit to tell of an EVSE."""
        return not self.seen.isdisjoint({0, evse})

    def limit(self, where: Situation, at: datetime) -> ExternalLimit:
        """Return the lowest limit at a moment, whoever sets it."""
        found: list[ExternalLimit] = []
        for source in self._sources(where.evse):
            amperes = scheduled(self._of(source), where, at).amperes
            noted = [
                notice
                for (whose, evse), notice in self._notices.items()
                if whose == source and evse in (0, where.evse)
            ]
            if amperes is not None or noted:
                critical = [
                    it.grid_critical for it in noted if it.grid_critical is not None
                ]
                found.append(
                    ExternalLimit(amperes, source, any(critical) if critical else None)
                )
        told = [it for it in found if it.amperes is not None]
        return min(
            told or found, key=lambda it: it.amperes or 0, default=ExternalLimit()
        )

    def change(self, where: Situation, at: datetime) -> Scheduled:
        """Return the limit of all of them, and when it changes by itself."""
        limits = (it for it in self.profiles if it.purpose == EXTERNAL)
        return scheduled(limits, where, at)

    def _sources(self, evse: int) -> list[str]:
        said = (source for source, place in self._notices if place in (0, evse))
        held = (
            it.source
            for it in self.profiles
            if it.purpose == EXTERNAL and it.evse in (0, evse)
        )
        return list(dict.fromkeys((*said, *held)))

    def _of(self, source: str) -> Iterator[ChargingProfile]:
        return (
            it for it in self.profiles if it.purpose == EXTERNAL and it.source == source
        )

    # --- what changes it ----------------------------------------------------------------

    def notified(
        self,
        source: str,
        evse: int,
        schedules: list[Payload],
        *,
        grid_critical: bool | None,
    ) -> bool:
        """Know of a limit that a station was set; return whether it is the first there."""
        self.cleared(source, evse)
        if len(self._notices) >= _MOST_NOTICES:
            del self._notices[next(iter(self._notices))]
        now = utcnow()
        start = {"startSchedule": timestamp(now)}
        told = [start | it for it in schedules[:_MOST_SCHEDULES]]
        profiles = self._as_profiles(source, evse, told, now)
        self._notices[source, evse] = _Notice(
            grid_critical=grid_critical,
            at=now,
            # Without them the limit is known still.
            profiles=profiles if has_room(self.profiles, profiles) else (),
        )
        return self._see(evse)

    def _as_profiles(
        self, source: str, evse: int, schedules: list[Payload], at: datetime
    ) -> tuple[ChargingProfile, ...]:
        # Where several apply at a time, the first counts.
        return tuple(
            ChargingProfile(
                id=number,
                station=self._station,
                evse=evse,
                stack_level=0,
                purpose=EXTERNAL,
                kind="Absolute",
                schedules=[schedule],
                installed=at,
                source=source,
            )
            for number, schedule in enumerate(schedules)
        )

    def cleared(self, source: str, evse: int | None) -> None:
        """Know of a limit no more; without an EVSE, of none of that source (K13)."""
        self._notices = {
            key: it
            for key, it in self._notices.items()
            if not (key[0] == source and evse in (None, key[1]))
        }
        for held in list(self._of(source)):
            if evse in (None, held.evse):
                self.drop(held)

    def has_room_for(self, profile: ChargingProfile) -> bool:
        """Return whether a profile can be known besides the others, or already is."""
        known = _key(profile) in self._profiles
        return (known or len(self._profiles) < MOST) and has_room(
            self.profiles, [profile]
        )

    def reported(self, profile: ChargingProfile) -> bool:
        """Know of a profile that a station told of; return whether it is the first there."""
        place = profile.source, profile.evse
        if profile.purpose == EXTERNAL and (notice := self._notices.get(place)):
            # It is the same limit, told with all of its schedule now.
            self._notices[place] = replace(notice, profiles=(), reported=True)
        present = self._profiles.get(_key(profile))
        if present is not None:
            profile = replace(profile, installed=present.installed)
        self._profiles[_key(profile)] = profile
        return profile.purpose == EXTERNAL and self._see(profile.evse)

    def keep_only(self, heard: Iterable[_Key], since: datetime) -> None:
        """Know of no others than those that were just reported.

        What a station told of since a moment counts as well, and for as long as it takes
        what it never reports.
        """
        kept = set(heard)
        told = {
            key
            for key, notice in self._notices.items()
            if notice.at >= since or not notice.reported
        }
        told |= {key[:2] for key in kept}
        self._profiles = {key: it for key, it in self._profiles.items() if key in kept}
        self._notices = {key: it for key, it in self._notices.items() if key in told}

    def drop(self, profile: ChargingProfile) -> None:
        """Know of a profile no more."""
        if self._profiles.get(_key(profile)) is profile:
            del self._profiles[_key(profile)]

    def forget_notices(self) -> bool:
        """Know no more of what a station said before it restarted; return if it did."""
        some = bool(self._notices)
        self._notices.clear()
        return some

    # --- memory -------------------------------------------------------------------------

    def write(self) -> list[dict[str, Any]]:
        """Write what a station said, as JSON."""
        room, written = _MOST_KEPT, []
        for (source, evse), notice in self._notices.items():
            schedules = [it.schedules[0] for it in notice.profiles]
            room -= sum(len(it["chargingSchedulePeriod"]) for it in schedules)
            written.append(
                {
                    "source": source,
                    "evse": evse,
                    "grid_critical": notice.grid_critical,
                    "at": notice.at.isoformat(),
                    "schedules": schedules if room >= 0 else [],
                    "reported": notice.reported,
                }
            )
        return written

    def recall(self, written: Iterable[dict[str, Any]]) -> None:
        """Take up what `write` wrote."""
        for said in written:
            source, evse = said["source"], said["evse"]
            at = datetime.fromisoformat(said["at"])
            self._notices[source, evse] = _Notice(
                grid_critical=said["grid_critical"],
                at=at,
                profiles=self._as_profiles(source, evse, said["schedules"], at),
                reported=said["reported"],
            )

    def _see(self, evse: int) -> bool:
        first = evse not in self.seen
        self.seen.add(evse)
        return first


def has_room(held: Iterable[ChargingProfile], more: Iterable[ChargingProfile]) -> bool:
    """Return whether there are not too many periods in some profiles and in others."""
    return (
        sum(
            len(schedule["chargingSchedulePeriod"])
            for profile in (*held, *more)
            for schedule in profile.schedules
        )
        <= MOST_PERIODS
    )


def _key(profile: ChargingProfile) -> _Key:
    return profile.source, profile.evse, profile.id
