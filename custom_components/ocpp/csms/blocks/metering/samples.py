"""What the samples of one moment say, whatever version they were spelled in."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

# Which of two samples of one measurand and moment to show. Begin values are history.
_CONTEXT_RANK = {
    "Transaction.End": 0,
    "Sample.Periodic": 1,
    "Sample.Clock": 1,
    "Trigger": 1,
    "Other": 2,
    "Interruption.End": 3,
    "Interruption.Begin": 3,
    "Transaction.Begin": 4,
}
_LOCATION_RANK = {"Outlet": 0, "Cable": 1, "EV": 2, "Inlet": 3, "Body": 4}
_UNKNOWN_RANK = 5
_CONDUCTORS = ("L1", "L2", "L3")
# What stops with the session, also at stations that then stop sampling.
_FLOWING = frozenset(
    {
        "Power.Active.Import",
        "Power.Active.Export",
        "Power.Reactive.Import",
        "Power.Reactive.Export",
        "Current.Import",
        "Current.Export",
    }
)


# A measurand, how its total comes about, and out of which keys.
type Total = tuple[str, Callable[[list[float]], float], list[str]]


class Meaning(NamedTuple):
    """What the words of a sample mean: its key and rank, and how to read its value.

    Of several samples with one key and moment, the one with the lowest rank is shown.
    `factor` and `offset` bring the value into Wh, W, A, V, °C, % or Hz.
    """

    key: str
    rank: int
    factor: float = 1
    offset: float = 0


def key(measurand: str, phase: str = "") -> str:
    """Return the name of a measurand and phase as parts and entities use it."""
    return f"{measurand}/{phase}" if phase else measurand


def flows(name: str) -> bool:
    """Return whether a key is of something that flows only while a session runs."""
    return name.partition("/")[0] in _FLOWING


def rank(context: str, location: str) -> int:
    """Return how good a sample is; the lowest of one measurand and moment is shown."""
    return 10 * _CONTEXT_RANK.get(context, _UNKNOWN_RANK) + _LOCATION_RANK.get(
        location, _UNKNOWN_RANK
    )


def add_totals(values: dict[str, float]) -> None:
    """Add the value of the whole EVSE where only those of its phases came."""
    for measurand, total, phases in totals(tuple(values)):
        values[measurand] = total([values[name] for name in phases])


def with_phase(
    known: dict[str, float], measurand: str, name: str, value: dict[str, float]
) -> dict[str, float]:
    """Return the value of the whole EVSE where one of its phases came alone.

    `known` are the newest readings, among them those of the other phases.
    """
    phases = [key(measurand, end) for end in _CONDUCTORS]
    if name not in phases:
        return {}
    found = {phase: known[phase] for phase in phases if phase in known} | value
    add_totals(found)
    return {measurand: found[measurand]}


# A station sends the same few sets of keys all the time.
@lru_cache(maxsize=256)
def totals(names: tuple[str, ...]) -> list[Total]:
    """Return what to add to these keys: the measurand, how, and out of which.

    Energy and power are the sum of the phases; of currents the largest counts, since that
    is what a limit or a fuse is about; of voltages and power factors the mean of the phases
    in use.
    """
    found: list[Total] = []
    for measurand in sorted({name.partition("/")[0] for name in names} - set(names)):
        phases = [name for end in _CONDUCTORS if (name := key(measurand, end)) in names]
        if not phases:
            continue
        if measurand.startswith("Current."):
            found.append((measurand, max, phases))
        elif (
            measurand.startswith(("Energy.", "Power.")) and measurand != "Power.Factor"
        ):
            found.append((measurand, _sum, phases))
        else:
            found.append((measurand, _mean, phases))
    return found


def _sum(values: Iterable[float]) -> float:
    return round(sum(values), 6)


def _mean(values: list[float]) -> float:
    used = [value for value in values if value] or values
    return sum(used) / len(used)
