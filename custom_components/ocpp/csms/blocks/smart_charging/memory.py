"""Limits as JSON, for a restart. What holds for some time only is not kept."""

from typing import Any

from ...model import Limit, RateUnit


def write_limits(limits: dict[int, Limit]) -> dict[str, Any]:
    """Write the limits that stand, by EVSE."""
    return {
        str(evse): {key: value for key, value in vars(limit).items() if key != "until"}
        for evse, limit in limits.items()
        if limit.until is None
    }


def read_limits(written: dict[str, Any]) -> dict[int, Limit]:
    """Read what `write_limits` wrote."""
    return {int(evse): _read(limit) for evse, limit in written.items()}


def _read(written: dict[str, Any]) -> Limit:
    units = {name: RateUnit(written[name]) for name in ("unit", "sent_unit")}
    return Limit(**written | units)
