"""What is known of a station's device model, and how it is kept."""

import asyncio
from typing import TYPE_CHECKING, Any, Unpack

from ...model import Part, Topic
from ...variables import (
    ACTUAL,
    WRITE_ONLY,
    KeptModel,
    Place,
    Variable,
    Where,
    as_flag,
    as_number,
    as_words,
    at,
    restored,
)
from ..block import Block

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# More than any station has.
MOST_VARIABLES = 10_000
# How many variables are read before somebody else has a turn.
STEP = 50
# In seconds: how long the parts of a report may be apart until what came is shown, and
# how long changes are gathered before they are written.
_SHOWN_AFTER = 1.0
_WRITTEN_AFTER = 5.0


class Known(Block):
    """The components and variables of a station, by place, as far as it told them."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin without any."""
        super().__init__(station)
        self.variables: dict[Place, Variable] = {}
        # The variables whose new value only holds once the station restarted.
        self.after_reboot: set[Place] = set()
        # The firmware that the station had when it was asked for all it has.
        self.read_for: str | None = None
        # How many items a station turned out to take that does not say.
        self._learnt: dict[str, int] = {}
        self._grew = False
        self._unsaved = False
        self._shows: asyncio.TimerHandle | None = None
        self._writes: asyncio.TimerHandle | None = None

    # --- what is known ------------------------------------------------------------------

    def find(self, place: Place) -> Variable | None:
        """Return a variable as it is known; names compare without letter case."""
        return self.variables.get(place.key)

    def value(
        self, component: str, variable: str, **where: Unpack[Where]
    ) -> str | None:
        """Return what a variable is, or None where it is not known."""
        known = self.find(at(component, variable, **where))
        return known.value if known is not None else None

    def number(
        self, component: str, variable: str, **where: Unpack[Where]
    ) -> float | None:
        """Return the number that a variable is, if it is one."""
        return as_number(self.value(component, variable, **where))

    def flag(
        self, component: str, variable: str, **where: Unpack[Where]
    ) -> bool | None:
        """Return whether a variable is true, or None where it is not known."""
        return as_flag(self.value(component, variable, **where))

    def words(self, component: str, variable: str, **where: Unpack[Where]) -> list[str]:
        """Return the members of a list; none where it is not known."""
        return as_words(self.value(component, variable, **where))

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return the model for people to look at, without what is secret."""
        return {
            variable.place.text: {
                attribute.type: attribute.value for attribute in variable.attributes
            }
            for variable in self.variables.values()
            if not variable.place.is_secret
        }

    # --- what is new ----------------------------------------------------------------

    def _know(self, key: Place, variable: Variable) -> None:
        before = self.variables.get(key)
        if before == variable:
            return
        if before is None and len(self.variables) >= MOST_VARIABLES:
            self.station.note("device model: too many variables")
            return
        self.variables[key] = variable
        if before is None or before.writable is not variable.writable:
            self._grew = True
        self._unsaved = True
        self.station.changed(part(key))

    def hold(self, place: Place, value: str | None, *, kind: str = ACTUAL) -> None:
        """Know the value of an attribute, where it is one that may be kept."""
        known = self.find(place) or Variable(place)
        present = known.attribute(kind)
        if place.is_secret or (
            present is not None and present.mutability == WRITE_ONLY
        ):
            value = None
        self._know(place.key, known.holding(kind, value))

    def _set_after_reboot(self, key: Place, waits: bool) -> None:
        if waits is not (key in self.after_reboot):
            self.after_reboot ^= {key}
            self.station.changed(part(key))
            self.station.remember()

    def _forget(self, key: Place) -> None:
        if self.variables.pop(key, None) is not None:
            self.after_reboot.discard(key)
            self._grew = self._unsaved = True
            self.station.changed(part(key))

    # --- memory -------------------------------------------------------------------------

    def _show(self, *, at_once: bool) -> None:
        """Tell that there is more or less to show, and write what is known."""
        if at_once:
            self._shown()
        elif self._shows is None:
            loop = asyncio.get_running_loop()
            self._shows = loop.call_later(_SHOWN_AFTER, self._show_now)

    def _show_now(self) -> None:
        self._shown()
        self.station.flush()

    def _shown(self) -> None:
        if self._shows is not None:
            self._shows.cancel()
            self._shows = None
        if self._grew:
            self._grew = False
            self.changed(Topic.STRUCTURE)
        if self._unsaved and self._writes is None:
            loop = asyncio.get_running_loop()
            self._writes = loop.call_later(_WRITTEN_AFTER, self.save)

    def save(self) -> None:
        """Have the model written, where it changed."""
        if self._writes is not None:
            self._writes.cancel()
            self._writes = None
        if self._unsaved and self.station.adopted:
            self._unsaved = False
            self.station.store.save_device_model(
                self.station.identity,
                # None of them ever changes, so that another thread can write them.
                KeptModel(self.read_for, tuple(self.variables.values())),
            )

    def stop(self) -> None:
        """Write what waits, and begin nothing more."""
        if self._shows is not None:
            self._shows.cancel()
            self._shows = None
        self.save()

    async def load(self) -> None:
        """Take up what the station was known to have."""
        kept = await self.station.store.load_device_model(self.station.identity)
        if kept is None:
            return
        self.read_for = kept.firmware
        for number, row in enumerate(kept.variables, 1):
            variable = restored(row)
            self.variables[variable.place.key] = variable
            if number % STEP == 0:
                await asyncio.sleep(0)

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what waits for a restart of the station."""
        self.after_reboot = {Place(*row) for row in facts.get("after_reboot", ())}
        self._learnt = dict(facts.get("learnt", {}))

    def facts(self) -> dict[str, Any]:
        """Keep what waits for a restart of the station."""
        if not self.after_reboot and not self._learnt:
            return {}
        return {
            "after_reboot": sorted(list(key) for key in self.after_reboot),
            "learnt": self._learnt,
        }


def part(key: Place) -> Part:
    """Return what is told to have changed with a variable, by its key."""
    return Part(Topic.CONFIGURATION, key.evse, key.text)
