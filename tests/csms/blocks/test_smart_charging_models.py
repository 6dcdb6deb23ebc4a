"""Limits for models that are known to need something else."""

from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.smart_charging.rate import Wiring, kept_rate
from custom_components.ocpp.csms.chargers import Compatibility
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import RateUnit, StationSettings
from tests.csms.conftest import MakeCharger, prepared
from tests.csms.talk import at_rest
from tests.simulator import Charger

from .test_smart_charging import Profiles, limits


def treat(station: ChargingStation, **needs: Any) -> None:
    """Have a station treated as a model that needs something."""
    station.apply_settings(StationSettings(compatibility=needs))


@pytest.fixture
def everything(charger: Charger) -> Profiles:
    """Let the charger take every profile."""
    return Profiles(charger, lambda _: True)


# --- ways -------------------------------------------------------------------------------


async def test_a_model_that_takes_one_way_is_asked_in_that_way_only(
    station: ChargingStation, charger: Charger
) -> None:
    nothing = Profiles(charger, lambda _: False)
    treat(
        station,
        rate_unit=RateUnit.WATT,
        purposes=("TxDefaultProfile",),
        profile_kind="Relative",
        lowest_stack_level=True,
    )
    await charger.start()
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert nothing.take() == [("TxDefaultProfile", 0, "Relative", "W")]


async def test_a_model_that_lacks_a_purpose_is_not_offered_it(
    station: ChargingStation, charger: Charger
) -> None:
    nothing = Profiles(charger, lambda _: False)
    treat(station, purposes=("TxProfile", "TxDefaultProfile"))
    await charger.start()
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert {purpose for purpose, *_ in nothing.take()} == {
        "TxProfile",
        "TxDefaultProfile",
    }


async def test_a_wish_that_a_model_leaves_no_purpose_for_is_sent_all_the_same(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    treat(station, purposes=("TxDefaultProfile",))
    limit = await station.smart_charging.set_limit(0, 20)
    assert limit.purpose == "ChargePointMaxProfile"


async def test_words_that_nobody_knows_leave_all_ways(
    station: ChargingStation, charger: Charger
) -> None:
    nothing = Profiles(charger, lambda _: False)
    treat(station, purposes=("MyProfile",), profile_kind="Square")
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_limit(1, 10)
    assert len(nothing.take()) == 16


async def test_what_worked_before_gives_way_to_what_people_say_of_the_model(
    station: ChargingStation, charger: Charger, everything: Profiles
) -> None:
    await station.smart_charging.set_limit(1, 10)
    treat(station, lowest_stack_level=True, profile_kind="Relative")
    await station.smart_charging.set_limit(1, 11)
    assert everything.take() == [
        ("TxDefaultProfile", 8, "Absolute", "A"),
        ("TxDefaultProfile", 0, "Relative", "A"),
    ]


async def test_a_model_is_known_by_what_it_says_when_it_boots(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """A charger that takes watts only, at the first try."""
    charger = await connect_charger()
    charger.boot_fields |= {
        "chargePointVendor": "Huawei",
        "chargePointModel": "ACChargePoint",
    }
    await charger.power_up()
    await prepared(station)
    watts = Profiles(charger, lambda _: True)
    limit = await station.smart_charging.set_limit(1, 10)
    assert watts.take() == [("TxDefaultProfile", 8, "Absolute", "W")]
    assert limit.sent_value == 6900


async def test_a_start_with_a_limit_is_written_for_the_model_too(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(1, 10)
    treat(
        station,
        rate_unit=RateUnit.WATT,
        profile_kind="Absolute",
        lowest_stack_level=True,
    )
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, limit=10)
    sent = (await charger.wait_for_call("RemoteStartTransaction"))["chargingProfile"]
    assert sent["stackLevel"] == 0
    assert sent["chargingProfileKind"] == "Absolute"
    assert sent["chargingSchedule"]["chargingRateUnit"] == "W"
    assert sent["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 6900


async def test_a_start_for_a_model_that_refuses_absolute_profiles_is_relative(
    station: ChargingStation, charger: Charger
) -> None:
    treat(station, profile_kind="Relative", whole_amperes=True)
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, limit=10.9)
    sent = (await charger.wait_for_call("RemoteStartTransaction"))["chargingProfile"]
    assert sent["chargingProfileKind"] == "Relative"
    assert sent["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 10


# --- values -----------------------------------------------------------------------------

AMPERE, WATT = RateUnit.AMPERE, RateUnit.WATT
WHOLE = Compatibility(whole_amperes=True)
FROM_7 = Compatibility(whole_amperes=True, lowest_current=7)
STEPS = Compatibility(steps=(6, 8, 10, 13, 16))


@pytest.mark.parametrize(
    ("treated", "wanted", "unit", "kept"),
    [
        (Compatibility(), 10.7, AMPERE, 10.7),
        (WHOLE, 10.9, AMPERE, 10),
        (WHOLE, 11, AMPERE, 11),
        # What converting left behind is no reason to take an ampere away.
        (WHOLE, 6900 / 690 - 1e-9, AMPERE, 10),
        (WHOLE, 0.9, AMPERE, 0),
        (WHOLE, 7450, WATT, 7450),
        (FROM_7, 7, AMPERE, 7),
        (FROM_7, 6.9, AMPERE, 0),
        (FROM_7, 0, AMPERE, 0),
        (FROM_7, 7 * 690, WATT, 7 * 690),
        (FROM_7, 6 * 690, WATT, 0),
        (STEPS, 6, AMPERE, 6),
        (STEPS, 12.9, AMPERE, 10),
        (STEPS, 13, AMPERE, 13),
        (STEPS, 32, AMPERE, 16),
        (STEPS, 0, AMPERE, 0),
        (STEPS, 5.9, AMPERE, 0),
        (Compatibility(steps=(0, 6, 16)), 5, AMPERE, 0),
        (Compatibility(steps=(16, 6)), 10, AMPERE, 6),
    ],
)
def test_never_more_is_sent_than_was_asked_for(
    treated: Compatibility, wanted: float, unit: RateUnit, kept: float
) -> None:
    rate = kept_rate(wanted, unit, Wiring(3, 230), treated)
    assert rate == pytest.approx(kept)
    assert rate <= wanted + 0.001


async def test_what_is_shown_is_what_the_charger_keeps(
    station: ChargingStation, charger: Charger
) -> None:
    """A fuse or the sun has no more to give than was asked for."""
    smart_charging = station.smart_charging
    treat(station, steps=(6, 8, 10, 13, 16))
    limit = await smart_charging.set_limit(1, 12)
    assert (limit.value, limit.sent_value, limit.lowered) == (12, 10, True)
    assert smart_charging.amperes(1) == 10
    assert limits(charger) == [10]
    # Asked for the same again, there is nothing to send.
    assert await smart_charging.set_limit(1, 12) is limit
    await smart_charging.set_limit(1, 5)
    assert smart_charging.amperes(1) == 0
    assert limits(charger) == [10, 0]
    limit = await smart_charging.set_limit(1, 13)
    assert not limit.lowered
    assert smart_charging.amperes(1) == 13


async def test_a_limit_in_watts_is_kept_in_whole_ampere(
    station: ChargingStation, charger: Charger
) -> None:
    treat(station, rate_unit=RateUnit.AMPERE, whole_amperes=True)
    limit = await station.smart_charging.set_limit(1, 7500, RateUnit.WATT)
    assert (limit.sent_value, limit.sent_unit) == (10, RateUnit.AMPERE)
    assert station.smart_charging.amperes(1) == 10


async def test_what_people_asked_for_is_rounded_anew_whenever_it_is_sent(
    station: ChargingStation, charger: Charger
) -> None:
    """So that nothing is lost once the charger is treated otherwise."""
    await station.smart_charging.set_limit(1, 10.5)
    treat(station, whole_amperes=True)
    await charger.boot()
    await prepared(station)
    assert limits(charger) == [10.5, 10]
    assert station.smart_charging.amperes(1) == 10
    treat(station)
    await charger.boot()
    await prepared(station)
    await at_rest(station)
    assert limits(charger) == [10.5, 10, 10.5]
    assert station.smart_charging.amperes(1) == 10.5
