"""Which of several meters an EVSE is counted by: two of them are never one register."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ...variables import Place

# By EVSE and measurand.
type _Key = tuple[int, str]


class Source(NamedTuple):
    """A variable that is streamed, and what its register is moved by, in Wh.

    So the register of an EVSE goes on where that of another of its meters was.
    """

    place: Place
    offset: float = 0


class Sources:
    """The meter that each register is of: what messages tell, or else one stream."""

    def __init__(self) -> None:
        """Begin without any."""
        self._told: set[_Key] = set()
        self._streamed: dict[_Key, Source] = {}

    def is_streamed(self, evse: int, name: str) -> bool:
        """Return whether a register is that of a stream."""
        return (evse, name) in self._streamed

    def is_told(self, evse: int, name: str) -> bool:
        """Return whether messages tell a register, and so no stream counts it."""
        return (evse, name) in self._told

    def take_told(self, evse: int, name: str) -> None:
        """Know that messages tell a register; no stream counts it from now on."""
        self._told.add((evse, name))
        self._streamed.pop((evse, name), None)

    def counted(
        self,
        key: _Key,
        place: Place,
        value: float,
        *,
        before: float | None,
        connector: int,
        streaming: Callable[[], Iterable[Place]],
    ) -> float | None:
        """Return a value of a stream as it counts, in Wh; None where another meter does.

        The first that is streamed stays, unless the car is at another `connector` than it
        measures, or it is not among those `streaming` any more. `before` is the register.
        """
        if key in self._told:
            return None
        # Phases are of one meter.
        place = place._replace(instance="").key
        source = self._streamed.get(key)
        if source is None:
            source = self._streamed[key] = Source(place)
        elif source.place != place:
            elsewhere = source.place.connector not in (0, connector)
            if not (
                (connector and elsewhere and place.connector in (0, connector))
                or source.place
                not in {it._replace(instance="").key for it in streaming()}
            ):
                return None
            offset = before - value if before is not None else 0
            source = self._streamed[key] = Source(place, offset)
        if value + source.offset < 0:
            # It restarted.
            source = self._streamed[key] = Source(place)
        return round(value + source.offset, 6)

    def recall(self, kept: Iterable[list[Any]]) -> None:
        """Take up what `facts` returned."""
        for evse, name, place, offset in kept:
            self._streamed[evse, name] = Source(Place(*place), offset)

    def facts(self) -> list[list[Any]]:
        """Return what must survive a restart, as JSON."""
        return [
            [evse, name, [*source.place], source.offset]
            for (evse, name), source in self._streamed.items()
        ]
