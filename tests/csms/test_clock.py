"""Prove how moments are read that stations write."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.clock import Moment, Order, in_whole_seconds, moment
from custom_components.ocpp.csms.model import timestamp, utcnow

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-05-04T11:00:00Z", datetime(2026, 5, 4, 11, tzinfo=UTC)),
        ("2026-05-04T11:00:00", datetime(2026, 5, 4, 11, tzinfo=UTC)),
        ("2026-05-04T13:00:00+02:00", datetime(2026, 5, 4, 11, tzinfo=UTC)),
        ("2026-05-04T11:00:00.123456789Z", datetime(2026, 5, 4, 11, 0, 0, 123456, UTC)),
        (" 2026-05-04 11:00:00Z ", datetime(2026, 5, 4, 11, tzinfo=UTC)),
        ("2026-05-04T12:05:00Z", NOW + timedelta(minutes=5)),
        ("2015-01-01T00:00:00Z", datetime(2015, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_with_any_zone_and_fraction(text: str, at: datetime) -> None:
    """Without a zone it is UTC."""
    assert moment(text, received=NOW) == (at, True)


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "now",
        "2026-13-01T00:00:00Z",
        "1970-01-01T00:00:12Z",
        "2000-01-01T00:00:00Z",
        "2026-05-04T12:05:01Z",
        "2099-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_clock_that_is_not_set_is_not_believed(text: Any) -> None:
    """The time of reception stands in."""
    assert moment(text, received=NOW) == (NOW, False)


def test_the_time_of_reception_is_now() -> None:
    """Unless told otherwise."""
    before = utcnow()
    at, dated = moment(None)
    assert before <= at <= utcnow() and not dated


def test_what_we_write_is_utc_with_milliseconds_and_z() -> None:
    """As every station can read it."""
    zone = datetime.fromisoformat("2026-05-04T14:00:00.5+02:00")
    assert timestamp(zone) == "2026-05-04T12:00:00.500Z"
    assert timestamp(NOW) == "2026-05-04T12:00:00.000Z"


def said(minutes: float, *, dated: bool = True) -> Moment:
    """Return a moment some minutes from now."""
    return Moment(NOW + timedelta(minutes=minutes), dated=dated)


def later(seconds: float) -> datetime:
    """Return when something is received."""
    return NOW + timedelta(seconds=seconds)


def test_what_was_queued_is_overtaken_by_what_was_said_since() -> None:
    """However long after it the queued words arrive."""
    order = Order()
    assert order.is_overtaken(said(-120), said(0), later(1))
    order.restore()
    assert order.is_overtaken(said(-120), said(0), later(3600))
    assert not order.is_overtaken(said(1), said(0), later(3601))
    assert order.is_overtaken(said(-120), said(1), later(7200))


def test_a_clock_that_was_set_back_is_believed_after_a_minute() -> None:
    """A queue is not that long: what goes on being dated back is the present."""
    order = Order()
    assert order.is_overtaken(said(-60), said(0), later(0))
    assert order.is_overtaken(said(-59.5), said(0), later(30))
    assert not order.is_overtaken(said(-59), said(0), later(60))


def test_nothing_is_overtaken_without_usable_times() -> None:
    """The order of arrival is all there is then."""
    order = Order()
    assert not order.is_overtaken(said(-60, dated=False), said(0), later(0))
    assert not order.is_overtaken(said(-60), said(0, dated=False), later(0))
    assert not order.is_overtaken(said(-60), None, later(0))


def test_only_moments_lose_their_fractions() -> None:
    """Whatever else looks a little like one is left as it is."""
    said = {
        "currentTime": timestamp(NOW),
        "list": [{"at": "2026-05-04T12:00:00.250Z"}, 1.5, None, True],
        "text": "at 2026-05-04T12:00:00.250Z",
        "naive": "2026-05-04T12:00:00.250",
    }
    assert in_whole_seconds(said) == {
        "currentTime": "2026-05-04T12:00:00Z",
        "list": [{"at": "2026-05-04T12:00:00Z"}, 1.5, None, True],
        "text": "at 2026-05-04T12:00:00.250Z",
        "naive": "2026-05-04T12:00:00.250",
    }
    assert said["currentTime"] == "2026-05-04T12:00:00.000Z"
