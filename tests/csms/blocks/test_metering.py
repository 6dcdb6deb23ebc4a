"""Meter values: what is shown, in which order, and how the charger is set up for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms import clock
from custom_components.ocpp.csms.blocks.metering import WANTED, key
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, MakeCharger, prepared
from tests.simulator import CallError, Charger, ConfigKey

REGISTER = "Energy.Active.Import.Register"
SAMPLED = "MeterValuesSampledData"
INTERVAL = "MeterValueSampleInterval"


def element(at: datetime | str, *samples: dict[str, Any]) -> dict[str, Any]:
    """Return one element of a list of meter values."""
    text = at if isinstance(at, str) else at.isoformat().replace("+00:00", "Z")
    return {"timestamp": text, "sampledValue": list(samples)}


def sample(value: float, measurand: str = REGISTER, **other: Any) -> dict[str, Any]:
    """Return one sample."""
    return {"value": str(value), "measurand": measurand} | other


async def send(charger: Charger, *elements: dict[str, Any], evse: int = 1) -> None:
    """Send meter values outside of a transaction."""
    payload = {"connectorId": evse, "meterValue": list(elements)}
    await charger.call("MeterValues", payload)


def value(station: ChargingStation, name: str, evse: int = 1) -> float | None:
    """Return a reading."""
    reading = station.metering.reading(evse, name)
    return reading.value if reading is not None else None


@pytest.fixture
async def quiet_charger(
    station: ChargingStation, connect_charger: MakeCharger
) -> Charger:
    """Return a charger that says only what the test lets it say."""
    charger = await connect_charger()
    charger.answers["TriggerMessage"] = {"status": "Rejected"}
    await charger.boot()
    await prepared(station)
    return charger


async def test_the_newest_is_shown(
    station: ChargingStation, quiet_charger: Charger
) -> None:
    """Values are put in order by their time, also those of one message."""
    now = datetime.now(UTC)
    power = "Power.Active.Import"
    await send(
        quiet_charger,
        element(now - timedelta(seconds=5), sample(300, power)),
        element(now - timedelta(seconds=65), sample(100, power)),
        element(now - timedelta(seconds=35), sample(200, power)),
    )
    assert value(station, power) == 300
    await send(quiet_charger, element(now - timedelta(seconds=20), sample(9, power)))
    assert value(station, power) == 300
    reading = station.metering.reading(1, power)
    assert reading is not None
    assert abs(reading.at - (now - timedelta(seconds=5))) < timedelta(milliseconds=1)


async def test_a_clock_that_was_set_back(
    station: ChargingStation, quiet_charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a minute without anything newer, older times are taken as they are."""
    now = datetime.now(UTC)
    await send(quiet_charger, element(now, sample(16, "Current.Import")))
    earlier = element(now - timedelta(hours=3), sample(7, "Current.Import"))
    await send(quiet_charger, earlier)
    assert value(station, "Current.Import") == 16
    monkeypatch.setattr(clock, "_BURST", timedelta(0))
    await send(quiet_charger, earlier)
    assert value(station, "Current.Import") == 7


async def test_structure_grows(
    central: CentralSystem, station: ChargingStation, quiet_charger: Charger
) -> None:
    """What is seen for the first time is told once, and is known after a restart."""
    grown = []
    station.watch(Part(Topic.STRUCTURE), lambda: grown.append(1))
    now = datetime.now(UTC)
    for age in (20, 10):
        await send(
            quiet_charger,
            element(
                now - timedelta(seconds=age),
                sample(230, "Voltage", phase="L1-N"),
                sample(1234.5, REGISTER),
            ),
        )
    assert len(grown) == 1
    assert station.metering.seen[1] == {"Voltage", "Voltage/L1", REGISTER}
    await send(quiet_charger, element(now, sample(1, "RPM")), evse=2)
    assert len(grown) == 2
    assert station.evses == [1, 2]
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.evses == [1, 2]
    assert reborn.metering.seen == station.metering.seen
    # The register is known, since totals survive; what flows is not.
    assert value(reborn, REGISTER) == reborn.metering.register(1) == 1234.5
    assert value(reborn, "Voltage") is None
    # What was queued before the restart is as late after it: no register that went back.
    for age in (40, 30):
        queued = element(now - timedelta(seconds=age), sample(age, REGISTER))
        reborn.metering.take_up(1, [queued], None)
    assert reborn.metering.register(1) == 1234.5
    await other.close()


async def test_only_changes_are_told(
    station: ChargingStation, quiet_charger: Charger
) -> None:
    """Who shows one measurand hears of its changes and of nothing else."""
    heard: list[str] = []
    for name in ("Voltage", "Current.Import"):
        station.watch(Part(Topic.METER, 1, name), lambda name=name: heard.append(name))
    now = datetime.now(UTC)
    for age, volts in ((30, 230), (20, 230), (10, 231)):
        await send(
            quiet_charger,
            element(
                now - timedelta(seconds=age),
                sample(volts, "Voltage"),
                sample(6, "Current.Import"),
            ),
        )
    assert heard == ["Voltage", "Current.Import", "Voltage"]


def test_keys() -> None:
    """A phase is appended to its measurand."""
    assert key("Voltage") == "Voltage"
    assert key("Voltage", "L2") == "Voltage/L2"


async def test_voltage_to_convert_with(
    station: ChargingStation, quiet_charger: Charger
) -> None:
    """Only one that a socket can have is believed."""
    now = datetime.now(UTC)
    assert station.metering.voltage(1) is None
    await send(
        quiet_charger, element(now - timedelta(seconds=9), sample(0.1, "Voltage"))
    )
    assert station.metering.voltage(1) is None
    await send(quiet_charger, element(now, sample(241, "Voltage")))
    assert station.metering.voltage(1) == 241


# --- setting the charger up -------------------------------------------------------------


async def boot(
    station: ChargingStation, connect: MakeCharger, **configuration: ConfigKey
) -> Charger:
    """Let a charger with a configuration boot and be set up."""
    charger = await connect(configuration=configuration)
    charger.boot_status = None
    await charger.power_up()
    await prepared(station)
    await charger.settle()
    return charger


def changes(charger: Charger, name: str) -> list[str]:
    """Return what a key was set to, in order."""
    return [
        frame[3]["value"]
        for frame in charger.received
        if frame[2] == "ChangeConfiguration" and frame[3]["key"] == name
    ]


async def test_measurands_are_written_once(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """All that people look at, in one write, and nothing at the next boot."""
    charger = await boot(
        station,
        connect_charger,
        MeterValuesSampledData=ConfigKey(f"{REGISTER},Frequency"),
    )
    # The most wanted first, and what was there beside them kept.
    assert changes(charger, SAMPLED) == [",".join([*WANTED, "Frequency"])]
    await charger.boot()
    await prepared(station)
    await charger.disconnect()
    await charger.connect()
    await charger.boot()
    await prepared(station)
    assert len(changes(charger, SAMPLED)) == 1


async def test_measurands_are_as_many_as_it_says_it_takes(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """The least wanted are left out."""
    charger = await boot(
        station,
        connect_charger,
        MeterValuesSampledData=ConfigKey(REGISTER),
        MeterValuesSampledDataMaxLength=ConfigKey("4", readonly=True),
    )
    assert changes(charger, SAMPLED) == [",".join(WANTED[:4])]


@pytest.mark.parametrize(
    "no", [{"status": "Rejected"}, CallError("PropertyConstraintViolation")]
)
async def test_measurands_one_by_one_less(
    station: ChargingStation, connect_charger: MakeCharger, no: Any
) -> None:
    """A list that is refused, one way or the other, is tried without its last."""
    charger = await connect_charger(
        configuration={SAMPLED: ConfigKey(REGISTER), INTERVAL: ConfigKey("10")}
    )

    def answer(payload: dict[str, Any]) -> Any:
        return no if payload["value"].count(",") > 1 else None

    charger.answers["ChangeConfiguration"] = answer
    await charger.boot()
    await prepared(station)
    assert [text.count(",") for text in changes(charger, SAMPLED)] == [
        7,
        6,
        5,
        4,
        3,
        2,
        1,
    ]
    # It settled on that, and is left alone with it.
    await charger.boot()
    await prepared(station)
    assert len(changes(charger, SAMPLED)) == 7


async def test_charger_that_keeps_less_than_it_accepts(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """What it kept is read back, and it is not asked for the rest at each boot."""
    charger = await connect_charger(configuration={SAMPLED: ConfigKey(REGISTER)})
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    for _ in range(3):
        await charger.boot()
        await prepared(station)
    assert len(changes(charger, SAMPLED)) == 1
    # Somebody else changed the list: that is news.
    charger.configuration[SAMPLED].value = "Voltage"
    await charger.boot()
    await prepared(station)
    assert len(changes(charger, SAMPLED)) == 2


@pytest.mark.parametrize(
    "present",
    [
        ConfigKey(REGISTER, readonly=True),
        ConfigKey(",".join(WANTED)),
        ConfigKey(f"' {', '.join(WANTED)} '".casefold()),
        ConfigKey(
            ",".join(f"{name}.L1" if name == "Voltage" else name for name in WANTED)
        ),
    ],
)
async def test_measurands_that_are_left_alone(
    station: ChargingStation, connect_charger: MakeCharger, present: ConfigKey
) -> None:
    """A list that can't be written, or holds it all in one spelling or the other."""
    charger = await boot(station, connect_charger, MeterValuesSampledData=present)
    assert changes(charger, SAMPLED) == []


@pytest.mark.parametrize(
    ("present", "written"),
    [("60", ["10"]), ("0", ["10"]), ("15", []), ("30", []), ("1", []), ("x", [])],
)
async def test_interval(
    station: ChargingStation,
    connect_charger: MakeCharger,
    present: str,
    written: list[str],
) -> None:
    """It is only written where people would wait for long, or for ever."""
    charger = await boot(
        station, connect_charger, MeterValueSampleInterval=ConfigKey(present)
    )
    assert changes(charger, INTERVAL) == written


async def test_interval_that_is_refused(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """It costs nothing: the rest goes on."""
    charger = await connect_charger()
    charger.answers["ChangeConfiguration"] = CallError("InternalError")
    await charger.boot()
    await prepared(station)
    while (await charger.wait_for_call("TriggerMessage"))[
        "requestedMessage"
    ] != "MeterValues":
        pass


async def test_values_are_asked_for_at_once(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Of each EVSE by its number, after a boot and after a reconnect."""
    charger = await connect_charger(connectors=2)
    await charger.power_up()
    await prepared(station)

    def asked() -> list[int]:
        return [
            frame[3]["connectorId"]
            for frame in charger.received
            if frame[2] == "TriggerMessage"
            and frame[3]["requestedMessage"] == "MeterValues"
        ]

    assert asked() == [1, 2]
    await charger.settle()
    written = len(changes(charger, INTERVAL))
    charger.drop()
    await charger.connect()
    await prepared(station)
    assert asked() == [1, 2, 1, 2]
    # A reconnect is no boot: what was written then is not written again.
    assert len(changes(charger, INTERVAL)) == written
