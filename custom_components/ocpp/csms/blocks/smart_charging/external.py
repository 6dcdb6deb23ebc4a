"""Limits that neither people nor a central system set: the grid's, a home's (K11–K14)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ...model import ChargingProfile, Payload, timestamp, utcnow
from .composite import EXTERNAL, Scheduled, Situation, scheduled

type _Key = tuple[str, int, int]
type _Place = tuple[str, int]
# More than any station tells of.
_MOST, _MOST_SCHEDULES = 500, 10


@dataclass(frozen=True, kw_only=True)
class _Notice:
    """What a station said of a limit that it has to keep.

    Its schedules are as profiles, for as long as none is reported.
    """

    grid_critical: bool | None
    at: datetime
    profiles: tuple[ChargingProfile, ...] = ()


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
        now = utcnow()
        start = {"startSchedule": timestamp(now)}
        # Where several apply at a time, the first counts.
        profiles = (
            ChargingProfile(
                id=number,
                station=self._station,
                evse=evse,
                stack_level=0,
                purpose=EXTERNAL,
                kind="Absolute",
                schedules=[start | schedule],
                installed=now,
                source=source,
            )
            for number, schedule in enumerate(schedules[:_MOST_SCHEDULES])
        )
        self._notices[source, evse] = _Notice(
            grid_critical=grid_critical, at=now, profiles=tuple(profiles)
        )
        return self._see(evse)

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

    def reported(self, profile: ChargingProfile) -> bool:
        """Know of a profile that a station told of; return whether it is the first there."""
        place = profile.source, profile.evse
        if profile.purpose == EXTERNAL and (notice := self._notices.get(place)):
            # It is the same limit, told with all of its schedule now.
            self._notices[place] = replace(notice, profiles=())
        present = self._profiles.get((profile.source, profile.evse, profile.id))
        if present is not None:
            profile = replace(profile, installed=present.installed)
        self._keep(profile)
        return profile.purpose == EXTERNAL and self._see(profile.evse)

    def keep_only(self, heard: Iterable[_Key], since: datetime) -> None:
        """Know of no others than those that were just reported.

        What a station told of since a moment counts as well: not all report it.
        """
        kept = set(heard)
        told = {key for key, notice in self._notices.items() if notice.at >= since}
        told |= {key[:2] for key in kept}
        self._profiles = {key: it for key, it in self._profiles.items() if key in kept}
        self._notices = {key: it for key, it in self._notices.items() if key in told}

    def drop(self, profile: ChargingProfile) -> None:
        """Know of a profile no more."""
        self._profiles.pop((profile.source, profile.evse, profile.id), None)

    def _keep(self, profile: ChargingProfile) -> None:
        if len(self._profiles) < _MOST:
            self._profiles[profile.source, profile.evse, profile.id] = profile

    def _see(self, evse: int) -> bool:
        first = evse not in self.seen
        self.seen.add(evse)
        return first
