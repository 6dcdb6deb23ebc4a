"""Limits over sessions, restarts, and beside the profiles of people: what is sent and shown."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, LimitTooHigh
from custom_components.ocpp.csms.model import RateUnit, StationSettings
from tests.csms.conftest import IDENTITY, MakeCharger, MakeTwo, prepared
from tests.csms.talk import at_rest
from tests.simulator import Charger
from tests.simulator_v2 import Car, Station as Two

SET = "SetChargingProfile"
type Restart = Callable[..., Awaitable[ChargingStation]]


@pytest.fixture
async def restart(central: CentralSystem) -> AsyncGenerator[Restart]:
    """Return what begins anew with what was stored; chargers can connect again."""
    async with AsyncExitStack() as stack:
        last = [central]

        async def restart(settings: StationSettings | None = None) -> ChargingStation:
            await last[-1].close()
            other = CentralSystem(
                host="127.0.0.1",
                port=central.port,
                store=central.shared.store,
                options=central.options,
            )
            await other.open()
            stack.push_async_callback(other.close)
            reborn = await other.add_station(IDENTITY, settings or StationSettings())
            await other.listen()
            last.append(other)
            return reborn

        yield restart


def sent(charger: Charger) -> list[tuple[int, str, float]]:
    """Return connector, purpose and limit of each profile that came in."""
    profiles = [
        (frame[3]["connectorId"], frame[3]["csChargingProfiles"])
        for frame in charger.received
        if frame[0] == 2 and frame[2] == SET
    ]
    return [
        (
            connector,
            profile["chargingProfilePurpose"],
            profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"],
        )
        for connector, profile in profiles
    ]


def sent_two(two: Two) -> list[tuple[int, str, float]]:
    """Return the same of a station of 2.x."""
    payloads = [it[3] for it in two.received if it[2:3] == [SET]]
    return [
        (
            payload["evseId"],
            payload["chargingProfile"]["chargingProfilePurpose"],
            payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][
                0
            ]["limit"],
        )
        for payload in payloads
    ]


def written(
    limit: float,
    *,
    purpose: str = "TxDefaultProfile",
    level: int = 1,
    unit: str = "A",
    number: int = 100,
    **period: Any,
) -> dict[str, Any]:
    """Return a profile as people write one."""
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-01-01T00:00:00Z",
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit} | period],
        },
    }


def written_two(limit: float, **rest: Any) -> dict[str, Any]:
    """Return the same as 2.x spells it."""
    schedule = {
        "id": 1,
        "startSchedule": "2026-01-01T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": 100,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    } | rest


async def send(
    station: ChargingStation, profile: dict[str, Any], connector: int = 1
) -> None:
    """Send a profile as the action of the command does."""
    payload = {"connectorId": connector, "csChargingProfiles": profile}
    await station.sending.command(SET, payload)


async def start_limited(
    station: ChargingStation, charger: Charger, amperes: float, evse: int | None = 1
) -> None:
    """Have a session start that has a limit of its own."""
    await charger.plug_in()
    await station.remote_control.start(evse, limit=amperes)
    await charger.settle()
    await at_rest(station)


# --- the limit of a session -------------------------------------------------------------


async def test_a_charger_that_boots_within_a_session_is_told_the_limit_of_that_session(
    station: ChargingStation, charger: Charger
) -> None:
    """Not the one that stands, which is told when the session is over."""
    await station.smart_charging.set_limit(1, 16)
    await start_limited(station, charger, 8)
    charger.profiles.installed.clear()
    await charger.boot()
    await prepared(station)
    assert sent(charger) == [(1, "TxDefaultProfile", 16), (1, "TxProfile", 8)]
    assert station.smart_charging.amperes(1) == 8
    await charger.stop()
    await at_rest(station)
    assert sent(charger)[2:] == [(1, "TxDefaultProfile", 16)]
    assert station.smart_charging.amperes(1) == 16


async def test_the_limit_of_a_session_never_becomes_the_one_for_all(
    station: ChargingStation, charger: Charger
) -> None:
    """Told again, it is a profile of that session or nothing."""
    await start_limited(station, charger, 8)
    charger.answers[SET] = {"status": "Rejected"}
    await charger.boot()
    await prepared(station)
    assert {purpose for _, purpose, _ in sent(charger)} == {"TxProfile"}
    assert station.smart_charging.limit(1) is None


async def test_the_limit_of_a_session_is_known_after_a_restart(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """The charger goes by it still, and is told nothing else."""
    await station.smart_charging.set_limit(1, 16)
    await start_limited(station, charger, 8)
    reborn = await restart()
    assert reborn.smart_charging.amperes(1) == 8
    await charger.connect()
    await prepared(reborn)
    assert sent(charger) == [(1, "TxDefaultProfile", 16)]
    assert reborn.smart_charging.amperes(1) == 8
    await charger.stop()
    await at_rest(reborn)
    assert reborn.smart_charging.amperes(1) == 16


async def test_the_limit_of_a_session_of_2x_is_known_after_a_restart(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await station.smart_charging.set_limit(1, 16)
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await station.remote_control.start(1, limit=8)
    await two.until(lambda: two.flow(1).current == 8, 5)
    await two.settle()
    reborn = await restart()
    await two.connect()
    await prepared(reborn)
    assert sent_two(two) == [(1, "TxDefaultProfile", 16)]
    assert reborn.smart_charging.amperes(1) == 8
    await two.unplug(1)
    await two.settle()
    await at_rest(reborn)
    assert reborn.smart_charging.amperes(1) == 16


async def test_the_limit_of_a_session_that_ended_unnoticed_is_over(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """As soon as its end is told."""
    await station.smart_charging.set_limit(1, 16)
    await start_limited(station, charger, 8)
    reborn = await restart()
    await charger.stop()
    await charger.connect()
    await charger.flush()
    await prepared(reborn)
    await at_rest(reborn)
    assert reborn.smart_charging.amperes(1) == 16


# --- a limit for some time --------------------------------------------------------------


async def test_a_limit_for_some_time_ends_in_time_after_a_restart(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    await station.smart_charging.set_limit(1, 16)
    limit = await station.smart_charging.set_limit(1, 6, duration=2)
    reborn = await restart()
    assert reborn.smart_charging.limit(1) == limit
    await charger.connect()
    await prepared(reborn)
    await charger.until(lambda: len(sent(charger)) == 3, 5)
    assert sent(charger)[2] == (1, "TxDefaultProfile", 16)
    assert limit.until is not None
    assert datetime.now(UTC) >= limit.until


async def test_a_limit_for_some_time_that_ended_while_nobody_looked_is_over(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    await station.smart_charging.set_limit(1, 16)
    limit = await station.smart_charging.set_limit(1, 6, duration=3600)
    station.smart_charging.limits[1] = replace(limit, until=datetime.now(UTC))
    reborn = await restart()
    assert reborn.smart_charging.limit(1) is None
    await charger.connect()
    await prepared(reborn)
    assert sent(charger)[2:] == [(1, "TxDefaultProfile", 16)]


async def test_a_limit_for_some_time_ends_when_it_was_to_end_though_told_again(
    station: ChargingStation, charger: Charger
) -> None:
    limit = await station.smart_charging.set_limit(1, 6, duration=3600)
    await charger.boot()
    await prepared(station)
    assert len(sent(charger)) == 2
    assert station.smart_charging.limit(1) == limit


async def test_a_limit_that_came_behind_its_start_ends_with_its_session_after_a_restart(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """Also where the charger takes no profile of a session, and would keep it for a day."""
    settings = StationSettings(
        compatibility={"start_with_profile": False, "purposes": ["TxDefaultProfile"]}
    )
    station.apply_settings(settings)
    await station.smart_charging.set_limit(1, 16)
    await start_limited(station, charger, 8)
    assert station.smart_charging.amperes(1) == 8
    reborn = await restart(settings)
    await charger.connect()
    await prepared(reborn)
    assert reborn.smart_charging.amperes(1) == 8
    await charger.stop()
    await charger.until(lambda: sent(charger)[-1][2] == 16, 5)
    assert [limit for *_, limit in sent(charger)] == [16, 8, 8, 16]


# --- never more than the charger's highest current --------------------------------------


async def test_watts_never_become_more_ampere_than_the_charger_may_draw(
    station: ChargingStation, charger: Charger
) -> None:
    """12 kW on three phases would be 17.4 A."""
    station.apply_settings(StationSettings(maximum_current=16))
    limit = await station.smart_charging.set_limit(1, 12_000, RateUnit.WATT)
    assert sent(charger) == [(1, "TxDefaultProfile", 16)]
    assert (limit.sent_value, limit.lowered) == (16, True)
    assert station.smart_charging.amperes(1) == 16


async def test_watts_are_sent_as_no_more_than_the_highest_current_is_in_watts(
    station: ChargingStation, charger: Charger
) -> None:
    station.apply_settings(
        StationSettings(maximum_current=16, compatibility={"rate_unit": "W"})
    )
    charger.answers[SET] = {"status": "Accepted"}
    await station.smart_charging.set_limit(1, 12_000, RateUnit.WATT)
    assert sent(charger) == [(1, "TxDefaultProfile", 16 * 3 * 230)]
    with pytest.raises(LimitTooHigh):
        await station.smart_charging.set_limit(1, 12_500, RateUnit.WATT)


async def test_a_limit_is_not_told_again_above_a_highest_current_that_was_lowered(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(1, 32)
    station.apply_settings(StationSettings(maximum_current=16))
    await charger.boot()
    await prepared(station)
    assert sent(charger) == [(1, "TxDefaultProfile", 32), (1, "TxDefaultProfile", 16)]
    assert station.smart_charging.amperes(1) == 16


@pytest.mark.parametrize(
    "profile",
    [
        written(16.1),
        written(11_100, unit="W"),
        written(3_700, unit="W", numberPhases=1),
    ],
    ids=["ampere", "watts", "one phase"],
)
async def test_a_profile_above_the_highest_current_is_not_sent(
    station: ChargingStation, charger: Charger, profile: dict[str, Any]
) -> None:
    station.apply_settings(StationSettings(maximum_current=16))
    with pytest.raises(LimitTooHigh):
        await station.smart_charging.set_profile(1, profile)
    assert sent(charger) == []


async def test_a_profile_that_is_sent_as_it_is_may_allow_more(
    station: ChargingStation, charger: Charger
) -> None:
    """Whoever sends the command itself says everything in it."""
    station.apply_settings(StationSettings(maximum_current=16))
    await send(station, written(20))
    assert [limit for *_, limit in sent(charger)] == [20]


async def test_a_profile_up_to_the_highest_current_is_sent(
    station: ChargingStation, charger: Charger
) -> None:
    station.apply_settings(StationSettings(maximum_current=16))
    charger.answers[SET] = {"status": "Accepted"}
    await station.smart_charging.set_profile(1, written(16))
    await station.smart_charging.set_profile(1, written(11_040, unit="W"))
    assert [limit for *_, limit in sent(charger)] == [16, 11_040]


async def test_a_profile_of_2x_above_the_highest_current_is_not_sent(
    station: ChargingStation, two: Two
) -> None:
    with pytest.raises(LimitTooHigh):
        await station.smart_charging.set_profile(1, written_two(33))
    assert sent_two(two) == []


# --- whose session it is ----------------------------------------------------------------


async def test_a_stranger_has_not_the_limit_of_a_start_that_nobody_followed(
    station: ChargingStation, charger: Charger
) -> None:
    """The limit that stands is theirs; who follows the start has the one of the start."""
    await station.smart_charging.set_limit(1, 16)
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, id_token="Anna", limit=8)
    await charger.start(id_tag="STRANGER")
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 16
    await charger.stop()
    await charger.start(id_tag="ANNA")
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 8


async def test_a_start_without_a_limit_has_not_that_of_the_one_before(
    station: ChargingStation, charger: Charger
) -> None:
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, id_token="Anna", limit=8)
    await station.remote_control.start(1, id_token="Anna")
    await charger.start(id_tag="Anna")
    await at_rest(station)
    assert station.smart_charging.limit(1) is None


async def test_a_limit_that_comes_behind_its_start_is_not_sent_for_a_stranger(
    station: ChargingStation, charger: Charger
) -> None:
    station.apply_settings(StationSettings(compatibility={"start_with_profile": False}))
    charger.answers["RemoteStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(None, id_token="Anna", limit=8)
    await charger.start(id_tag="STRANGER")
    await at_rest(station)
    assert sent(charger) == []
    await charger.stop()
    await charger.start(id_tag="ANNA")
    await charger.until(lambda: sent(charger), 5)
    await at_rest(station)
    assert set(sent(charger)) == {(1, "TxProfile", 8)}
    assert station.smart_charging.amperes(1) == 8


async def test_a_stranger_at_a_station_of_2x_has_not_the_limit_of_a_start(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 16)
    two.answers["RequestStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, id_token="Anna", limit=8)
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await two.settle()
    await at_rest(station)
    assert station.transactions.running(1) is not None
    assert station.smart_charging.amperes(1) == 16


async def test_whose_session_it_is_a_station_of_2x_may_tell_after_it_began(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    two.variables["TxCtrlr.TxStartPoint"].value = "EVConnected"
    await two.power_up()
    await prepared(station)
    two.answers["RequestStartTransaction"] = {"status": "Accepted"}
    await station.remote_control.start(1, id_token="Anna", limit=8)
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    await two.settle()
    assert station.transactions.running(1) is not None
    assert station.smart_charging.limit(1) is None
    assert await two.begin(two.evses[1], {"idToken": "ANNA", "type": "Central"})
    await two.settle()
    assert station.smart_charging.amperes(1) == 8


# --- beside the profiles of people ------------------------------------------------------


async def test_a_profile_of_people_elsewhere_leaves_our_limit_in_force(
    station: ChargingStation, charger: Charger
) -> None:
    """It is shown while it is what holds, and told again to a charger that boots."""
    await station.smart_charging.set_limit(1, 6)
    await send(station, written(20, purpose="ChargePointMaxProfile"), 0)
    await send(station, written(16, number=101))
    assert station.smart_charging.amperes(1) == 6
    await charger.boot()
    await prepared(station)
    assert sent(charger)[-1] == (1, "TxDefaultProfile", 6)


async def test_a_profile_of_people_that_holds_in_place_of_our_limit_hides_it(
    station: ChargingStation, charger: Charger, restart: Restart
) -> None:
    """Until it is gone, also over a restart."""
    await station.smart_charging.set_limit(1, 10)
    await send(station, written(8, purpose="ChargePointMaxProfile"), 0)
    assert station.smart_charging.limit(1) is None
    assert station.smart_charging.amperes(1) is None
    reborn = await restart()
    await charger.connect()
    await prepared(reborn)
    assert reborn.smart_charging.amperes(1) is None
    assert len(sent(charger)) == 2
    await reborn.sending.command("ClearChargingProfile", {"id": 100})
    assert reborn.smart_charging.amperes(1) == 10


async def test_a_profile_of_people_in_the_place_of_our_limit_ends_it(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await send(station, written(8, level=8))
    assert station.smart_charging.limit(1) is None
    await charger.boot()
    await prepared(station)
    # Nothing takes the place of what people sent last.
    assert len(sent(charger)) == 2


async def test_a_profile_of_people_for_a_session_hides_our_limit_in_it(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await charger.start()
    await send(station, written(16, purpose="TxProfile"))
    assert station.smart_charging.amperes(1) is None
    await charger.stop()
    await at_rest(station)
    assert station.smart_charging.amperes(1) == 10


async def test_a_profile_of_people_beside_our_limit_of_2x_leaves_it_in_force(
    station: ChargingStation, two: Two
) -> None:
    await station.smart_charging.set_limit(1, 10)
    await station.smart_charging.set_profile(1, written_two(16))
    assert station.smart_charging.amperes(1) == 10


# --- a session that ends meanwhile ------------------------------------------------------


async def test_a_session_that_ends_before_its_limit_is_answered_leaves_a_limit_that_holds(
    station: ChargingStation, charger: Charger
) -> None:
    """The profile ended with the session: the limit is told for those to come."""
    await charger.start()

    async def answer(payload: dict[str, Any]) -> dict[str, str]:
        if payload["csChargingProfiles"]["chargingProfilePurpose"] == "TxProfile":
            await charger.stop()
        return {"status": "Accepted"}

    charger.answers[SET] = answer
    limit = await station.smart_charging.set_limit(1, 8)
    assert limit.purpose == "TxDefaultProfile"
    assert sent(charger) == [(1, "TxProfile", 8), (1, "TxDefaultProfile", 8)]
    assert {it.purpose for it in station.smart_charging.installed.profiles} == {
        "TxDefaultProfile"
    }


async def test_a_limit_that_only_a_session_that_ended_had_is_no_success(
    station: ChargingStation, charger: Charger
) -> None:
    await charger.start()

    async def answer(payload: dict[str, Any]) -> dict[str, str]:
        if payload["csChargingProfiles"]["chargingProfilePurpose"] != "TxProfile":
            return {"status": "Rejected"}
        await charger.stop()
        return {"status": "Accepted"}

    charger.answers[SET] = answer
    for _ in range(2):
        with pytest.raises(CommandRejected):
            await station.smart_charging.set_limit(1, 8)
        assert station.smart_charging.limit(1) is None


# --- the charger as a whole -------------------------------------------------------------


async def test_a_profile_for_the_charger_as_a_whole_is_sent_to_that(
    station: ChargingStation, charger: Charger
) -> None:
    """Whichever connector was chosen: it is refused elsewhere."""
    profile = written(20, purpose="ChargePointMaxProfile")
    await station.smart_charging.set_profile(1, profile)
    assert sent(charger) == [(0, "ChargePointMaxProfile", 20)]


async def test_a_profile_for_a_station_of_2x_as_a_whole_is_sent_to_that(
    station: ChargingStation, two: Two
) -> None:
    profile = written_two(20, chargingProfilePurpose="ChargingStationMaxProfile")
    await station.smart_charging.set_profile(2, profile)
    assert sent_two(two) == [(0, "ChargingStationMaxProfile", 20)]


@pytest.fixture
async def whole(station: ChargingStation, connect_charger: MakeCharger) -> Charger:
    """Return a charger that takes limits for itself as a whole only."""
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    handle = charger._handlers[SET]

    def answer(payload: dict[str, Any]) -> Any:
        purpose = payload["csChargingProfiles"]["chargingProfilePurpose"]
        if purpose != "ChargePointMaxProfile":
            return {"status": "Rejected"}
        return handle(payload)[0]

    charger.answers[SET] = answer
    return charger


async def test_where_all_limits_are_one_profile_the_lowest_of_them_is_sent(
    station: ChargingStation, whole: Charger
) -> None:
    """And shown for each, so that neither is undone by the other."""
    limits = station.smart_charging
    await limits.set_limit(0, 6)
    assert (await limits.set_limit(1, 16)).sent_value == 6
    assert (limits.amperes(0), limits.amperes(1)) == (6, 6)
    await limits.set_limit(0, 20)
    assert sent(whole)[-1] == (0, "ChargePointMaxProfile", 16)
    assert (limits.amperes(0), limits.amperes(1)) == (16, 16)
    await limits.set_limit(1, 10)
    assert sent(whole)[-1] == (0, "ChargePointMaxProfile", 10)
    await limits.clear(1)
    assert sent(whole)[-1] == (0, "ChargePointMaxProfile", 20)
    assert (limits.amperes(0), limits.amperes(1)) == (20, None)


async def test_a_limit_for_some_time_leaves_that_of_the_charger_as_a_whole(
    station: ChargingStation, whole: Charger
) -> None:
    """The profile of both is over with it, and is told again."""
    await station.smart_charging.set_limit(0, 16)
    await station.smart_charging.set_limit(1, 6, duration=1)
    assert sent(whole)[-1] == (0, "ChargePointMaxProfile", 6)
    await whole.until(lambda: sent(whole)[-1][2] == 16, 5)
    await at_rest(station)
    assert station.smart_charging.amperes(0) == 16
    assert station.smart_charging.amperes(1) is None
