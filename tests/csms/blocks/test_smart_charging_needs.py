"""What cars want and how they mean to charge, apart from any socket (K15–K17)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp.csms.blocks.smart_charging import composite, needs as wants
from custom_components.ocpp.csms.blocks.smart_charging.composite import (
    PlannedStep,
    Situation,
)
from custom_components.ocpp.csms.blocks.smart_charging.ladder import Ladder, Means
from custom_components.ocpp.csms.blocks.smart_charging.needs import (
    Needs,
    Plan,
    is_inside,
    is_same,
    plan,
    read_needs,
    shortened,
)
from custom_components.ocpp.csms.blocks.smart_charging.periods import read_schedules
from custom_components.ocpp.csms.blocks.smart_charging.profiles import Purpose, Rung
from custom_components.ocpp.csms.blocks.smart_charging.rate import Wiring
from custom_components.ocpp.csms.model import ChargingProfile, RateUnit, timestamp

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def steps(*limits: float) -> Plan:
    """Return a plan with another limit each hour."""
    return [
        PlannedStep(NOW + timedelta(hours=number), limit)
        for number, limit in enumerate(limits)
    ]


@given(
    st.lists(st.integers(0, 32).map(float), min_size=1, max_size=12), st.integers(1, 12)
)
def test_a_plan_with_fewer_periods_is_never_above_the_whole_one(
    limits: list[float], most: int
) -> None:
    whole = steps(*limits)
    short = shortened(whole, most)
    assert len(short) <= most
    for hour, limit in enumerate(limits):
        at = NOW + timedelta(hours=hour)
        applies = [it.amperes for it in short if it.at <= at][-1]
        assert applies is not None
        assert applies <= limit
    assert is_inside(short, whole, NOW)


def test_plans_are_compared_from_now_on() -> None:
    assert is_same(steps(10, 10), steps(10), NOW)
    assert not is_same(steps(10, 9), steps(10), NOW)
    # What differed is over.
    later = NOW + timedelta(hours=1)
    assert is_same(steps(16, 9), steps(10, 9), later)


@pytest.mark.parametrize(
    ("wanted", "inside"),
    [
        ((10, 6), True),
        ((8,), False),
        # It is told rounded.
        ((10.2, 6.1), True),
        ((11, 6), False),
        ((10, 7), False),
        ((0,), True),
    ],
)
def test_a_car_may_take_what_it_is_allowed_at_each_moment(
    wanted: tuple[float, ...], inside: bool
) -> None:
    assert is_inside(steps(*wanted), steps(10, 6), NOW) is inside


# As many as a schedule may have (K01).
PERIODS = 1024
HERE = Situation(evse=1, wiring=Wiring(3), began=NOW)
UNTIL = NOW + timedelta(days=1)


def profile(number: int, purpose: str, *limits: float) -> ChargingProfile:
    """Return a profile with another limit each minute."""
    periods = [
        {"startPeriod": 60 * index, "limit": limit}
        for index, limit in enumerate(limits)
    ]
    schedule = {
        "startSchedule": timestamp(NOW),
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": periods,
    }
    return ChargingProfile(
        id=number,
        station="CP1",
        evse=1,
        stack_level=0,
        purpose=purpose,
        kind="Absolute",
        schedules=[schedule],
        installed=NOW,
    )


def test_each_period_of_the_longest_schedule_counts() -> None:
    limits = [float(10 + index % 2) for index in range(PERIODS)]
    allowed = plan([profile(1, "TxDefaultProfile", *limits)], HERE, NOW, UNTIL)
    assert len(allowed) == PERIODS
    assert is_inside(allowed, allowed, NOW)
    limits[-2] = 16
    wanted = plan([profile(2, "TxDefaultProfile", *limits)], HERE, NOW, UNTIL)
    assert not is_inside(wanted, allowed, NOW)


def test_the_longest_schedules_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is answered while a car's plan is looked at."""
    read: list[int] = []
    looked_at: list[datetime] = []
    begin, moment = composite._Plan.__init__, wants._moment

    def reading(self: Any, held: ChargingProfile, where: Situation) -> None:
        read.append(held.id)
        begin(self, held, where)

    def looking(step: PlannedStep) -> datetime:
        looked_at.append(step.at)
        return moment(step)

    monkeypatch.setattr(composite._Plan, "__init__", reading)
    monkeypatch.setattr(wants, "_moment", looking)
    purposes = ("TxDefaultProfile", *composite._CAPS)
    limits = [float(10 + index % 2) for index in range(PERIODS)]
    held = [profile(*it, *limits) for it in enumerate(purposes)]
    allowed = plan(held, HERE, NOW, UNTIL)
    assert sorted(read) == [0, 1, 2]
    assert is_inside(allowed, allowed, NOW)
    # Each moment is found in both plans by halving them.
    assert len(looked_at) <= 2 * PERIODS * (PERIODS.bit_length() + 1)


@pytest.mark.parametrize(
    ("said", "needs"),
    [
        ({}, Needs()),
        (
            {
                "requestedEnergyTransfer": "AC_single_phase",
                "departureTime": "2026-11-22T07:00:00Z",
                "acChargingParameters": {"energyAmount": 0, "evMaxCurrent": 16},
            },
            Needs(
                transfer_mode="ac_single_phase",
                departure=datetime(2026, 11, 22, 7, tzinfo=UTC),
                energy=0,
                maximum_current=16,
            ),
        ),
        # Stations write anything.
        (
            {
                "requestedEnergyTransfer": 7,
                "departureTime": "soon",
                "acChargingParameters": "none",
                "dcChargingParameters": {"evMaxPower": "lots", "stateOfCharge": True},
            },
            Needs(),
        ),
    ],
    ids=["nothing", "some", "nonsense"],
)
def test_what_a_car_says_is_read_as_far_as_it_is_understood(
    said: dict[str, Any], needs: Needs
) -> None:
    assert read_needs({"evseId": 1, "chargingNeeds": said}) == needs


@pytest.mark.parametrize(
    "told",
    [
        None,
        "A",
        [{"chargingRateUnit": "V", "chargingSchedulePeriod": []}],
        {"chargingRateUnit": "A", "chargingSchedulePeriod": {}},
        {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0}]},
        {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": float("nan")}],
        },
    ],
)
def test_a_schedule_that_says_nothing_is_none(told: Any) -> None:
    assert read_schedules(told) == []


def test_what_worked_is_known_to_a_station_that_learnt_another_version() -> None:
    """New firmware may speak 2.0.1, where the station as a whole is called otherwise."""
    ladder = Ladder()
    ladder.recall(
        {
            "station/ChargePointMaxProfile": [
                *("ChargePointMaxProfile", False, "Relative", "W")
            ]
        }
    )
    means = Means(
        (Purpose.STATION,),
        (*RateUnit,),
        has_levels=True,
        station_may_be_relative=False,
    )
    first = next(ladder.ways(0, means))
    assert first == Rung(Purpose.STATION, False, "Absolute", RateUnit.WATT)
    again = Ladder()
    again.recall(ladder.facts())
    assert next(again.ways(0, means)) == first
