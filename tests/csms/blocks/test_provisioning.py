"""Boot, configuration and reset."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import (
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
)
from tests.csms.conftest import IDENTITY, MakeCharger, prepared, until
from tests.simulator import CallError, Charger, ConfigKey, Silence


@pytest.mark.parametrize(
    ("registration", "interval"),
    [
        (RegistrationStatus.ACCEPTED, 300),
        (RegistrationStatus.PENDING, 30),
        (RegistrationStatus.REJECTED, 30),
    ],
)
async def test_boot(
    station: ChargingStation,
    connect_charger: MakeCharger,
    registration: RegistrationStatus,
    interval: int,
) -> None:
    """The answer has the status, an interval and the time with three decimals."""
    station.apply_settings(StationSettings(registration=registration))
    charger = await connect_charger()
    answer = await charger.boot()
    assert (answer["status"], answer["interval"]) == (registration.value, interval)
    assert answer["currentTime"][-5] == "." and answer["currentTime"][-1] == "Z"
    now = datetime.fromisoformat(answer["currentTime"])
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=2)


async def test_who_it_is(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """It is known after a restart, and a change of it is told."""
    heard = []
    station.watch(Part(Topic.INFO), lambda: heard.append(1))
    await charger.boot()
    assert heard == []
    charger.boot_fields["firmwareVersion"] = "1.1.0"
    await charger.boot()
    assert heard == [1]
    await prepared(station)
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.provisioning.info == station.provisioning.info
    assert reborn.provisioning.keys == station.provisioning.keys
    await other.close()


async def test_configuration_is_read(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """After a boot, once; what is neither used nor shown is not kept."""
    charger = await connect_charger(connectors=3)
    await charger.power_up()
    await prepared(station)
    assert station.evses == [1, 2, 3]
    assert station.provisioning.value("ChargeProfileMaxStackLevel") == "8"
    assert station.provisioning.value("AuthorizationKey") is None
    assert station.provisioning.value("ConnectorPhaseRotation") is None
    assert "AuthorizationKey" not in station.provisioning.shown_keys()
    charger.drop()
    await charger.connect()
    charger.received.clear()
    await prepared(station)
    assert "GetConfiguration" not in [f[2] for f in charger.received if f[0] == 2]


async def test_a_release_that_knows_more_keys_reads_them(
    station: ChargingStation, charger: Charger
) -> None:
    """Once, also where the station does not boot."""
    facts = station.provisioning.facts()
    del facts["read_for"], facts["keys"]["HeartbeatInterval"]
    station.provisioning.recall(facts)
    for asked in (["GetConfiguration"], []):
        charger.drop()
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
        charger.received.clear()
        await charger.connect()
        await prepared(station)
        assert station.provisioning.value("HeartbeatInterval") == "300"
        calls = [frame[2] for frame in charger.received if frame[0] == 2]
        assert [call for call in calls if call == "GetConfiguration"] == asked


@pytest.mark.parametrize(
    ("value", "number"),
    [("8", 8), ("8.0", 8), ("", 3), ("x", 3), ("-1", 3), ("1e9", 3), ("inf", 3)],
)
async def test_numbers(
    station: ChargingStation, connect_charger: MakeCharger, value: str, number: int
) -> None:
    """One that makes no sense is not used."""
    charger = await connect_charger(
        configuration={"ChargeProfileMaxStackLevel": ConfigKey(value)}
    )
    await charger.boot()
    await prepared(station)
    known = station.provisioning.number("ChargeProfileMaxStackLevel", 3, at_most=1000)
    assert known == number


async def test_write(station: ChargingStation, charger: Charger) -> None:
    """A key is written unless it can't be written; one that is not there is refused."""
    provisioning = station.provisioning
    assert await provisioning.write("HeartbeatInterval", "77")
    assert charger.configuration["HeartbeatInterval"].value == "77"
    charger.received.clear()
    with pytest.raises(CommandRejected):
        await provisioning.write("ChargeProfileMaxStackLevel", "2")
    assert charger.received == []
    with pytest.raises(CommandRejected):
        await provisioning.write("LightIntensity", "1")
    charger.configuration["ClockAlignedDataInterval"].reboot = True
    assert not await provisioning.write("ClockAlignedDataInterval", "900")
    assert await provisioning.read("ClockAlignedDataInterval") == "900"


async def test_a_value_is_written_also_where_the_station_seems_to_have_it(
    station: ChargingStation, charger: Charger
) -> None:
    """Somebody may have changed it at the station itself."""
    charger.configuration["HeartbeatInterval"].value = "44"
    assert station.provisioning.value("HeartbeatInterval") == "300"
    assert await station.provisioning.write("HeartbeatInterval", "300")
    assert charger.configuration["HeartbeatInterval"].value == "300"


async def test_a_key_that_a_station_has_no_more_is_forgotten(
    station: ChargingStation, charger: Charger
) -> None:
    """New firmware may lack it."""
    provisioning = station.provisioning
    assert provisioning.value("ConnectionTimeOut") is not None
    del charger.configuration["ConnectionTimeOut"]
    await charger.boot()
    await prepared(station)
    assert provisioning.value("ConnectionTimeOut") is None
    assert "ConnectionTimeOut" not in provisioning.facts()["keys"]
    assert station.notes["GetConfiguration: a key that is gone"] == 1
    assert provisioning.value("NumberOfConnectors") == "1"


async def test_a_key_that_is_told_by_name_alone_stays(
    station: ChargingStation, charger: Charger
) -> None:
    """The list of all of them does not hold it, also at the next boot."""
    hidden = ("NumberOfConnectors", "HeartbeatInterval")

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        named = payload.get("key")
        return {
            "configurationKey": [
                {"key": name, "readonly": False, "value": key.value}
                for name, key in charger.configuration.items()
                if (name in named if named else name not in hidden)
            ]
        }

    charger.answers["GetConfiguration"] = answer
    for _ in range(2):
        await charger.boot()
        await prepared(station)
        assert station.provisioning.value("NumberOfConnectors") == "1"
        assert station.provisioning.value("HeartbeatInterval") == "300"
    assert "GetConfiguration: a key that is gone" not in station.notes


async def test_a_station_that_lists_nothing_loses_nothing(
    station: ChargingStation, charger: Charger
) -> None:
    keys = dict(station.provisioning.keys)
    charger.answers["GetConfiguration"] = {"configurationKey": []}
    await charger.boot()
    await prepared(station)
    assert station.provisioning.keys == keys


async def test_reset(station: ChargingStation, charger: Charger) -> None:
    """Gently, and where that is refused, not."""
    charger.reboots = False
    charger.answers["Reset"] = lambda payload: (
        {"status": "Rejected"} if payload["type"] == "Soft" else None
    )
    await station.provisioning.reset()
    assert await charger.wait_for_call("Reset") == {"type": "Soft"}
    assert await charger.wait_for_call("Reset") == {"type": "Hard"}
    await charger.wait_closed()


async def test_admitted(station: ChargingStation, connect_charger: MakeCharger) -> None:
    """A station that was told to wait is asked to boot as soon as it is accepted."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    charger = await connect_charger()
    assert (await charger.boot())["status"] == "Pending"
    station.apply_settings(StationSettings())
    await charger.until(lambda: charger.boot_status == "Accepted")


@pytest.mark.parametrize("answer", [CallError("NotImplemented"), Silence])
async def test_admitted_without_being_able_to_boot(
    station: ChargingStation, connect_charger: MakeCharger, answer: Any
) -> None:
    """One that can't be asked loses its socket, and comes back."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    charger = await connect_charger()
    charger.answers["TriggerMessage"] = answer
    await charger.boot()
    station.apply_settings(StationSettings())
    await charger.wait_closed()
    await charger.connect()
    assert (await charger.boot())["status"] == "Accepted"


async def test_admitted_while_it_leaves(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """There is nobody to ask, and nothing goes wrong."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    await station.provisioning.admit()
    assert not station.connected


async def test_what_a_boot_leaves_out_is_no_news(
    station: ChargingStation, charger: Charger
) -> None:
    """A boot of empty words does not wipe out who the station is."""
    before = station.provisioning.info
    await charger.frame(
        [
            2,
            "b1",
            "BootNotification",
            {"chargePointVendor": "", "chargePointModel": None},
        ]
    )
    await charger.wait_for_reply("b1")
    assert station.provisioning.info == before


async def test_a_station_that_never_boots_is_set_up_all_the_same(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """What it measures and how often is chosen after a mere connect too."""
    charger = await connect_charger(
        configuration={
            "MeterValueSampleInterval": ConfigKey("600", False),
            "MeterValuesSampledData": ConfigKey("Energy.Active.Import.Register", False),
        }
    )
    await prepared(station)
    assert charger.configuration["MeterValueSampleInterval"].value == "10"
    assert (
        "Power.Active.Import" in charger.configuration["MeterValuesSampledData"].value
    )
