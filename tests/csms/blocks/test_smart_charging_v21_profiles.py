"""What 2.1 adds to profiles: kept whole, judged before it is sent, and read (K01, K27, K29)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandRejected,
    InvalidRequest,
    LimitTooHigh,
)
from custom_components.ocpp.csms.model import ChargingProfile, Part, Payload, Topic
from tests.csms.conftest import MakeTwo, prepared, until
from tests.simulator_v2 import Car, Station as Two
from tests.simulator_v2.commands.dynamic import able
from tests.simulator_v2.profiles import Installed

SET, CLEAR, GET = "SetChargingProfile", "ClearChargingProfile", "GetChargingProfiles"
REPORT = "ReportChargingProfiles"
EXTERNAL = "ChargingStationExternalConstraints"
PRIORITY, GENERATION, MAXIMUM = (
    "PriorityCharging",
    "LocalGeneration",
    "ChargingStationMaxProfile",
)
CURVE = [{"frequency": 49.8, "power": 2000}, {"frequency": 50.2, "power": -2000}]
FREQUENCY = {
    "operationMode": "LocalFrequency",
    "v2xBaseline": 0,
    "v2xFreqWattCurve": CURVE,
}


def commands(two: Two, action: str) -> list[Payload]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


def written(*periods: Payload, unit: str = "A", **rest: Any) -> Payload:
    """Return a profile as people write one; each period begins an hour after the last."""
    schedule = {
        "id": 1,
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": 3600 * number} | period
            for number, period in enumerate(periods)
        ],
    }
    return {
        "id": 100,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    } | rest


def held(station: ChargingStation, number: int = 100) -> ChargingProfile:
    """Return what is known of a profile."""
    (profile,) = (
        it for it in station.smart_charging.installed.profiles if it.id == number
    )
    return profile


async def begin(two: Two, evse: int = 1) -> str:
    """Let a session begin, and return the id of its transaction."""
    await two.plug_in(evse, car=Car(phases=3, max_current=32))
    assert await two.present_card(evse)
    await two.settle()
    running = two.evses[evse].transaction
    assert running is not None
    return running.id


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that has all of its profiles."""
    two = await connect_station(version="ocpp2.1", variables=able(PRIORITY, GENERATION))
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


# --- what is sent -------------------------------------------------------------------------


@pytest.mark.proves("K01.FR.96", ocpp="2.1")
@pytest.mark.proves("K01.FR.104", ocpp="2.1")
@pytest.mark.proves("K01.FR.105", ocpp="2.1")
async def test_what_people_write_goes_untouched_to_the_station_and_is_kept(
    station: ChargingStation, two: Two, central: CentralSystem
) -> None:
    profile = written(
        {"limit": 16, "preconditioningRequest": True},
        {"setpoint": -8, "operationMode": "CentralSetpoint"},
        {"operationMode": "ExternalLimits"},
        maxOfflineDuration=600,
        invalidAfterOfflineDuration=True,
        validTo="2099-01-01T00:00:00Z",
    )
    profile["chargingSchedule"][0] |= {
        "useLocalTime": True,
        "randomizedDelay": 60,
        "limitAtSoC": {"soc": 80, "limit": 6},
    }
    two.answers[SET] = {"status": "Accepted"}
    await station.smart_charging.set_profile(1, profile)
    assert commands(two, SET) == [{"evseId": 1, "chargingProfile": profile}]
    kept = held(station)
    assert kept.schedules == profile["chargingSchedule"]
    more = {"maxOfflineDuration": 600, "invalidAfterOfflineDuration": True}
    assert kept.more == more
    # A period without a limit does not limit.
    assert station.smart_charging.installed.scheduled(1).amperes == 16
    (stored,) = await central.shared.store.load_charging_profiles(station.identity)
    assert (stored.schedules, stored.more) == (kept.schedules, more)


@pytest.mark.proves("K01.FR.72", ocpp="2.1")
async def test_a_profile_for_priority_is_sent_where_the_station_has_such(
    station: ChargingStation, two: Two, connect_station: MakeTwo
) -> None:
    profile = written({"limit": 32}, chargingProfilePurpose=PRIORITY)
    await station.smart_charging.set_profile(0, profile)
    assert held(station).purpose == PRIORITY
    # It limits nobody who has no priority.
    assert station.smart_charging.installed.scheduled(1).amperes is None
    await two.disconnect()
    other = await connect_station(version="ocpp2.1")
    await other.power_up()
    await prepared(station)
    with pytest.raises(CommandRejected):
        await station.smart_charging.set_profile(0, profile)


FAULTS = {
    "priority has an end": (
        "K01.FR.73",
        written({"limit": 16}, chargingProfilePurpose=PRIORITY),
        {"duration": 60},
    ),
    "priority discharges": (
        "K01.FR.111",
        written(
            {"setpoint": -5, "operationMode": "CentralSetpoint"},
            chargingProfilePurpose=PRIORITY,
        ),
        {},
    ),
    "the station discharges": (
        "K01.FR.111",
        written(
            {"limit": 5, "operationMode": "ExternalLimits"},
            chargingProfilePurpose=MAXIMUM,
        ),
        {},
    ),
    "generation has a setpoint": (
        "K01.FR.113",
        written(
            {"setpoint": 5, "operationMode": "CentralSetpoint"},
            chargingProfilePurpose=GENERATION,
        ),
        {},
    ),
    "phases of no session": ("K01.FR.143", written({"limit": 9, "limit_L2": 8}), {}),
    "setpoints of phases of no session": (
        "K01.FR.143",
        written({"setpoint": 9, "setpoint_L2": 8, "operationMode": "CentralSetpoint"}),
        {},
    ),
    "a second phase without a first": (
        "K01.FR.145",
        written(
            {"limit_L2": 8, "operationMode": "ExternalLimits"},
            chargingProfilePurpose="TxProfile",
        ),
        {},
    ),
    "two periods": (
        "K28.FR.01",
        written({"limit": 9}, {"limit": 8}, chargingProfileKind="Dynamic"),
        {},
    ),
    "two periods from outside": (
        "K29.FR.01",
        written(
            {"operationMode": "ExternalLimits"},
            {"operationMode": "ExternalSetpoint"},
            chargingProfileKind="Dynamic",
        ),
        {},
    ),
    "begins later": (
        "K28.FR.02",
        written({"limit": 9, "startPeriod": 5}, chargingProfileKind="Dynamic"),
        {},
    ),
    "begins later from outside": (
        "K29.FR.02",
        written(
            {"operationMode": "ExternalLimits", "startPeriod": 5},
            chargingProfileKind="Dynamic",
        ),
        {},
    ),
    "a setpoint with a limit": (
        "Q03.FR.02",
        written({"setpoint": 9, "limit": 9, "operationMode": "CentralSetpoint"}),
        {},
    ),
    "frequency with a limit": (
        "Q07.FR.03",
        written({"setpoint": 9, "limit": 9, "operationMode": "CentralFrequency"}),
        {},
    ),
    "frequency at the station with a setpoint": (
        "Q08.FR.01",
        written(FREQUENCY | {"setpoint": 9}, unit="W"),
        {},
    ),
    "a curve of one point": (
        "Q08.FR.02",
        written(FREQUENCY | {"v2xFreqWattCurve": CURVE[:1]}, unit="W"),
        {},
    ),
    "a signal of one point": (
        "Q08.FR.02",
        written(
            FREQUENCY | {"v2xSignalWattCurve": [{"signal": 1, "power": 5}]}, unit="W"
        ),
        {},
    ),
    "frequency in ampere": ("Q08.FR.05", written(FREQUENCY), {}),
    "a limit at rest": (
        "Q10.FR.01",
        written({"limit": 9, "operationMode": "Idle"}),
        {},
    ),
}


@pytest.mark.parametrize(
    ("profile", "schedule"), [it[1:] for it in FAULTS.values()], ids=FAULTS
)
@pytest.mark.proves("K01.FR.73", ocpp="2.1")
@pytest.mark.proves("K01.FR.111", ocpp="2.1")
@pytest.mark.proves("K01.FR.113", ocpp="2.1")
@pytest.mark.proves("K01.FR.143", ocpp="2.1")
@pytest.mark.proves("K01.FR.145", ocpp="2.1")
@pytest.mark.proves("K28.FR.01", ocpp="2.1")
@pytest.mark.proves("K28.FR.02", ocpp="2.1")
@pytest.mark.proves("K29.FR.01", ocpp="2.1")
@pytest.mark.proves("K29.FR.02", ocpp="2.1")
@pytest.mark.proves("Q03.FR.02", ocpp="2.1")
@pytest.mark.proves("Q07.FR.03", ocpp="2.1")
@pytest.mark.proves("Q08.FR.01", ocpp="2.1")
@pytest.mark.proves("Q08.FR.02", ocpp="2.1")
@pytest.mark.proves("Q08.FR.05", ocpp="2.1")
@pytest.mark.proves("Q10.FR.01", ocpp="2.1")
async def test_a_profile_that_must_not_be_is_not_sent(
    station: ChargingStation, two: Two, profile: Payload, schedule: Payload
) -> None:
    (only,) = profile["chargingSchedule"]
    broken = profile | {"chargingSchedule": [only | schedule]}
    with pytest.raises(InvalidRequest):
        await station.sending.command(SET, {"evseId": 0, "chargingProfile": broken})
    assert commands(two, SET) == []
    assert station.smart_charging.installed.profiles == []


@pytest.mark.parametrize(
    "profile",
    [
        written(FREQUENCY, unit="W"),
        written({"operationMode": "Idle", "evseSleep": True}),
        written(
            {"setpoint": -3000, "operationMode": "CentralFrequency"},
            unit="W",
            chargingProfileKind="Dynamic",
        ),
        written({"operationMode": "ExternalLimits"}, chargingProfileKind="Dynamic"),
    ],
    ids=["frequency at the station", "rest", "frequency from here", "from outside"],
)
@pytest.mark.proves("Q07.FR.02", ocpp="2.1")
async def test_a_profile_without_a_limit_is_known_and_limits_nobody(
    station: ChargingStation, two: Two, profile: Payload
) -> None:
    await station.smart_charging.set_limit(1, 16)
    await station.smart_charging.set_profile(1, profile)
    assert held(station).schedules == profile["chargingSchedule"]
    assert station.smart_charging.installed.scheduled(1).amperes == 16
    assert station.smart_charging.amperes(1) == 16
    await begin(two)
    assert two.flow(1).current == 16


@pytest.mark.proves("K10.FR.06", ocpp="2.1")
@pytest.mark.parametrize("purpose", [GENERATION, EXTERNAL])
async def test_what_others_set_is_not_cleared(
    station: ChargingStation, two: Two, purpose: str
) -> None:
    criteria = {"chargingProfileCriteria": {"chargingProfilePurpose": purpose}}
    with pytest.raises(InvalidRequest):
        await station.sending.command(CLEAR, criteria)
    assert commands(two, CLEAR) == []


@pytest.mark.parametrize(
    ("period", "unit"),
    [
        ({"limit": 16, "limit_L2": 33}, "A"),
        ({"limit": 3000, "limit_L2": 3000, "limit_L3": 7600}, "W"),
        ({"setpoint": -33, "operationMode": "CentralSetpoint"}, "A"),
        ({"setpoint": 23_000, "operationMode": "CentralSetpoint"}, "W"),
        ({"dischargeLimit": -33, "operationMode": "ExternalLimits"}, "A"),
    ],
    ids=["a phase", "a phase in watts", "given", "taken in watts", "may be given"],
)
async def test_nothing_above_the_highest_current_flows_either_way(
    station: ChargingStation, two: Two, period: Payload, unit: str
) -> None:
    profile = written(period, unit=unit)
    with pytest.raises(LimitTooHigh):
        await station.smart_charging.set_profile(1, profile)
    assert commands(two, SET) == []


async def test_limits_of_phases_are_sent_in_a_session(
    station: ChargingStation, two: Two
) -> None:
    running = await begin(two)
    await station.smart_charging.set_limit(1, 16)
    phases = {"limit": 10, "limit_L2": 8, "limit_L3": 32}
    profile = written(
        phases,
        chargingProfilePurpose="TxProfile",
        transactionId=running,
        stackLevel=8,
        id=4,
    )
    await station.smart_charging.set_profile(1, profile)
    assert two.flow(1).current == 8
    assert held(station, 4).schedules == profile["chargingSchedule"]
    # It is more than a limit, so ours is not in force.
    assert station.smart_charging.amperes(1) is None


@pytest.mark.proves("K01.FR.142", ocpp="2.1")
async def test_phases_that_the_car_does_not_name_have_no_limit(
    station: ChargingStation, two: Two
) -> None:
    running = await begin(two)
    power = {"maxChargePower": 7000, "maxChargePower_L2": 3000}
    await two.notify_charging_needs(
        1, controlMode="DynamicControl", v2xChargingParameters=power
    )
    await two.settle()
    before = len(commands(two, SET))
    session = {"chargingProfilePurpose": "TxProfile", "transactionId": running}
    phases = {"limit": 10, "limit_L2": 8}
    with pytest.raises(InvalidRequest):
        await station.smart_charging.set_profile(
            1, written(phases | {"limit_L3": 6}, **session)
        )
    assert len(commands(two, SET)) == before
    await station.smart_charging.set_profile(1, written(phases, **session))
    assert len(commands(two, SET)) == before + 1


@pytest.mark.parametrize(
    ("period", "rest"),
    [
        ({"limit": 10, "limit_L2": 8}, {}),
        ({"limit": 10, "operationMode": "ExternalLimits"}, {}),
        ({"limit": 10}, {"maxOfflineDuration": 60}),
    ],
    ids=["phases", "mode", "ends offline"],
)
async def test_a_start_with_more_than_a_limit_is_none(
    station: ChargingStation, two: Two, period: Payload, rest: Payload
) -> None:
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    start = {
        "remoteStartId": 7,
        "evseId": 1,
        "idToken": {"idToken": "CARD1", "type": "Central"},
        "chargingProfile": written(period, chargingProfilePurpose="TxProfile", **rest),
    }
    await station.sending.command("RequestStartTransaction", start)
    await two.settle()
    assert station.transactions.running(1) is not None
    assert station.smart_charging.amperes(1) is None


# --- what is read -------------------------------------------------------------------------


@pytest.mark.proves("K29.FR.01", ocpp="2.1")
async def test_what_a_station_tells_is_kept_whole(
    station: ChargingStation, two: Two
) -> None:
    period = {
        "startPeriod": 0,
        "dischargeLimit": -4000,
        "operationMode": "ExternalLimits",
        "v2xBaseline": 100,
        "v2xSignalWattCurve": [{"signal": 1, "power": 5}],
    }
    profile = written(period, unit="W", chargingProfileKind="Dynamic")
    profile["chargingSchedule"][0]["limitAtSoC"] = {"soc": 80, "limit": 3000}
    dynamic = {"dynUpdateInterval": 5, "dynUpdateTime": "2031-01-01T00:00:00Z"}
    now = datetime.now(UTC)
    two.profiles.install(1, profile | dynamic, now)
    phases = {"limit": 10, "limit_L2": 8, "limit_L3": 6}
    generation = written(phases, id=-5, chargingProfilePurpose=GENERATION)
    two.profiles.installed.append(Installed(0, generation, now, "EMS"))
    await station.smart_charging.read_profiles()
    kept = held(station)
    assert kept.more == dynamic
    (schedule,) = kept.schedules
    assert schedule["chargingSchedulePeriod"] == [period]
    assert schedule["limitAtSoC"] == {"soc": 80, "limit": 3000}
    assert held(station, -5).source == "EMS"
    # Nothing of that is a limit.
    installed = station.smart_charging.installed
    assert installed.scheduled(1).amperes is None
    assert installed.external(1).amperes is None
    await station.smart_charging.set_limit(1, 16)
    assert station.smart_charging.amperes(1) == 16


async def test_what_can_not_be_understood_is_left_out(
    station: ChargingStation, two: Two
) -> None:
    odd = [
        {"startPeriod": 0, "limit": 9, "setpoint": "much", "v2xFreqWattCurve": 5},
        {"startPeriod": 60},
        {"startPeriod": "later", "limit": 5},
    ]
    profile = written() | {"maxOfflineDuration": [1]}
    profile["chargingSchedule"][0]["chargingSchedulePeriod"] = odd
    payload = {
        "requestId": 1,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [profile],
    }
    await two.call(REPORT, payload, validate=False)
    kept = held(station)
    assert kept.more == {}
    assert kept.schedules[0]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 9}
    ]
    two.violations.clear()


async def test_a_limit_from_elsewhere_has_the_name_that_the_station_gives(
    station: ChargingStation, two: Two
) -> None:
    external = station.smart_charging.installed.external
    await two.notify_charging_limit(9, 1, "Heat pump")
    told = Part(Topic.LIMIT, 1, "external")
    await until(station, told, lambda: external(1).amperes is not None)
    # How high it is its profile told, for which it was asked by that name.
    assert external(1) == (9, "Heat pump", False)
    sources = [
        it["chargingProfile"]["chargingLimitSource"] for it in commands(two, GET)[-2:]
    ]
    assert sources == [["CSO", "EMS", "Other", "SO"], ["Heat pump"]]
    await two.clear_charging_limit(1, "Heat pump")
    assert external(1).source is None


async def test_what_is_there_besides_the_grid_is_no_limit(
    station: ChargingStation, two: Two
) -> None:
    schedule = written({"limit": 6})["chargingSchedule"]
    limit = {"chargingLimitSource": "EMS", "isLocalGeneration": True}
    await two.call(
        "NotifyChargingLimit",
        {"chargingLimit": limit, "evseId": 0, "chargingSchedule": schedule},
    )
    await two.settle()
    assert station.smart_charging.installed.external(1).amperes is None
    assert station.smart_charging.installed.scheduled(1).amperes is None
    assert not station.smart_charging.installed.foreign.shows(1)
