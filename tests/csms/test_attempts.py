"""Which passwords are looked at, with a clock of the tests' own."""

import secrets
from unittest.mock import Mock

import pytest

from custom_components.ocpp.csms.attempts import AGAIN, FIRST, Attempts, Seen, Share
from tests.csms.test_rates import Clock


@pytest.fixture
def clock() -> Clock:
    """Return the clock."""
    return Clock()


def mark() -> bytes:
    """Return what some password is known by."""
    return secrets.token_bytes(32)


def test_a_share_is_so_many_in_any_minute(clock: Clock) -> None:
    share = Share(2, clock)
    taken = []
    for address in "abcab":
        taken.append(share.take(address))
        clock.now += 25
    assert [bool(it) for it in taken] == [True, True, False, True, True]
    assert taken[-1] is not None
    taken[-1].give_back()
    assert share.take("c")
    assert not share.take("d")


def test_no_address_takes_all_of_a_share(clock: Clock) -> None:
    share = Share(4, clock)
    taken = [share.take("a") is not None for _ in range(4)]
    assert taken == [True, True, False, False]
    assert share.take("b")
    clock.now += 60
    assert share.take("a")


def test_no_more_is_given_back_than_was_taken(clock: Clock) -> None:
    share = Share(2, clock)
    taken = share.take("a")
    assert taken is not None
    for _ in range(3):
        taken.give_back()
    assert share.take("a")
    assert share.take("b")
    assert not share.take("c")


def test_what_was_taken_is_given_back_to_the_address_that_took_it(
    clock: Clock,
) -> None:
    """Although another took one since."""
    share = Share(4, clock)
    taken = share.take("a")
    assert share.take("a")
    assert share.take("b")
    assert taken is not None
    taken.give_back()
    assert share.take("a")
    assert not share.take("a")
    assert share.take("b")


def test_what_is_over_by_itself_is_not_given_back_again(clock: Clock) -> None:
    share = Share(2, clock)
    taken = share.take("a")
    clock.now += 60
    assert share.take("b")
    assert taken is not None
    taken.give_back()
    assert share.take("c")
    assert not share.take("d")


def test_what_others_took_leaves_its_half_to_the_address_of_a_station(
    clock: Clock,
) -> None:
    share = Share(4, clock)
    assert all(share.take(address) for address in "abcd")
    assert not share.take("home")
    taken = [share.take("home", own=True) is not None for _ in range(3)]
    assert taken == [True, True, False]


def test_guesses_at_one_station_are_few_from_wherever_they_come(clock: Clock) -> None:
    """Each is another password, from an address that did not fail yet."""
    attempts, station = Attempts(clock), Mock(identity="CP1")
    looked = [
        attempts.take(station, mark(), str(number), heard=True) for number in range(500)
    ]
    assert sum(share is not None for share in looked) == FIRST
    clock.now += 60
    assert attempts.take(station, mark(), "a", heard=True)


def test_what_comes_again_is_looked_at_whoever_spoilt_the_address(clock: Clock) -> None:
    attempts, station = Attempts(clock), Mock(identity="CP1")
    honest = mark()
    assert attempts.take(station, honest, "a", heard=False) is None
    for _ in range(5_000):
        attempts.take(station, mark(), "a", heard=False)
    assert attempts.take(station, honest, "a", heard=False)


def test_also_guesses_that_come_again_are_few(clock: Clock) -> None:
    attempts, station = Attempts(clock), Mock(identity="CP1")
    guesses = [mark() for _ in range(100)]
    for _ in range(2):
        looked = [
            attempts.take(station, it, str(number), heard=True)
            for number, it in enumerate(guesses)
        ]
    assert sum(share is not None for share in looked) == AGAIN
    assert FIRST + AGAIN <= 30


def test_what_came_to_another_station_did_not_come_here(clock: Clock) -> None:
    attempts, one, other = Attempts(clock), Mock(identity="CP1"), Mock(identity="CP2")
    common = mark()
    assert attempts.take(one, common, "a", heard=False) is None
    assert attempts.take(other, common, "a", heard=False) is None
    # Each has its own share.
    for _ in range(2 * FIRST):
        attempts.take(one, mark(), "a", heard=True)
    assert attempts.take(other, mark(), "a", heard=True)


def test_what_was_there_is_remembered_in_memory_that_does_not_grow() -> None:
    seen = Seen()
    assert mark() not in seen
    late = [mark() for _ in range(1_000)]
    for _ in range(100_000):
        seen.add(mark())
    for it in late:
        seen.add(it)
    assert len(seen._now) + len(seen._before) == 256 * 1024
    assert all(it in seen for it in late)
    # Few others are taken for one of them.
    assert sum(mark() in seen for _ in range(10_000)) < 100


def test_the_oldest_is_forgotten() -> None:
    seen = Seen()
    old = mark()
    seen.add(old)
    for _ in range(80_000):
        seen.add(mark())
    assert old not in seen
