"""What bounds cars that give energy: permission, limits, wires, restarts, and time (Q)."""

from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.v2x import transfer
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, Payload, StationSettings, Topic
from tests.csms.blocks.test_v2x import (
    BOTH_WAYS,
    MAY,
    MAY_NOT,
    SET,
    UPDATE,
    begin,
    commands,
    connected,
    offered,
    period,
    profiles,
    updates,
)
from tests.csms.conftest import MakeTwo, prepared, until
from tests.simulator_v2 import Station as Two, make
from tests.simulator_v2.commands import dynamic
from tests.simulator_v2.commands.v2x import Bidirectional, able, negotiate, power
from tests.simulator_v2.resuming import come_back, lose_power

CLEAR = "ClearChargingProfile"
REJECTED = {"status": "Rejected"}
KEEPS = make.flag(
    "SmartChargingCtrlr", "ChargingProfilePersistence", True, instance="TxProfile"
)


def settings(amperes: float) -> StationSettings:
    """Return settings with a highest current."""
    return StationSettings(may_discharge=True, maximum_current=amperes)


def has_an_end(has: bool) -> make.Variable:
    """Return whether a station says that profiles may end while it is away."""
    return make.flag(
        "SmartChargingCtrlr",
        "SupportsFeature",
        has,
        instance="MaxOfflineDuration",
        mutability="ReadOnly",
    )


def told(two: Two) -> Payload:
    """Return what the session's profile says; nothing where it has none."""
    for entry in two.profiles.installed:
        if "transactionId" in entry.profile:
            return period(entry.profile | {"chargingSchedule": [entry.schedule]})
    return {}


async def away(station: ChargingStation, two: Two) -> None:
    """Have the station lose its connection."""
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that may discharge cars, with dynamic profiles."""
    station.apply_settings(MAY)
    # It does not negotiate, so that nothing else tells the session.
    variables = (*able(iso15118=False), *dynamic.able())
    return await connected(station, connect_station, *variables)


async def session(two: Two) -> None:
    """Let a session begin whose car says nothing."""
    await two.plug_in(1, car=Bidirectional())
    assert await two.present_card(1)
    await two.settle()


# --- the permission -------------------------------------------------------------------------


async def test_permission_taken_back_while_the_station_is_away_holds_when_it_is_back(
    station: ChargingStation, two: Two
) -> None:
    await session(two)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_setpoint(1, -3000)
    await away(station, two)
    station.apply_settings(MAY_NOT)
    await two.connect()
    await prepared(station)
    assert told(two) == {"limit": 8}
    assert station.v2x.flow(1).mode == "ChargingOnly"
    assert station.smart_charging.amperes(1) == 8


async def test_permission_taken_back_is_told_until_the_station_does_it(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_AGAIN", 0.01)
    await session(two)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_setpoint(1, -3000)
    two.answers[SET] = two.answers[CLEAR] = REJECTED
    count = len(profiles(two))
    station.apply_settings(MAY_NOT)
    await two.until(lambda: len(profiles(two)) >= count + 8, 5)
    assert "setpoint" in told(two)
    two.answers.clear()
    await two.until(lambda: period(profiles(two)[-1]) == {"limit": 8} == told(two), 5)
    await until(
        station, Part(Topic.LIMIT, 1), lambda: station.smart_charging.amperes(1) == 8
    )
    assert told(two) == {"limit": 8}
    assert station.v2x.flow(1).mode == "ChargingOnly"


async def test_people_can_end_it_again_that_was_refused(
    station: ChargingStation, two: Two
) -> None:
    await session(two)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_setpoint(1, -3000)
    two.answers[SET] = two.answers[CLEAR] = REJECTED
    with pytest.raises(CommandRejected):
        await station.v2x.set_mode(1, "ChargingOnly")
    assert station.v2x.steers(1)
    two.answers.clear()
    await station.v2x.set_mode(1, "ChargingOnly")
    assert told(two) == {"limit": 8}


# --- the limits that people have --------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"validFrom": "2099-01-01T00:00:00Z"},
        {"validTo": "2099-01-01T00:00:00Z"},
        {"maxOfflineDuration": 60},
        {"limitAtSoC": {"soc": 80, "limit": 6}},
        {"randomizedDelay": 60},
    ],
)
async def test_a_limit_takes_the_place_of_a_profile_that_holds_at_times_only(
    station: ChargingStation, two: Two, more: dict[str, Any]
) -> None:
    await session(two)
    await station.smart_charging.set_limit(1, 16)
    profile = profiles(two)[-1] | {
        name: it for name, it in more.items() if name[:5] in ("valid", "maxOf")
    }
    of_schedule = {name: it for name, it in more.items() if name not in profile}
    profile["chargingSchedule"] = [profile["chargingSchedule"][0] | of_schedule]
    await station.smart_charging.set_profile(1, profile)
    count, changes = len(profiles(two)), len(updates(two))
    await station.smart_charging.set_limit(1, 6)
    assert (len(profiles(two)), len(updates(two))) == (count + 1, changes)
    assert more.keys().isdisjoint(profiles(two)[-1])
    assert more.keys().isdisjoint(profiles(two)[-1]["chargingSchedule"][0])
    assert period(profiles(two)[-1]) == {"limit": 6}


async def test_a_power_is_within_a_limit_for_some_time(
    station: ChargingStation, two: Two
) -> None:
    await session(two)
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_limit(1, 6, duration=3600)
    for _ in range(2):
        # Also the second time, when that limit is not in force any more.
        await station.v2x.set_setpoint(1, 11000)
        assert told(two)["setpoint"] == 6 * 3 * 230
    # Another limit ends it, and counts from then on.
    await station.smart_charging.set_limit(1, 10)
    await station.v2x.set_setpoint(1, 11000)
    assert told(two)["setpoint"] == 10 * 3 * 230
    await station.v2x.set_mode(1, "ChargingOnly")
    assert station.smart_charging.amperes(1) == 10


async def test_a_power_is_within_the_limit_of_a_start(
    station: ChargingStation, two: Two
) -> None:
    await two.plug_in(1, car=Bidirectional())
    await station.remote_control.start(1, limit=6)
    await until(
        station, Part(Topic.LIMIT, 1), lambda: station.smart_charging.amperes(1) == 6
    )
    await two.settle()
    await station.v2x.set_setpoint(1, 11000)
    assert told(two)["setpoint"] == 6 * 3 * 230


async def test_what_others_choose_is_within_a_limit_for_some_time(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    station.apply_settings(MAY)
    variables = (*able("ExternalSetpoint", iso15118=False), *dynamic.able())
    two = await connected(station, connect_station, *variables)
    await session(two)
    await station.smart_charging.set_limit(1, 6, duration=3600)
    await station.v2x.set_mode(1, "ExternalSetpoint")
    assert told(two)["limit"] == 6 * 3 * 230


async def test_a_limit_beside_what_a_session_does_does_not_make_it_forgotten(
    station: ChargingStation, two: Two
) -> None:
    await session(two)
    await station.v2x.set_setpoint(1, -3000)

    def only_default(payload: Payload) -> Payload:
        purpose = payload["chargingProfile"]["chargingProfilePurpose"]
        return REJECTED if purpose == "TxProfile" else {"status": "Accepted"}

    two.answers[SET] = only_default
    await station.smart_charging.set_limit(1, 10)
    assert station.v2x.steers(1)
    station.apply_settings(MAY_NOT)
    await two.until(lambda: told(two) == {}, 5)


# --- wires ------------------------------------------------------------------------------------


async def test_a_car_on_one_phase_has_the_power_of_one(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    station.apply_settings(settings(16))
    two = await connected(station, connect_station, *able(), *dynamic.able())
    assert station.v2x.discharge_limit(1) == 16 * 3 * 230
    await begin(two, BOTH_WAYS, charges_by="AC_single_phase")
    await station.v2x.set_setpoint(1, 11000)
    assert told(two)["setpoint"] == 16 * 230
    assert station.v2x.discharge_limit(1) == 16 * 230
    await station.v2x.set_setpoint(1, -11000)
    assert told(two)["setpoint"] == -16 * 230
    assert station.v2x.flow(1).setpoint == -16 * 230
    await station.smart_charging.set_limit(1, 10)
    await station.v2x.set_setpoint(1, 11000)
    assert told(two)["setpoint"] == 10 * 230


# --- restarts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("variables", [(), (KEEPS,)])
async def test_a_session_charges_after_a_restart_of_its_station(
    station: ChargingStation, connect_station: MakeTwo, variables: Any
) -> None:
    station.apply_settings(MAY)
    two = await connected(
        station, connect_station, *able(), *dynamic.able(), *variables
    )
    await begin(two)
    await offered(station, two, 1)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_setpoint(1, -3000)
    before = len(profiles(two))
    lose_power(two)
    await come_back(two)
    await prepared(station)
    await two.settle()
    assert all("setpoint" not in period(it) for it in profiles(two)[before:])
    assert (told(two), power(two)) == ({"limit": 8}, 0)
    assert station.v2x.flow(1).mode == "ChargingOnly"
    # Nor does it give when its car says anew what it wants.
    assert await negotiate(two, 1, BOTH_WAYS) == "Accepted"
    await offered(station, two, before + 2)
    assert power(two) == 0
    await station.v2x.set_setpoint(1, -2000)
    assert power(two) == 2000


# --- the charger's highest current ------------------------------------------------------------


async def test_limits_above_a_lowered_highest_current_are_told_again(
    station: ChargingStation, two: Two
) -> None:
    await session(two)
    await station.smart_charging.set_limit(1, 32)
    (number,) = (it["id"] for it in profiles(two))
    station.apply_settings(settings(10))
    # Whoever asks first is told at once.
    answer = await two.call("PullDynamicScheduleUpdate", {"chargingProfileId": number})
    assert answer["scheduleUpdate"] == {"limit": 10}
    await until(
        station, Part(Topic.LIMIT, 1), lambda: station.smart_charging.amperes(1) == 10
    )
    assert told(two) == {"limit": 10}
    # What is not above it is left alone.
    count = len(profiles(two))
    station.apply_settings(settings(10.5))
    station.apply_settings(settings(10))
    await two.settle()
    assert len(profiles(two)) == count
    # Once there is more, the same may be had again.
    station.apply_settings(settings(32))
    await station.smart_charging.set_limit(1, 32)
    assert told(two) == {"limit": 32}


@pytest.mark.parametrize("watts", [20_000, -20_000])
async def test_a_power_above_a_lowered_highest_current_is_told_again(
    station: ChargingStation, two: Two, watts: float
) -> None:
    await session(two)
    await station.v2x.set_setpoint(1, watts)
    assert told(two)["setpoint"] == watts
    station.apply_settings(settings(10))
    most = 10 * 3 * 230 * (1 if watts > 0 else -1)
    await two.until(lambda: told(two)["setpoint"] == most, 5)
    await away(station, two)
    station.apply_settings(settings(8))
    await two.connect()
    await prepared(station)
    assert told(two)["setpoint"] == most / 10 * 8


# --- while nobody can tell it to stop ---------------------------------------------------------


@pytest.mark.parametrize("has", [True, False])
async def test_discharging_ends_while_nobody_is_there(
    station: ChargingStation, connect_station: MakeTwo, has: bool
) -> None:
    station.apply_settings(MAY)
    variables = (*able(iso15118=False), *dynamic.able(), has_an_end(has))
    two = await connected(station, connect_station, *variables)
    # The session falls back to it.
    await station.smart_charging.set_limit(1, 16)
    await session(two)
    await station.v2x.set_setpoint(1, -3000)
    assert profiles(two)[-1].get("maxOfflineDuration") == (900 if has else None)
    # The next power is only a change, as ever.
    count = len(profiles(two))
    await station.v2x.set_setpoint(1, -2000)
    assert (len(profiles(two)), updates(two)[-1]) == (count, {"setpoint": -2000})
    # What only charges has no end, nor has a car that rests.
    await station.v2x.set_mode(1, "Idle")
    assert "maxOfflineDuration" not in profiles(two)[-1]
    await station.v2x.set_mode(1, "ChargingOnly")
    assert "maxOfflineDuration" not in profiles(two)[-1]


async def test_a_limit_that_only_the_session_has_does_not_end_with_discharging(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    station.apply_settings(MAY)
    variables = (*able(iso15118=False), *dynamic.able(), has_an_end(True))
    two = await connected(station, connect_station, *variables)
    await session(two)
    await station.smart_charging.set_limit(1, 6)
    await station.v2x.set_setpoint(1, -3000)
    assert "maxOfflineDuration" not in profiles(two)[-1]
    assert commands(two, UPDATE) == []
