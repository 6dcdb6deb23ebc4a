"""Limits as JSON, for a restart. What holds for some time only is not kept."""

from typing import Any

from ...model import Limit, RateUnit


def write_limit(limit: Limit) -> dict[str, Any]:
    """Write a limit that stands."""
    written = vars(limit).copy()
    del written["until"]
    return written


def read_limit(written: dict[str, Any]) -> Limit:
    """Read what `write_limit` wrote."""
    units = {name: RateUnit(written[name]) for name in ("unit", "sent_unit")}
    return Limit(**written | units)
