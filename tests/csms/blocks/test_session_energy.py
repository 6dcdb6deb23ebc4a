"""What a session charged, whatever the register does."""

import random

import pytest

from custom_components.ocpp.csms.blocks.transactions.energy import (
    MOST_PER_SESSION,
    SessionEnergy,
)


@pytest.mark.parametrize(
    ("start", "before", "registers", "stop", "energy"),
    [
        pytest.param(4000, None, [4000, 5200], 5300, 1300, id="plain"),
        pytest.param(4000, 4000, [], 5300, 1300, id="no samples"),
        pytest.param(4000, None, [5200], None, 1200, id="no end"),
        pytest.param(None, None, [], None, 0, id="nothing is known"),
        pytest.param(None, None, [5200, 5900], None, 700, id="no start"),
        pytest.param(None, 5000, [5200, 5900], None, 900, id="no start but before"),
        pytest.param(None, None, [], 5900, 0, id="no start and no samples"),
        pytest.param(None, 0, [300], None, 300, id="a new meter"),
        pytest.param(0, None, [300, 900], 950, 950, id="counts the session"),
        pytest.param(0, 81_000, [300, 900], 950, 950, id="starts at zero each session"),
        pytest.param(0, 81_000, [81_300], 81_900, 900, id="start 0, lifetime register"),
        pytest.param(0, None, [281_300, 281_400], None, 100, id="start 0, no before"),
        pytest.param(
            81_000, None, [20, 700], 81_730, 730, id="samples count the session"
        ),
        pytest.param(
            81_000, None, [81_000, 20, 700], 730, 730, id="restarts at the start"
        ),
        pytest.param(81_000, None, [20, 700], 0, 700, id="ends with zero"),
        pytest.param(5000, None, [5400, 0, 250], 300, 700, id="restarts in between"),
        pytest.param(5000, None, [5400], 100, 400, id="restarted before the end"),
        pytest.param(5000, None, [5400, 5390, 5500], 5500, 500, id="rounds back"),
        pytest.param(5000, None, [4990, 5500], 5500, 510, id="rounds before start"),
        pytest.param(5000, None, [], 4999, 0, id="ends below its start"),
        pytest.param(5000, None, [], 300, 300, id="restarted and no samples"),
        pytest.param(5000, None, [7500], 5000, 2500, id="repeats start as end"),
        pytest.param(1000, None, [8000], 1000, 7000, id="repeats a low start as end"),
        pytest.param(5000, None, [5400], 5350, 400, id="ends a little below a sample"),
        pytest.param(
            5000, None, [5400, 900_000, 900_500], 900_600, 1000, id="meter exchanged"
        ),
        pytest.param(
            5000, None, [5400], 4_294_967_295, 400, id="an absurd end is not believed"
        ),
        pytest.param(
            900_000, None, [900_400, 300_000, 300_100], None, 500, id="to another meter"
        ),
        pytest.param(40, None, [60, 55, 80], 80, 40, id="rounds back near zero"),
    ],
)
def test_energy(
    start: float | None,
    before: float | None,
    registers: list[float],
    stop: float | None,
    energy: float,
) -> None:
    """Each way registers are known to behave gives what was charged."""
    session = SessionEnergy(start=start, before=before)
    for register in registers:
        session.take(register)
    assert session.finish(stop) == energy


def anything(chance: random.Random) -> float:
    """Return a register as no meter has it."""
    return chance.choice(
        [
            0,
            chance.uniform(0, 500),
            chance.uniform(0, MOST_PER_SESSION),
            chance.uniform(0, 2**33),
        ]
    )


def test_invariants() -> None:
    """Whatever comes, the energy is never negative, never falls and never leaps."""
    for seed in range(200):
        chance = random.Random(seed)

        session = SessionEnergy(
            start=chance.choice([None, 0, anything(chance)]),
            before=chance.choice([None, anything(chance)]),
        )
        shown = 0.0
        register = anything(chance)
        for _ in range(60):
            register = chance.choice(
                [
                    register,
                    register + chance.uniform(0, 3000),
                    register - 10,
                    anything(chance),
                ]
            )
            session.take(max(register, 0))
            assert shown <= session.energy <= shown + MOST_PER_SESSION
            shown = session.energy
            if chance.random() < 0.1:
                session = SessionEnergy(**session.as_dict())
                assert session.energy == shown
        assert shown <= session.finish(chance.choice([None, anything(chance)]))


def test_a_good_meter_is_counted_exactly() -> None:
    """Where the register only adds, the energy is its difference."""
    for seed in range(50):
        chance = random.Random(seed)
        start = chance.uniform(1, 10_000_000)
        session = SessionEnergy(start=start, before=start)
        register = start
        for _ in range(20):
            register += chance.uniform(0, 2000)
            session.take(register)
        assert session.finish(register) == pytest.approx(register - start)
