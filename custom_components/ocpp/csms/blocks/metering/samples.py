"""What the samples of one moment say, whatever version they were spelled in."""

from collections.abc import Iterable

from ...model import Sample

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


def values_of(samples: Iterable[Sample]) -> dict[str, float]:
    """Return one value for each key, and the totals of what came by phase only."""
    best: dict[str, Sample] = {}
    phased = False
    for sample in samples:
        name = sample.key
        if name not in best or sample.rank < best[name].rank:
            best[name] = sample
            phased = phased or "/" in name
    values = {name: sample.value for name, sample in best.items()}
    if phased:
        _add_totals(values)
    return values


def _add_totals(values: dict[str, float]) -> None:
    """Add the value of the whole EVSE where only those of its phases came.

    Energy and power are the sum of the phases; of currents the largest counts, since that
    is what a limit or a fuse is about; of voltages and power factors the mean of the phases
    in use.
    """
    for measurand in {name.partition("/")[0] for name in values if "/" in name}:
        if measurand in values:
            continue
        phases = [
            values[name]
            for conductor in _CONDUCTORS
            if (name := key(measurand, conductor)) in values
        ]
        if not phases:
            continue
        if measurand.startswith("Current."):
            values[measurand] = max(phases)
        elif (
            measurand.startswith(("Energy.", "Power.")) and measurand != "Power.Factor"
        ):
            values[measurand] = round(sum(phases), 6)
        else:
            used = [value for value in phases if value] or phases
            values[measurand] = round(sum(used) / len(used), 3)
