"""Limits as JSON, for a restart."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from ...model import Limit, RateUnit


class InForce(NamedTuple):
    """A limit that does not stand, and the number of the session that it ends with."""

    evse: int
    limit: Limit
    session: int | None


def write_limits(limits: dict[int, Limit]) -> dict[str, Any]:
    """Write limits, by EVSE."""
    return {str(evse): _write(limit) for evse, limit in limits.items()}


def read_limits(written: dict[str, Any]) -> dict[int, Limit]:
    """Read what `write_limits` wrote."""
    return {int(evse): _read(limit) for evse, limit in written.items()}


def in_force(written: dict[str, Any]) -> Iterator[InForce]:
    """Read limits that end with a session, or at a time."""
    for evse, limit in written.items():
        fields = dict(limit)
        session = fields.pop("session", None)
        yield InForce(int(evse), _read(fields), session)


def _write(limit: Limit) -> dict[str, Any]:
    written = {key: value for key, value in vars(limit).items() if key != "until"}
    return written | ({"until": limit.until.isoformat()} if limit.until else {})


def _read(written: dict[str, Any]) -> Limit:
    units = {name: RateUnit(written[name]) for name in ("unit", "sent_unit")}
    until = written.get("until")
    ends = {"until": datetime.fromisoformat(until)} if until else {}
    return Limit(**written | units | ends)
