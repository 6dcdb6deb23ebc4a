"""How far a session is: its energy and what that costs."""

from datetime import UTC, datetime, timedelta
import json

import pytest

from custom_components.ocpp.csms.blocks.transactions.energy import SessionEnergy
from custom_components.ocpp.csms.blocks.transactions.tally import Tally, priced
from custom_components.ocpp.csms.model import Transaction
from custom_components.ocpp.csms.tariff import Tariff

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SESSION = Transaction(
    number=1, id="1", station="CP1", evse=1, started=NOON, meter_start=1000
)


@pytest.fixture
def tariff() -> Tariff:
    """Return a tariff in euro without any price."""
    tariff = Tariff()
    tariff.currency = "EUR"
    return tariff


def begun(tariff: Tariff) -> Tally:
    """Return the tally of a session that just began."""
    return Tally(priced(SESSION, tariff), SessionEnergy(start=1000), tariff)


def test_without_a_price_there_is_no_cost(tariff: Tariff) -> None:
    tally = begun(tariff)
    assert tally.take(3000, NOON + HOUR)
    session = tally.applied_to(SESSION)
    assert (session.energy, session.cost, session.currency) == (2000, None, None)
    assert session.cost_complete


def test_each_step_has_the_price_of_its_time(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON - HOUR)
    tariff.per_session = 1
    tally = begun(tariff)
    assert tally.take(2000, NOON + HOUR)
    tariff.vary(0.4, NOON + HOUR)
    assert tally.take(4000, NOON + 2 * HOUR)
    session = tally.applied_to(SESSION)
    assert session.cost == pytest.approx(1 + 0.2 + 0.8)
    assert (session.currency, session.cost_complete) == ("EUR", True)


def test_a_sample_that_comes_late_has_the_price_of_its_own_time(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON)
    tariff.vary(0.4, NOON + HOUR)
    tally = begun(tariff)
    tally.take(1000, NOON + 2 * HOUR)
    tally.take(2000, NOON + MINUTE)
    assert tally.cost == pytest.approx(0.2)
    assert tally.until == NOON + 2 * HOUR


def test_a_pause_does_not_count_for_the_energy_after_it(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON - HOUR)
    tally = begun(tariff)
    assert not tally.take(1000, NOON + HOUR)
    tariff.vary(0.4, NOON + HOUR)
    tally.take(2000, NOON + HOUR + MINUTE)
    assert tally.cost == pytest.approx(0.4)


def test_a_negative_price_lowers_the_cost(tariff: Tariff) -> None:
    tariff.vary(-0.1, NOON - HOUR)
    tally = begun(tariff)
    tally.take(3000, NOON + HOUR)
    assert tally.cost == pytest.approx(-0.2)


def test_an_unknown_price_makes_the_cost_incomplete(tariff: Tariff) -> None:
    tariff.vary(None, NOON - HOUR)
    tally = begun(tariff)
    assert tally.cost_complete
    tally.take(2000, NOON + HOUR)
    tariff.vary(0.3, NOON + HOUR)
    tally.take(3000, NOON + 2 * HOUR)
    assert tally.cost == pytest.approx(0.3)
    assert not tally.cost_complete


def test_prices_of_the_middle_of_a_session(tariff: Tariff) -> None:
    tally = begun(tariff)
    tally.take(2000, NOON + HOUR)
    tariff.per_session = 0.5
    tariff.fix(0.3, NOON + HOUR)
    tally.take(3000, NOON + 2 * HOUR)
    assert tally.cost == pytest.approx(0.5 + 0.3)
    assert not tally.cost_complete


def test_prices_before_anything_was_charged(tariff: Tariff) -> None:
    tally = begun(tariff)
    tariff.fix(0.3, NOON + MINUTE)
    tally.take(3000, NOON + HOUR)
    assert tally.cost == pytest.approx(0.6)
    assert tally.cost_complete


def test_prices_that_are_taken_away(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON)
    tally = begun(tariff)
    tally.take(2000, NOON + HOUR)
    tariff.free()
    tally.take(3000, NOON + 2 * HOUR)
    assert tally.cost == pytest.approx(0.3)
    assert not tally.cost_complete


def test_another_currency_is_not_added_up(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON)
    tally = begun(tariff)
    tally.take(2000, NOON + HOUR)
    tariff.currency = "CHF"
    tally.take(3000, NOON + 2 * HOUR)
    session = tally.applied_to(SESSION)
    assert session.cost == pytest.approx(0.3)
    assert (session.currency, session.cost_complete) == ("EUR", False)


def test_the_end_counts_what_is_missing(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON)
    tally = begun(tariff)
    tally.take(2000, NOON + HOUR)
    tally.finish(3000, NOON + 2 * HOUR)
    assert (tally.energy, tally.cost) == (2000, pytest.approx(0.6))


def test_after_a_restart_the_gap_has_the_prices_of_its_time(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON - HOUR)
    tally = begun(tariff)
    tally.take(2000, NOON + HOUR)
    stored = tally.applied_to(SESSION)
    kept = json.loads(json.dumps(tally.as_dict()))
    tariff.vary(0.4, NOON + 2 * HOUR)

    tally = Tally.recall(stored, kept, tariff)
    tally.take(4000, NOON + 3 * HOUR)
    assert tally.energy == 3000
    assert tally.cost == pytest.approx(0.2 + 0.2 + 0.4)


def test_what_was_kept_before_times_were(tariff: Tariff) -> None:
    tally = Tally.recall(SESSION, {"base": 1000, "last": 1500}, tariff)
    tally.take(3000, NOON + HOUR)
    assert tally.energy == 2000


def test_each_minute_is_told_once(tariff: Tariff) -> None:
    """To the nearest second, as it is shown; several at a time are told together."""
    tally, told = begun(tariff), []
    for seconds in (0, 30, 59.4, 59.5, 60, 119.4, 119.6, 300, 301, 359.4, 360):
        tally.take(1000, NOON + timedelta(seconds=seconds))
        if tally.passes_minute(NOON):
            told.append(seconds)
    assert told == [59.5, 119.6, 300, 360]


def test_a_start_that_was_earlier_than_was_thought_is_told_at_once(
    tariff: Tariff,
) -> None:
    tally = begun(tariff)
    tally.take(1000, NOON + timedelta(seconds=20))
    assert not tally.passes_minute(NOON)
    assert tally.passes_minute(NOON - MINUTE)
    tally.take(1000, NOON + timedelta(seconds=59.4))
    assert not tally.passes_minute(NOON - MINUTE)
    tally.take(1000, NOON + MINUTE)
    assert tally.passes_minute(NOON - MINUTE)
