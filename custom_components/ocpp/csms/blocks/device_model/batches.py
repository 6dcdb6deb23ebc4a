"""Commands about many variables, in as many messages as the station takes."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import orjson

from ...model import Payload
from ...places import read_place, read_type
from ...variables import Place

# What a message needs around its items, in bytes.
_AROUND = 160
# For stations that do not say how many they take.
USUAL_ITEMS = 10


class Listing(NamedTuple):
    """Where a command lists its items, its answer the results, and who limits them."""

    items: str
    # Empty where the answer is one status for all.
    results: str
    controller: str
    # What no message may hold twice (B05.FR.13).
    once: Callable[[Any], Hashable] | None = None


def _what(item: Any) -> Hashable:
    if not isinstance(item, dict) or (place := read_place(item)) is None:
        return None
    return place.key, read_type(item)


_DATA, _MONITORS = "DeviceDataCtrlr", "MonitoringCtrlr"
LISTINGS = {
    "GetReport": Listing("componentVariable", "", _DATA),
    "GetVariables": Listing("getVariableData", "getVariableResult", _DATA),
    "SetVariables": Listing("setVariableData", "setVariableResult", _DATA, _what),
    "SetVariableMonitoring": Listing(
        "setMonitoringData", "setMonitoringResult", _MONITORS
    ),
    "ClearVariableMonitoring": Listing("id", "clearMonitoringResult", _MONITORS),
}


def limit_places(action: str) -> tuple[Place, Place]:
    """Return what says how many items and bytes a message may have."""
    controller = LISTINGS[action].controller
    return (
        Place(controller, "ItemsPerMessage", instance=action),
        Place(controller, "BytesPerMessage", instance=action),
    )


def first_batch(
    listing: Listing, items: Sequence[Any], most: int, most_bytes: int
) -> int:
    """Return how many of the items fit into one message: one at the least."""
    room, seen = most_bytes - _AROUND, set[Hashable]()
    for number, item in enumerate(items[:most]):
        room -= len(orjson.dumps(item)) + 1
        what = listing.once(item) if listing.once is not None else None
        if number and (
            (most_bytes and room < 0) or (what is not None and what in seen)
        ):
            return number
        seen.add(what)
    return min(most, len(items))


def joined(listing: Listing, answers: Sequence[Payload]) -> Payload:
    """Return the answers to the parts of a command as if they were one."""
    whole = dict(answers[0])
    if listing.results:
        found = [one.get(listing.results) for one in answers]
        whole[listing.results] = [
            result
            for results in found
            if isinstance(results, list)
            for result in results
        ]
        return whole
    statuses = [str(one.get("status")) for one in answers]
    # One part with something to tell makes an answer.
    accepted = statuses.index("Accepted") if "Accepted" in statuses else 0
    return dict(answers[accepted])
