"""Cars that give energy back: whether they may, and what they are told to do (Q)."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CannotDischarge,
    CommandRejected,
    LimitTooHigh,
    NoTransaction,
)
from custom_components.ocpp.csms.model import Part, Payload, StationSettings, Topic
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator_v2 import Station as Two, make
from tests.simulator_v2.commands import dynamic
from tests.simulator_v2.commands.v2x import (
    Bidirectional,
    able,
    authorized,
    needs,
    negotiate,
    power,
)

SET, UPDATE, NOTIFY = (
    "SetChargingProfile",
    "UpdateDynamicSchedule",
    "NotifyAllowedEnergyTransfer",
)
MAY = StationSettings(may_discharge=True)
MAY_NOT = StationSettings(may_discharge=False)
BOTH_WAYS = ["AC_three_phase", "AC_BPT"]


def commands(two: Two, action: str) -> list[Payload]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


def profiles(two: Two) -> list[Payload]:
    """Return the profiles that came in."""
    return [it["chargingProfile"] for it in commands(two, SET)]


def period(profile: Payload) -> Payload:
    """Return the only period of a profile."""
    (schedule,) = profile["chargingSchedule"]
    (found,) = schedule["chargingSchedulePeriod"]
    return {name: it for name, it in found.items() if name != "startPeriod"}


def updates(two: Two) -> list[Payload]:
    """Return the changes that came in."""
    return [it["scheduleUpdate"] for it in commands(two, UPDATE)]


async def connected(
    station: ChargingStation, connect_station: MakeTwo, *variables: make.Variable
) -> Two:
    """Return a station of 2.1 that says some things of itself."""
    two = await connect_station(version="ocpp2.1", variables=list(variables))
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that may discharge cars, with dynamic profiles."""
    station.apply_settings(MAY)
    return await connected(station, connect_station, *able(), *dynamic.able())


async def begin(two: Two, allowed: list[str] | None = None, **car: Any) -> str:
    """Let a session begin, and its car negotiate; return what it was told."""
    await two.plug_in(1, car=Bidirectional(**car))
    assert await two.present_card(1)
    await two.settle()
    allowed = authorized(two) if allowed is None else allowed
    answer = await negotiate(two, 1, allowed)
    await two.settle()
    return answer


async def offered(station: ChargingStation, two: Two, count: int) -> None:
    """Wait until so many profiles came in, and all was told about them."""
    await two.until(lambda: len(profiles(two)) >= count, 5)
    async with station.smart_charging._order:
        await two.settle()


# --- what may flow --------------------------------------------------------------------------


@pytest.mark.proves("Q01.FR.01", ocpp="2.1")
@pytest.mark.proves("Q01.FR.07", ocpp="2.1")
async def test_a_card_tells_the_station_how_energy_may_flow(
    station: ChargingStation, two: Two
) -> None:
    assert await begin(two) == "Accepted"
    assert authorized(two) == BOTH_WAYS
    await offered(station, two, 1)
    # It charges until somebody wants something else.
    assert period(profiles(two)[-1]) == {"limit": 32}
    found = station.smart_charging.needs[1]
    assert (found.transfer_mode, found.control_mode) == ("ac_bpt", "DynamicControl")
    assert (found.maximum_power, found.maximum_discharge_power) == (11000, 8000)
    assert (found.energy, found.target_state_of_charge) == (20000, 80)
    assert (found.available, found.needs_mode) == (
        ("ac_three_phase", "ac_bpt"),
        "EVCC_SECC",
    )


@pytest.mark.parametrize(
    ("settings", "variables", "told"),
    [
        (MAY_NOT, able(), ["AC_three_phase"]),
        # Nobody decided.
        (StationSettings(), able(), None),
        (MAY, able(iso15118=False), None),
        (MAY, able(enabled=False), None),
        (MAY, (), None),
        (MAY, able(evse=2), BOTH_WAYS),
    ],
)
@pytest.mark.proves("Q01.FR.01", ocpp="2.1")
@pytest.mark.proves("Q01.FR.08", ocpp="2.1")
@pytest.mark.proves("Q02.FR.03", ocpp="2.1")
async def test_only_stations_that_can_are_told_what_people_decided(
    station: ChargingStation,
    connect_station: MakeTwo,
    settings: StationSettings,
    variables: Any,
    told: list[str] | None,
) -> None:
    station.apply_settings(settings)
    two = await connected(station, connect_station, *variables)
    assert await two.present_card(1)
    assert authorized(two) == told


@pytest.mark.parametrize("settings", [MAY_NOT, StationSettings()])
@pytest.mark.parametrize("control", ["ScheduledControl", "DynamicControl"])
@pytest.mark.proves("Q01.FR.04", ocpp="2.1")
@pytest.mark.proves("K18.FR.22", ocpp="2.1")
@pytest.mark.proves("K19.FR.15", ocpp="2.1")
async def test_a_car_that_wants_to_give_where_it_may_not_is_turned_away(
    station: ChargingStation, two: Two, settings: StationSettings, control: str
) -> None:
    station.apply_settings(settings)
    assert await begin(two, BOTH_WAYS, control_mode=control) == "Rejected"
    assert station.transactions.running(1) is None
    assert profiles(two) == []


@pytest.mark.parametrize("control", ["ScheduledControl", "DynamicControl"])
@pytest.mark.proves("K18.FR.04", ocpp="2.1")
@pytest.mark.proves("K19.FR.04", ocpp="2.1")
async def test_a_car_that_gets_no_schedule_charges_all_the_same(
    station: ChargingStation, two: Two, control: str
) -> None:
    await two.plug_in(1, car=Bidirectional(control_mode=control))
    # No session is known that a schedule could be for.
    unknown = needs(two) | {"evseId": 2}
    answer = await two.call("NotifyEVChargingNeeds", unknown)
    assert answer == {"status": "NoChargingProfile"}
    assert await two.present_card(1)
    await two.settle()
    # The station takes no profiles.
    await station.device_model.write("SmartChargingCtrlr", "Enabled", "false")
    assert await negotiate(two) == "NoChargingProfile"
    assert profiles(two) == []
    assert station.smart_charging.needs[1].control_mode == control
    assert station.transactions.running(1) is not None


async def test_needs_that_were_queued_behind_newer_ones_change_nothing(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    late = needs(two) | {"timestamp": "2020-01-01T00:00:00Z", "maxScheduleTuples": 1}
    answer = await two.call("NotifyEVChargingNeeds", late)
    assert answer == {"status": "NoChargingProfile"}
    assert station.smart_charging.needs[1].tuples == 8


@pytest.mark.proves("Q02.FR.05", ocpp="2.1")
async def test_a_running_session_is_told_when_people_change_their_mind(
    station: ChargingStation, two: Two
) -> None:
    station.apply_settings(MAY_NOT)
    assert await begin(two) == "Accepted"
    running = station.transactions.running(1)
    assert running is not None
    assert (commands(two, NOTIFY), two.evses[1].car.asked_for) == ([], "AC_three_phase")
    station.apply_settings(MAY)
    await two.until(lambda: station.smart_charging.needs[1].transfer_mode == "ac_bpt")
    assert commands(two, NOTIFY) == [
        {"transactionId": running.id, "allowedEnergyTransfer": BOTH_WAYS}
    ]
    await station.v2x.set_setpoint(1, -3000)
    assert power(two) == 3000
    # It is over at once, and the car negotiates anew.
    station.apply_settings(MAY_NOT)
    await two.until(lambda: len(commands(two, NOTIFY)) == 2)
    await two.until(lambda: two.evses[1].car.asked_for == "AC_three_phase")
    await two.settle()
    assert commands(two, NOTIFY)[-1]["allowedEnergyTransfer"] == ["AC_three_phase"]
    assert (power(two), station.v2x.flow(1).mode) == (0, "ChargingOnly")
    assert station.v2x.refused is False


@pytest.mark.proves("Q02.FR.05", ocpp="2.1")
async def test_a_station_that_does_not_want_to_be_told_is_known_until_its_session_ends(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    two.answers[NOTIFY] = {"status": "Rejected"}
    station.apply_settings(MAY_NOT)
    await until(station, Part(Topic.LIMIT, 0, "v2x"), lambda: station.v2x.refused)
    await two.unplug(1)
    await two.settle()
    assert station.v2x.refused is False


async def test_a_session_is_told_as_soon_as_the_station_is_back(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    station.apply_settings(MAY_NOT)
    await two.connect()
    await prepared(station)
    await two.until(lambda: commands(two, NOTIFY))
    assert commands(two, NOTIFY)[0]["allowedEnergyTransfer"] == ["AC_three_phase"]


async def test_a_car_that_was_not_told_that_it_may_is_told_once(
    station: ChargingStation, two: Two
) -> None:
    """A start from here has no card to tell it with."""
    await begin(two, [])
    await two.until(lambda: station.smart_charging.needs[1].transfer_mode == "ac_bpt")
    assert len(commands(two, NOTIFY)) == 1
    two.evses[1].car.gives_by = "DC_BPT"
    await negotiate(two, 1, BOTH_WAYS)
    await two.settle()
    assert len(commands(two, NOTIFY)) == 1


# --- what a session does --------------------------------------------------------------------


@pytest.mark.proves("Q03.FR.01", ocpp="2.1")
@pytest.mark.proves("Q03.FR.02", ocpp="2.1")
async def test_a_car_gives_the_power_that_it_is_told_and_then_charges_again(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await begin(two)
    await offered(station, two, 2)
    before = len(profiles(two))
    await station.v2x.set_setpoint(1, -3000)
    profile = profiles(two)[-1]
    assert period(profile) == {"operationMode": "CentralSetpoint", "setpoint": -3000}
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["chargingProfileKind"] == "Dynamic"
    assert profile["chargingSchedule"][0]["chargingRateUnit"] == "W"
    running = two.evses[1].transaction
    assert running is not None and profile["transactionId"] == running.id
    assert power(two) == 3000
    await station.v2x.set_setpoint(1, -1500)
    await station.v2x.set_setpoint(1, 2000)
    assert updates(two)[-2:] == [{"setpoint": -1500}, {"setpoint": 2000}]
    assert station.v2x.flow(1) == ("CentralSetpoint", 2000)
    # Charging, it keeps to the limit that people had.
    await station.v2x.set_setpoint(1, 11000)
    assert updates(two)[-1] == {"setpoint": 6900}
    assert len(profiles(two)) == before + 1
    await station.v2x.set_mode(1, "ChargingOnly")
    assert period(profiles(two)[-1]) == {"limit": 10}
    assert station.v2x.flow(1) == ("ChargingOnly", None)
    assert station.smart_charging.amperes(1) == 10
    assert two.flow(1).current == 10


async def test_without_a_limit_the_car_charges_as_before(
    station: ChargingStation, two: Two
) -> None:
    await two.plug_in(1, car=Bidirectional())
    assert await two.present_card(1)
    await two.settle()
    # A car that does not negotiate.
    await station.v2x.set_mode(1, "Idle")
    assert period(profiles(two)[-1]) == {"operationMode": "Idle"}
    await station.v2x.set_mode(1, "ChargingOnly")
    assert two.profiles.installed == []
    assert station.v2x.flow(1).mode == "ChargingOnly"
    # One that does is offered what it may have.
    await negotiate(two, 1, BOTH_WAYS)
    await station.v2x.set_setpoint(1, -1000)
    await station.v2x.set_mode(1, "ChargingOnly")
    assert period(profiles(two)[-1]) == {"limit": 32}


async def test_a_limit_that_came_with_the_session_is_back_afterwards(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_setpoint(1, -1000)
    await station.v2x.set_mode(1, "ChargingOnly")
    assert station.smart_charging.amperes(1) == 8
    limit = station.smart_charging.limit(1)
    assert limit is not None and limit.until is not None


@pytest.mark.parametrize("mode", ["ExternalSetpoint", "LocalLoadBalancing"])
async def test_what_a_car_may_give_is_told_where_others_choose_its_power(
    station: ChargingStation, connect_station: MakeTwo, mode: str
) -> None:
    station.apply_settings(MAY)
    variables = (*able("ChargingOnly", mode), *dynamic.able())
    two = await connected(station, connect_station, *variables)
    assert station.v2x.modes(1) == ["ChargingOnly", mode]
    await begin(two)
    await offered(station, two, 1)
    await station.v2x.set_discharge_limit(1, 3000)
    before = len(profiles(two))
    await station.v2x.set_mode(1, mode)
    most = 32 * 3 * 230
    assert period(profiles(two)[-1]) == {
        "operationMode": mode,
        "limit": most,
        "dischargeLimit": -3000,
    }
    await station.v2x.set_discharge_limit(1, 5000)
    assert updates(two)[-1] == {"limit": most, "dischargeLimit": -5000}
    assert len(profiles(two)) == before + 1
    two.answers[UPDATE] = two.answers[SET] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.v2x.set_discharge_limit(1, 100)
    assert station.v2x.discharge_limit(1) == 5000


async def test_a_power_is_within_what_the_car_may_give_and_the_house_can_carry(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.v2x.set_setpoint(1, -5000)
    await station.v2x.set_discharge_limit(1, 2000)
    assert updates(two)[-1] == {"setpoint": -2000}
    assert power(two) == 2000
    await station.v2x.set_discharge_limit(1, 4000)
    assert updates(two)[-1] == {"setpoint": -4000}
    station.apply_settings(StationSettings(may_discharge=True, maximum_current=10))
    assert station.v2x.discharge_limit(1) == 4000
    for watts in (-9000, 9000):
        with pytest.raises(LimitTooHigh):
            await station.v2x.set_setpoint(1, watts if watts > 0 else 20_000)
    await station.v2x.set_discharge_limit(1, 20_000)
    assert station.v2x.discharge_limit(1) == 10 * 3 * 230
    assert updates(two)[-1] == {"setpoint": -5000}


async def test_a_session_that_may_only_charge_does(
    station: ChargingStation, two: Two
) -> None:
    with pytest.raises(NoTransaction):
        await station.v2x.set_setpoint(1, -1000)
    await begin(two, [], gives_by="")
    for mode in ("CentralSetpoint", "Idle"):
        with pytest.raises(CannotDischarge, match="car"):
            await station.v2x.set_mode(1, mode)
    with pytest.raises(CannotDischarge, match="mode"):
        await station.v2x.set_mode(1, "LocalFrequency")
    station.apply_settings(MAY_NOT)
    with pytest.raises(CannotDischarge, match="not_allowed"):
        await station.v2x.set_setpoint(1, -1000)
    sent = [*map(period, profiles(two))]
    assert all(it.keys() == {"limit"} for it in sent)


@pytest.mark.proves("Q02.FR.01", ocpp="2.1")
@pytest.mark.proves("Q02.FR.02", ocpp="2.1")
@pytest.mark.proves("K19.FR.07", ocpp="2.1")
async def test_a_car_that_says_anew_what_it_wants_is_told_anew_what_to_do(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await offered(station, two, 1)
    await station.v2x.set_setpoint(1, -3000)
    before = len(profiles(two))
    assert await negotiate(two, 1, BOTH_WAYS) == "Accepted"
    await offered(station, two, before + 1)
    assert period(profiles(two)[-1])["setpoint"] == -3000
    # The next change is one again.
    await station.v2x.set_setpoint(1, -2000)
    assert len(profiles(two)) == before + 1
    # It only wants to charge now.
    two.evses[1].car.gives_by = ""
    await negotiate(two, 1, [])
    await offered(station, two, before + 2)
    assert period(profiles(two)[-1]) == {"limit": 32}
    assert station.v2x.flow(1).mode == "ChargingOnly"


async def test_nothing_makes_the_next_car_give(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.v2x.set_setpoint(1, -3000)
    await two.unplug(1)
    await two.settle()
    assert station.v2x.flow(1) == ("ChargingOnly", None)
    assert two.profiles.installed == []
    count = len(profiles(two))
    await begin(two)
    await offered(station, two, count + 1)
    assert station.v2x.flow(1) == ("ChargingOnly", None)
    assert {*period(profiles(two)[-1])} == {"limit"}


async def test_a_session_that_ends_before_the_answer_leaves_nothing_to_the_next_one(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)

    async def end(payload: Payload) -> Payload:
        del two.answers[SET]
        await two.unplug(1)
        await two.plug_in(1, car=Bidirectional())
        assert await two.present_card(1)
        return {"status": "Accepted"}

    two.answers[SET] = end
    with pytest.raises(NoTransaction):
        await station.v2x.set_setpoint(1, -3000)
    await two.settle()
    assert station.transactions.running(1) is not None
    assert two.profiles.installed == []
    assert station.v2x.flow(1).mode == "ChargingOnly"


async def test_a_refused_power_changes_nothing_for_limits(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 10)
    two.answers[SET] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.v2x.set_setpoint(1, -3000)
    del two.answers[SET]
    assert station.v2x.flow(1).mode == "ChargingOnly"
    assert station.smart_charging.amperes(1) == 10
    before = len(profiles(two))
    await station.smart_charging.set_limit(1, 9)
    assert (len(profiles(two)), updates(two)[-1]) == (before, {"limit": 9})


async def test_a_profile_that_people_wrote_is_not_overruled_by_an_offer(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    running = two.evses[1].transaction
    assert running is not None
    schedule = {
        "id": 1,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "operationMode": "CentralFrequency", "setpoint": -500}
        ],
    }
    profile = {
        "id": profiles(two)[-1]["id"],
        "stackLevel": profiles(two)[-1]["stackLevel"],
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Dynamic",
        "transactionId": running.id,
        "chargingSchedule": [schedule],
    }
    await station.smart_charging.set_profile(1, profile)
    assert station.v2x.flow(1) == ("CentralFrequency", -500)
    count = len(profiles(two))
    assert await negotiate(two, 1, BOTH_WAYS) == "NoChargingProfile"
    await two.settle()
    assert len(profiles(two)) == count
    # People can still end it.
    await station.v2x.set_mode(1, "ChargingOnly")
    assert station.v2x.flow(1).mode == "ChargingOnly"


async def test_a_session_goes_on_as_it_was_told_over_a_restart_of_ours(
    station: ChargingStation, two: Two, central: CentralSystem
) -> None:
    await begin(two)
    await station.smart_charging.set_limit(1, 8, duration=600)
    await station.v2x.set_discharge_limit(1, 4000)
    await station.v2x.set_setpoint(1, -3000)
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=central.options,
    )
    await other.open()
    try:
        reborn = await other.add_station(IDENTITY, MAY)
        await other.listen()
        await two.connect()
        await prepared(reborn)
        await two.settle()
        assert reborn.v2x.flow(1) == ("CentralSetpoint", -3000)
        assert reborn.v2x.steers(1)
        assert reborn.v2x.discharge_limit(1) == 4000
        assert power(two) == 3000
        before = len(profiles(two))
        await reborn.v2x.set_setpoint(1, -2000)
        assert (len(profiles(two)), updates(two)[-1]) == (before, {"setpoint": -2000})
        await reborn.v2x.set_mode(1, "ChargingOnly")
        assert reborn.smart_charging.amperes(1) == 8
    finally:
        await other.close()
