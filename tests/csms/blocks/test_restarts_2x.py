"""Restarts that wait, and the ways by which a station of 2.0.1 may connect."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, prepared, until
from tests.simulator_v2 import Station as Two

SLOT = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "wss://user:password@other.example/ocpp?token=secret",
    "messageTimeout": 30,
    "securityProfile": 2,
    "ocppInterface": "Wired0",
}
APN = {"apn": "net", "apnPassword": "secret", "apnAuthentication": "PAP"}


async def profile(station: ChargingStation, number: int, **data: Any) -> None:
    """Tell the station of a way to connect."""
    await station.sending.command(
        "SetNetworkProfile",
        {"configurationSlot": number, "connectionData": SLOT | data},
    )


async def test_b09_a_way_to_connect_is_known_without_its_secrets(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """What the station refuses is not; the rest is known over a restart."""
    await profile(station, 2, apn=APN)
    assert two.state.network_profiles[2]["apn"] == APN
    for word in ("Rejected", "Failed"):
        two.answers["SetNetworkProfile"] = {"status": word}
        with pytest.raises(CommandRejected) as error:
            await profile(station, 3)
        assert error.value.status == word
    known = station.restarts.network_profiles
    assert known == {
        2: {
            "ocppCsmsUrl": "wss://other.example/ocpp",
            "messageTimeout": 30,
            "ocppInterface": "Wired0",
            "ocppTransport": "JSON",
            "ocppVersion": "OCPP20",
            "securityProfile": 2,
        }
    }
    await station.save()
    kept = await station.store.load_facts(IDENTITY)
    assert "secret" not in str(kept)
    assert "password" not in str(kept["restarts"])
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.restarts.network_profiles == known
    await other.close()


async def test_b09_slots_do_not_pile_up(station: ChargingStation, two: Two) -> None:
    """No station has as many, whatever it answers."""
    two.answers["SetNetworkProfile"] = {"status": "Accepted"}
    for number in range(25):
        await profile(station, number, ocppCsmsUrl="wss://[broken/")
    assert len(station.restarts.network_profiles) == 20
    assert station.restarts.network_profiles[0]["ocppCsmsUrl"] == ""


@pytest.fixture
async def elsewhere(
    central: CentralSystem, tmp_path: Path
) -> AsyncGenerator[CentralSystem]:
    """Return another central system, as one of somebody else."""
    store = Store(f"sqlite:///{tmp_path / 'other.db'}")
    await store.open()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=store, options=central.options
    )
    await other.open()
    await other.listen()
    yield other
    await other.close()
    await store.close()


@pytest.mark.proves("B10", ocpp="2.0.1")
async def test_b10_a_station_moves_to_another_central_system(
    station: ChargingStation, two: Two, elsewhere: CentralSystem
) -> None:
    """It is told of the other one, which of them to use first, and to restart."""
    there = await elsewhere.add_station(IDENTITY, StationSettings())
    url = f"ws://127.0.0.1:{elsewhere.port}"
    await profile(station, 2, ocppCsmsUrl=url, securityProfile=1)
    await station.sending.command(
        "SetVariables",
        {
            "setVariableData": [
                {
                    "component": {"name": "OCPPCommCtrlr"},
                    "variable": {"name": "NetworkConfigurationPriority"},
                    "attributeValue": "2,1",
                }
            ]
        },
    )
    assert two.variables["OCPPCommCtrlr.NetworkConfigurationPriority"].value == "2,1"
    # Which way it connects is up to the station; that of the test does not choose.
    two.url = f"{two.state.network_profiles[2]['ocppCsmsUrl']}/{IDENTITY}"
    await station.provisioning.reset()
    await until(there, Part(Topic.CONNECTION), lambda: there.connected)
    await prepared(there)
    await two.settle()
    assert there.provisioning.info is not None
    assert not station.connected


async def test_b11_a_restart_where_nobody_charges(
    station: ChargingStation, two: Two
) -> None:
    """Nothing waits: the station goes and boots."""
    two.sent.clear()
    await station.provisioning.reset()
    assert await two.wait_for_call("Reset") == {"type": "OnIdle"}
    assert not station.restarts.is_scheduled()
    await two.until(lambda: two.sent_calls("BootNotification") or None)
    assert two.sent_calls("BootNotification")[0]["reason"] == "RemoteReset"
    await two.settle()
    assert station.connected


async def test_b11_an_evse_restarts_alone(station: ChargingStation, two: Two) -> None:
    """The station stays, and the other EVSE as well."""
    connected_at = station.connected_at
    await station.provisioning.reset(2)
    assert await two.wait_for_call("Reset") == {"type": "OnIdle", "evseId": 2}
    await two.settle()
    assert station.connected_at == connected_at
    assert not station.restarts.is_scheduled(2)


async def test_b11_a_station_that_only_restarts_at_once(
    station: ChargingStation, two: Two
) -> None:
    """It is told to, when it does not want to be gentle."""

    def answer(payload: dict[str, Any]) -> dict[str, str] | None:
        return {"status": "Rejected"} if payload["type"] == "OnIdle" else None

    two.answers["Reset"] = answer
    two.sent.clear()
    await station.provisioning.reset()
    await two.until(lambda: two.sent_calls("BootNotification") or None)
    await two.settle()


async def charge(two: Two, evse: int) -> None:
    """Have a car charge."""
    await two.plug_in(evse)
    assert await two.present_card(evse, f"CARD{evse}")


async def test_b12_a_restart_waits_until_nobody_charges(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """That is known, also after a restart of this end, until the station boots."""
    await charge(two, 1)
    await charge(two, 2)
    await station.provisioning.reset()
    assert station.restarts.is_scheduled()
    assert station.restarts.is_scheduled(2)
    await station.save()
    kept = await station.store.load_facts(IDENTITY)
    assert kept["restarts"]["scheduled"] == [0]

    await two.present_card(1, "CARD1")
    await two.unplug(1)
    # Somebody still charges.
    assert station.restarts.is_scheduled()
    two.sent.clear()
    # Its session is over by that, and the station is gone.
    await two.present_card(2, "CARD2")
    await two.until(lambda: two.sent_calls("BootNotification") or None)
    await two.settle()
    assert not station.restarts.is_scheduled()
    sessions = [station.transactions.session(evse) for evse in (1, 2)]
    assert [session.running for session in sessions if session] == [False, False]


async def test_b12_the_restart_of_an_evse_waits_for_its_own_session(
    station: ChargingStation, two: Two
) -> None:
    """What goes on at another EVSE does not matter."""
    await charge(two, 1)
    await charge(two, 2)
    await station.provisioning.reset(1)
    assert station.restarts.is_scheduled(1)
    assert not station.restarts.is_scheduled(2)
    assert not station.restarts.is_scheduled()
    await two.present_card(2, "CARD2")
    await two.unplug(2)
    assert station.restarts.is_scheduled(1)
    await two.present_card(1, "CARD1")
    await two.unplug(1)
    await until(
        station,
        Part(Topic.RESET, 1),
        lambda: not station.restarts.is_scheduled(1),
    )
    await two.settle()


async def test_b12_a_restart_at_once_ends_a_session_once(
    station: ChargingStation, two: Two
) -> None:
    """With the reason that the station tells, before it is gone."""
    told: list[Any] = []
    await charge(two, 1)
    station.follow(told.append)
    two.sent.clear()
    await station.sending.command("Reset", {"type": "Immediate"})
    await two.until(lambda: two.sent_calls("BootNotification") or None)
    await two.settle()
    await prepared(station)
    ended = [event.transaction for event in told if hasattr(event, "interrupted")]
    assert [session.stop_reason for session in ended] == ["immediate_reset"]
