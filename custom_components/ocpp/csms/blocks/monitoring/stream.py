"""A periodic event stream of 2.1: how it is spelled, and what of it waits."""

import asyncio
from collections import deque
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ...clock import Moment, moment
from ...model import Payload
from ...places import read_value

# How many values of a stream may wait, and how long one may be that is a number.
_MOST_VALUES = 500
_LONGEST_NUMBER = 50
_MOST_AT_ONCE = 1_000


class Stream(NamedTuple):
    """A stream that a station opened, for what a monitor of it tells.

    It sends every `interval` seconds, or as soon as it has that many `values`.
    """

    id: int
    monitor: int
    interval: int | None = None
    values: int | None = None

    @property
    def with_more_at_once(self) -> Stream | None:
        """Return it as it would keep up better; None where it can't."""
        if self.values and self.values < _MOST_AT_ONCE:
            return self._replace(values=min(self.values * 2, _MOST_AT_ONCE))
        if self.interval and self.interval > 1:
            return self._replace(interval=self.interval // 2)
        return None

    @property
    def params(self) -> Payload:
        """Return how it spells when it sends."""
        told = {"interval": self.interval, "values": self.values}
        return {key: value for key, value in told.items() if value is not None}


class Flow:
    """What came in a stream and waits to be taken up."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.waiting: deque[tuple[Moment, str]] = deque(maxlen=_MOST_VALUES)
        # What takes it up later.
        self.later: asyncio.Task[None] | None = None
        # When the next may be taken up, and asked to send more, by the loop's clock.
        self.next = self.adjusted = 0.0
        self.pending = self.growing = 0

    def put(self, values: list[tuple[Moment, str]]) -> None:
        """Have values wait. Of what is no number only the last is ever shown."""
        for said, value in values:
            if len(value) > _LONGEST_NUMBER:
                self.waiting.clear()
            self.waiting.append((said, value))

    def take(self) -> list[tuple[Moment, str]]:
        """Return what waits, by its time."""
        values = sorted(self.waiting, key=lambda value: value[0].at)
        self.waiting.clear()
        return values

    def stop(self) -> None:
        """Take up nothing more."""
        if self.later is not None:
            self.later.cancel()
            self.later = None


def read_stream(told: Any) -> Stream | None:
    """Return a stream as a station tells of it, or None where that is none."""
    if not isinstance(told, dict):
        return None
    number, monitor = _whole(told.get("id")), _whole(told.get("variableMonitoringId"))
    if number is None or monitor is None:
        return None
    return Stream(number, monitor, *read_params(told.get("params")))


def read_params(told: Any) -> tuple[int | None, int | None]:
    """Return every how many seconds, and after how many values, a stream sends."""
    params = told if isinstance(told, dict) else {}
    return _whole(params.get("interval")), _whole(params.get("values"))


def _whole(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def read_values(payload: Payload, received: datetime) -> list[tuple[Moment, str]]:
    """Return the values of a message, each with its moment."""
    told = payload.get("data")
    base = moment(payload.get("basetime"), received=received)
    return [
        (_moment_of(item.get("t"), base, received), value)
        for item in (told if isinstance(told, list) else ())[-_MOST_VALUES:]
        if isinstance(item, dict) and (value := read_value(item.get("v"))) is not None
    ]


def _moment_of(told: Any, base: Moment, received: datetime) -> Moment:
    """Return when a value was: seconds after the base, or as in part 4's example a time."""
    if isinstance(told, str):
        return moment(told, received=received)
    if isinstance(told, (int, float)) and base.dated:
        try:
            at = base.at + timedelta(seconds=told)
        except OverflowError, ValueError:
            return Moment(received, dated=False)
        return moment(at.isoformat(), received=received)
    return Moment(received, dated=False)
