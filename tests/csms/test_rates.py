"""How often and how much anybody may, with a clock of the tests' own."""

import pytest

from custom_components.ocpp.csms.rates import Bucket, Limits, Rates, who


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        """Begin at some time."""
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time, in seconds."""
        return self.now


class Connection:
    """A connection that knows whether it was ended."""

    def __init__(self) -> None:
        """Be open."""
        self.ended = False

    def abort(self) -> None:
        """End it."""
        self.ended = True


@pytest.fixture
def clock() -> Clock:
    """Return the clock."""
    return Clock()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (("192.0.2.1", 5000), "192.0.2.1"),
        (("::ffff:192.0.2.1", 5000, 0, 0), "192.0.2.1"),
        (("2001:db8::1", 5000, 0, 0), "2001:db8::/64"),
        (("2001:db8::ffff:2", 5000, 0, 0), "2001:db8::/64"),
        (("fe80::1%eth0", 5000, 0, 2), "fe80::/64"),
        (("/run/socket",), "/run/socket"),
        ("", ""),
        (None, ""),
    ],
)
def test_attempts_are_counted_by_address(address: object, counted: str) -> None:
    """Whoever has a network of IPv6 has all addresses in it."""
    assert who(address) == counted


def test_many_refusals_within_a_minute_are_too_often(clock: Clock) -> None:
    rates = Rates(Limits(failures=3), clock)
    for _ in range(3):
        assert not rates.too_often("a")
        rates.failed("a")
        clock.now += 10
    assert rates.too_often("a")
    assert not rates.too_often("b")
    clock.now += 30
    assert not rates.too_often("a")


def test_only_so_many_addresses_are_remembered(clock: Clock) -> None:
    rates = Rates(Limits(failures=1), clock)
    for number in range(1_001):
        rates.failed(str(number))
    assert not rates.too_often("0")
    assert rates.too_often("1")
    assert rates.too_often("1000")


def test_the_one_that_waits_longest_makes_room() -> None:
    """Of the address that holds too many; else of all."""
    rates = Rates(Limits(waiting_of_one=2, waiting=3))
    first, second, third, fourth, fifth = (Connection() for _ in range(5))
    rates.opened(first, "a")
    rates.opened(second, "b")
    rates.opened(third, "b")
    rates.opened(fourth, "b")
    assert [it.ended for it in (first, second, third, fourth)] == [
        *(False, True, False, False)
    ]
    rates.opened(fifth, "c")
    assert first.ended
    assert rates.dropped == 2
    for it in (first, second):
        rates.closed(it)
    assert rates.connections == 3


def test_a_station_that_is_in_makes_no_room_for_anybody() -> None:
    rates = Rates(Limits(connections=2))
    stations = [Connection(), Connection()]
    for it in stations:
        rates.opened(it, "a")
        rates.admitted(it)
    late = Connection()
    rates.opened(late, "a")
    assert late.ended
    assert not any(it.ended for it in stations)
    rates.closed(stations[0])
    rates.opened(Connection(), "a")
    assert rates.connections == 2
    last = Connection()
    rates.opened(last, "a")
    assert not last.ended
    assert rates.dropped == 2


def test_what_is_being_closed_makes_room_first() -> None:
    """Before one that waits, and the oldest first; one that is in stays."""
    rates = Rates(Limits(connections=4))
    inside, first, second, waiting, *late = (Connection() for _ in range(7))
    for it in (inside, first, second, waiting):
        rates.opened(it, "a")
    for it in (inside, first, second):
        rates.admitted(it)
    rates.closing(second)
    rates.closing(first)
    for it in late:
        rates.opened(it, "b")
        assert rates.connections == 4
    assert [it.ended for it in (second, first, waiting, inside)] == [
        *(True, True, True, False)
    ]
    assert not any(it.ended for it in late)
    # They are counted no more, whatever is told of them.
    for it in (first, second, waiting):
        rates.closing(it)
        rates.closed(it)
    assert (rates.connections, rates.dropped) == (4, 3)


def test_one_address_does_not_take_all_places() -> None:
    """Those of its own that are being closed go first."""
    rates = Rates(Limits(of_one=2))
    elsewhere, inside, leaving, other, late = (Connection() for _ in range(5))
    rates.opened(elsewhere, "a")
    rates.closing(elsewhere)
    for it in (inside, leaving, other):
        rates.opened(it, "b")
        rates.admitted(it)
        if it is leaving:
            rates.closing(leaving)
    assert leaving.ended
    assert not other.ended
    rates.opened(late, "b")
    assert late.ended
    assert not any(it.ended for it in (elsewhere, inside, other))
    assert rates.connections == 3


def test_when_nobody_listens_any_more_those_that_wait_are_ended() -> None:
    """Not the stations, which are told; and none is counted as one too many."""
    rates = Rates()
    station, silent, other = (Connection() for _ in range(3))
    for it in (station, silent, other):
        rates.opened(it, "a")
    rates.admitted(station)
    rates.end_waiting()
    assert [it.ended for it in (station, silent, other)] == [False, True, True]
    assert rates.dropped == 0


def test_a_burst_is_read_at_once_and_the_rest_in_time(clock: Clock) -> None:
    bucket = Bucket(Limits(burst=3, messages=10), clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.take() == pytest.approx(0.1)
    clock.now += 60
    assert [bucket.take() for _ in range(4)][:3] == [0, 0, 0]
