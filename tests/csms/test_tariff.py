"""What energy costs, now and in the past."""

from datetime import UTC, datetime, timedelta
import json

import pytest

from custom_components.ocpp.csms.tariff import Tariff

NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def tariff() -> Tariff:
    """Return a tariff without any price."""
    return Tariff()


def test_without_a_price_nothing_costs_anything(tariff: Tariff) -> None:
    assert not tariff.exists
    assert tariff.price(NOON) == 0
    assert tariff.charge(1000, NOON, NOON + HOUR) == (0, True)


def test_a_price_of_each_session_leaves_its_energy_free(tariff: Tariff) -> None:
    tariff.per_session = 1.5
    assert tariff.exists
    assert tariff.charge(1000, NOON, NOON + HOUR) == (0, True)


def test_the_first_fixed_price_holds_for_all_time(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON)
    assert tariff.exists
    assert tariff.price(NOON - 1000 * HOUR) == 0.3
    assert tariff.charge(2000, NOON - HOUR, NOON + HOUR) == (0.6, True)


def test_another_fixed_price_holds_from_then_on(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON - HOUR)
    tariff.fix(0.4, NOON)
    assert tariff.price(NOON - MINUTE) == 0.3
    assert tariff.price(NOON) == 0.4


def test_prices_that_are_taken_away_are_forgotten(tariff: Tariff) -> None:
    tariff.fix(0.3, NOON)
    tariff.free()
    assert not tariff.exists
    tariff.vary(0.5, NOON)
    assert tariff.price(NOON - MINUTE) is None


def test_a_price_that_varies(tariff: Tariff) -> None:
    tariff.vary(0.3, NOON)
    tariff.vary(0.3, NOON + MINUTE)
    tariff.vary(-0.02, NOON + HOUR)
    assert tariff.exists
    # Nobody knows what it was before it was first told.
    assert tariff.price(NOON - MINUTE) is None
    assert tariff.charge(500, NOON - MINUTE, NOON - MINUTE) == (0, False)
    assert tariff.price(NOON) == 0.3
    assert tariff.price(NOON + HOUR - MINUTE) == 0.3
    assert tariff.price(NOON + 5 * HOUR) == -0.02
    assert tariff.charge(1000, NOON + 2 * HOUR, NOON + 3 * HOUR) == (-0.02, True)


def test_what_nobody_can_tell_is_believed_for_six_hours(tariff: Tariff) -> None:
    tariff.vary(0.3, NOON - 100 * HOUR)
    tariff.vary(None, NOON)
    assert tariff.price(NOON - MINUTE) == 0.3
    assert tariff.price(NOON + 6 * HOUR - MINUTE) == 0.3
    assert tariff.price(NOON + 6 * HOUR) is None
    tariff.vary(0.25, NOON + 8 * HOUR)
    assert tariff.price(NOON + 7 * HOUR) is None
    assert tariff.price(NOON + 8 * HOUR) == 0.25


def test_a_price_that_was_never_told_is_not_known(tariff: Tariff) -> None:
    tariff.vary(None, NOON)
    assert tariff.exists
    assert tariff.price(NOON + MINUTE) is None
    assert tariff.charge(500, NOON, NOON + MINUTE) == (0, False)


def test_energy_is_spread_over_the_prices_of_its_time(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON)
    tariff.vary(0.4, NOON + HOUR)
    tariff.vary(0.1, NOON + 3 * HOUR)
    amount, complete = tariff.charge(4000, NOON, NOON + 4 * HOUR)
    assert (amount, complete) == (pytest.approx(0.2 + 2 * 0.4 + 0.1), True)


def test_energy_of_an_unknown_price_is_left_out(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON)
    tariff.vary(None, NOON)
    amount, complete = tariff.charge(8000, NOON, NOON + 8 * HOUR)
    assert (amount, complete) == (pytest.approx(6 * 0.2), False)


def test_energy_of_no_time_has_the_price_of_its_moment(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON)
    tariff.vary(0.4, NOON + HOUR)
    assert tariff.charge(1000, NOON + MINUTE, NOON + MINUTE) == (0.2, True)


def test_a_clock_that_was_set_back_does_not_mix_up_prices(tariff: Tariff) -> None:
    tariff.vary(0.2, NOON)
    tariff.vary(0.4, NOON - HOUR)
    assert tariff.price(NOON - MINUTE) is None
    assert tariff.price(NOON) == 0.4


def test_weeks_of_prices_are_remembered(tariff: Tariff) -> None:
    for hour in range(24 * 30):
        tariff.vary(hour / 1000, NOON + hour * HOUR)
    assert tariff.price(NOON + MINUTE) == 0


class TestRestart:
    """What is known after Home Assistant was restarted."""

    def restarted(self, tariff: Tariff, at: datetime, *, told: bool = False) -> Tariff:
        """Return a tariff that takes up what another one left."""
        kept = json.loads(json.dumps(tariff.as_dict(at)))
        again = Tariff()
        again.recall(kept, told=told)
        return again

    def test_nothing_was_kept(self, tariff: Tariff) -> None:
        tariff.recall({}, told=False)
        assert not tariff.exists
        tariff.vary(0.3, NOON)
        assert tariff.price(NOON) == 0.3

    def test_prices_of_late_samples_are_known(self, tariff: Tariff) -> None:
        tariff.vary(0.2, NOON)
        tariff.vary(0.4, NOON + HOUR)
        again = self.restarted(tariff, NOON + 2 * HOUR)
        again.vary(0.1, NOON + 3 * HOUR)
        assert again.price(NOON + MINUTE) == 0.2
        assert again.price(NOON + HOUR) == 0.4
        assert again.price(NOON + 3 * HOUR) == 0.1

    def test_the_last_price_is_believed_for_six_hours(self, tariff: Tariff) -> None:
        tariff.vary(0.2, NOON - 100 * HOUR)
        again = self.restarted(tariff, NOON)
        again.vary(None, NOON + MINUTE)
        assert again.price(NOON + 5 * HOUR) == 0.2
        assert again.price(NOON + 6 * HOUR) is None

    def test_a_fixed_price_held_all_the_while(self, tariff: Tariff) -> None:
        tariff.fix(0.3, NOON)
        again = self.restarted(tariff, NOON, told=True)
        again.fix(0.3, NOON + 10 * HOUR)
        assert again.price(NOON + 9 * HOUR) == 0.3
