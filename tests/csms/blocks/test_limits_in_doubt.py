"""Limits of which nobody knows whether they are in force: no answer ever came."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandTimedOut, StationOffline
from custom_components.ocpp.csms.model import Part, Payload, Topic
from tests.csms.conftest import prepared, until
from tests.simulator import Charger, Silence
from tests.simulator_v2 import Station as Two

SET = "SetChargingProfile"
type Any16Or20 = Charger | Two


def sent(peer: Any16Or20) -> list[Payload]:
    """Return the profiles that came in."""
    return [it[3] for it in peer.received if it[2:3] == [SET]]


def limits(peer: Any16Or20) -> list[float]:
    """Return the limits that came in."""
    found = []
    for payload in sent(peer):
        profile = payload.get("chargingProfile") or payload["csChargingProfiles"]
        schedule = profile["chargingSchedule"]
        one = schedule[0] if isinstance(schedule, list) else schedule
        found += [it["limit"] for it in one["chargingSchedulePeriod"]]
    return found


@pytest.fixture(params=["1.6", "2.0.1"])
def peer(request: pytest.FixtureRequest) -> Any16Or20:
    """Return a station of each version."""
    name = "charger" if request.param == "1.6" else "two"
    found: Any16Or20 = request.getfixturevalue(name)
    return found


async def unanswered(peer: Any16Or20, action: str, act: Awaitable[Any]) -> None:
    """Do something that the station does not answer."""
    peer.answers[action] = Silence
    with pytest.raises(CommandTimedOut):
        await act
    del peer.answers[action]


async def test_after_no_answer_every_wish_is_sent(
    station: ChargingStation, peer: Any16Or20
) -> None:
    """The station may have taken the new limit, so that the old one is not sure any more."""
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    await unanswered(peer, SET, smart_charging.set_limit(1, 16))
    assert limits(peer) == [10, 16]
    await smart_charging.set_limit(1, 10)
    assert limits(peer) == [10, 16, 10]
    # It was answered: the same again is not sent.
    await smart_charging.set_limit(1, 10)
    assert limits(peer) == [10, 16, 10]


async def test_the_limit_of_the_station_is_in_doubt_too(
    station: ChargingStation, peer: Any16Or20
) -> None:
    smart_charging = station.smart_charging
    await smart_charging.set_limit(0, 20)
    await unanswered(peer, SET, smart_charging.set_limit(0, 25))
    await smart_charging.set_limit(0, 20)
    assert limits(peer) == [20, 25, 20]


async def test_a_connection_that_broke_leaves_the_same_doubt(
    station: ChargingStation, peer: Any16Or20
) -> None:
    """What stands is told when the station is back."""
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    peer.answers[SET] = Silence
    wish = station.spawn(smart_charging.set_limit(1, 16))
    await peer.until(lambda: len(sent(peer)) == 2, 5)
    peer.drop()
    with pytest.raises(StationOffline):
        await wish
    del peer.answers[SET]
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await peer.connect()
    await prepared(station)
    await peer.settle()
    assert limits(peer) == [10, 16, 10]
    assert smart_charging.amperes(1) == 10


async def test_whoever_gives_up_waiting_leaves_the_same_doubt(
    station: ChargingStation, peer: Any16Or20
) -> None:
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    peer.answers[SET] = Silence
    wish = station.spawn(smart_charging.set_limit(1, 16))
    await peer.until(lambda: len(sent(peer)) == 2, 5)
    wish.cancel()
    await asyncio.wait([wish])
    del peer.answers[SET]
    await smart_charging.set_limit(1, 10)
    assert limits(peer) == [10, 16, 10]


async def test_a_wish_that_was_never_sent_leaves_none(
    station: ChargingStation, peer: Any16Or20
) -> None:
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    await peer.disconnect()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    with pytest.raises(StationOffline):
        await smart_charging.set_limit(1, 16)
    await peer.connect()
    await prepared(station)
    await peer.settle()
    await smart_charging.set_limit(1, 10)
    assert limits(peer) == [10]


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        (
            SET,
            {
                "connectorId": 1,
                "csChargingProfiles": {
                    "chargingProfileId": 77,
                    "stackLevel": 1,
                    "chargingProfilePurpose": "TxDefaultProfile",
                    "chargingProfileKind": "Relative",
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
                    },
                },
            },
        ),
        ("ClearChargingProfile", {}),
        ("ClearChargingProfile", {"connectorId": 1}),
        (
            "RemoteStartTransaction",
            {
                "connectorId": 1,
                "idTag": "CARD1",
                "chargingProfile": {
                    "chargingProfileId": 77,
                    "stackLevel": 1,
                    "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Relative",
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}],
                    },
                },
            },
        ),
    ],
)
async def test_what_people_sent_and_nobody_answered_leaves_doubt(
    station: ChargingStation, charger: Charger, action: str, payload: Payload
) -> None:
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    await unanswered(charger, action, station.sending.command(action, payload))
    before = len(sent(charger))
    await smart_charging.set_limit(1, 10)
    assert limits(charger)[before:] == [10]


async def test_a_start_without_a_limit_leaves_none(
    station: ChargingStation, charger: Charger
) -> None:
    await station.smart_charging.set_limit(1, 10)
    start = {"connectorId": 1, "idTag": "CARD1"}
    await unanswered(
        charger,
        "RemoteStartTransaction",
        station.sending.command("RemoteStartTransaction", start),
    )
    await station.smart_charging.set_limit(1, 10)
    assert limits(charger) == [10]


async def test_a_session_does_not_count_on_a_default_in_doubt(
    station: ChargingStation, peer: Any16Or20
) -> None:
    """The station may hold another one: the session is told what stands."""
    smart_charging = station.smart_charging
    await smart_charging.set_limit(1, 10)
    await unanswered(peer, SET, smart_charging.set_limit(1, 16))
    await peer.plug_in(1)
    assert await (
        peer.present_card("CARD1", 1)
        if isinstance(peer, Charger)
        else peer.present_card(1)
    )
    # In another way where the station takes none of a session.
    await peer.until(lambda: len(sent(peer)) > 2, 5)
    await peer.settle()
    assert limits(peer)[:2] == [10, 16]
    assert set(limits(peer)[2:]) == {10}
    assert smart_charging.amperes(1) == 10
