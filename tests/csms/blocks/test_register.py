"""The energy register, fit for statistics."""

from datetime import UTC, datetime, timedelta
import random

import pytest

from custom_components.ocpp.csms.blocks.metering.register import Register

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "believed"),
    [
        pytest.param([5000, 5100, 5100], [5000, 5100, 5100], id="it counts"),
        pytest.param([5000, 0, 5100], [5000, 5100], id="a zero once"),
        pytest.param([5000, 0, 0, 20], [5000, 0, 20], id="starts again at zero"),
        pytest.param([5000, 30, 60], [5000, 60], id="starts again"),
        pytest.param([5000, 4980, 5010], [5000, 5010], id="rounds back"),
        pytest.param([150, 60, 70], [150, 70], id="starts again near zero"),
        pytest.param([5000, 9e9, 5100], [5000, 5100], id="absurd once"),
        pytest.param([5000, 900_000, 900_100], [5000, 900_100], id="another meter"),
        pytest.param([5000, 900_000, 20, 40], [5000, 40], id="absurd, then again"),
        pytest.param(
            [5000, 4.3e9, 4.3e9, 4.3e9, 5100], [5000, 5100], id="absurd for long"
        ),
        pytest.param([4.3e9, 5000, 5100], [4.3e9, 5100], id="absurd at first"),
        pytest.param([-5, 10], [10], id="never negative"),
    ],
)
def test_what_is_believed(values: list[float], believed: list[float]) -> None:
    """A restart and an exchanged meter show in the next value too, a glitch does not."""
    register = Register()
    taken = [
        value
        for minute, value in enumerate(values)
        if register.take(value, NOON + timedelta(minutes=minute))
    ]
    assert taken == believed
    assert register.value == believed[-1]


def test_zero_without_a_clock() -> None:
    """A zero from a station whose clock is not set is not of a meter that was read."""
    register = Register()
    assert not register.take(0, NOON, dated=False)
    assert register.take(0, NOON)
    assert register.take(7, NOON, dated=False)


def test_a_long_absence() -> None:
    """After weeks a register may have moved far."""
    register = Register(5000, NOON)
    assert not register.take(2_000_000, NOON + timedelta(minutes=1))
    register = Register(5000, NOON)
    assert register.take(2_000_000, NOON + timedelta(days=7))


def test_invariants() -> None:
    """It is never negative, and only ever falls to what the next value goes on from."""
    for seed in range(100):
        chance = random.Random(seed)
        register = Register()
        value = 0.0
        for minute in range(60):
            value = chance.choice(
                [value, value + chance.uniform(0, 500), 0, -3, chance.uniform(0, 2**33)]
            )
            before, doubted = register.value, register.doubted
            if register.take(value, NOON + timedelta(minutes=minute)):
                assert value >= 0 and register.value == value
                if before is not None and value < before:
                    assert doubted is not None and doubted <= value
            else:
                assert register.value == before
