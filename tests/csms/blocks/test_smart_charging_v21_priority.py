"""Charging with priority: asked for, and known when the station says so (K21, K22)."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected, NoTransaction
from custom_components.ocpp.csms.model import Payload, StationSettings
from tests.csms.conftest import IDENTITY, MakeTwo, prepared
from tests.simulator_v2 import Car, Station as Two
from tests.simulator_v2.commands.dynamic import able, prioritize

USE = "UsePriorityCharging"


def profile(limit: float = 30) -> Payload:
    """Return a profile for charging with priority."""
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": 200,
        "stackLevel": 0,
        "chargingProfilePurpose": "PriorityCharging",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
    }


def asked(two: Two) -> list[Payload]:
    """Return what came in about priority."""
    return [it[3] for it in two.received if it[2:3] == [USE]]


def running(two: Two) -> str:
    """Return the id of the transaction that runs."""
    transaction = two.evses[1].transaction
    assert transaction is not None
    return transaction.id


async def begin(two: Two) -> None:
    """Let a session begin."""
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await two.settle()


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that has charging with priority."""
    two = await connect_station(version="ocpp2.1", variables=able("PriorityCharging"))
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


@pytest.mark.proves("K21.FR.09", ocpp="2.1")
@pytest.mark.proves("K21.FR.10", ocpp="2.1")
async def test_a_session_has_priority_when_the_station_says_so(
    station: ChargingStation, two: Two
) -> None:
    smart_charging = station.smart_charging
    await smart_charging.set_profile(0, profile())
    await begin(two)
    await smart_charging.set_limit(1, 6)
    assert smart_charging.knows_priority
    await smart_charging.use_priority(1, activate=True)
    assert asked(two) == [{"transactionId": running(two), "activate": True}]
    await two.settle()
    assert smart_charging.has_priority(1)
    assert not smart_charging.has_priority(2)
    assert two.flow(1).current == 30
    # The limit is not what holds.
    assert smart_charging.installed.scheduled(1).amperes == 30
    assert smart_charging.amperes(1) is None
    await smart_charging.use_priority(1, activate=False)
    await two.settle()
    assert not smart_charging.has_priority(1)
    assert smart_charging.amperes(1) == two.flow(1).current == 6


async def test_agreement_is_not_yet_priority(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    two.answers[USE] = {"status": "Accepted"}
    await station.smart_charging.use_priority(1, activate=True)
    assert not station.smart_charging.has_priority(1)


@pytest.mark.proves("K21.FR.10", ocpp="2.1")
async def test_a_station_without_a_profile_for_it_says_so(
    station: ChargingStation, two: Two
) -> None:
    with pytest.raises(NoTransaction):
        await station.smart_charging.use_priority(1, activate=True)
    await begin(two)
    with pytest.raises(CommandRejected) as raised:
        await station.smart_charging.use_priority(1, activate=True)
    assert raised.value.status == "NoProfile"
    assert not station.smart_charging.has_priority(1)


@pytest.mark.proves("K22.FR.06", ocpp="2.1")
async def test_priority_from_the_button_of_the_station_is_known(
    station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await prioritize(two, running(two), activated=True)
    assert station.smart_charging.has_priority(1)
    assert asked(two) == []
    await prioritize(two, running(two), activated=False)
    assert not station.smart_charging.has_priority(1)
    # It ends with its session, and of no other one is known.
    await prioritize(two, running(two), activated=True)
    await two.unplug(1)
    assert not station.smart_charging.has_priority(1)
    answer = await two.call(
        "NotifyPriorityCharging", {"transactionId": "none", "activated": True}
    )
    assert answer == {}
    assert not station.smart_charging.has_priority(1)


@pytest.mark.parametrize("options_of_two", [{}, {"version": "ocpp2.0.1"}])
async def test_of_other_stations_no_priority_is_known(
    station: ChargingStation, connect_station: MakeTwo, options_of_two: dict[str, Any]
) -> None:
    two = await connect_station(**{"version": "ocpp2.1"} | options_of_two)
    await two.power_up()
    await prepared(station)
    assert not station.smart_charging.knows_priority


async def test_priority_is_known_after_a_restart(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await begin(two)
    await prioritize(two, running(two), activated=True)
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=central.options,
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.smart_charging.has_priority(1)
    await other.listen()
    await two.connect()
    await prioritize(two, running(two), activated=False)
    assert not reborn.smart_charging.has_priority(1)
    await other.close()
