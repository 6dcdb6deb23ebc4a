"""Registers in streams of 2.1: an EVSE can have several meters, and is counted by one."""

import json
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.metering import ENERGY_REGISTER, Metering
from custom_components.ocpp.csms.blocks.metering.sources import Sources
from custom_components.ocpp.csms.blocks.monitoring import streams
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.clock import Moment
from custom_components.ocpp.csms.model import utcnow
from custom_components.ocpp.csms.variables import Place
from tests.csms.blocks.test_streams import EVERY_SECOND, opened
from tests.csms.conftest import MakeTwo, prepared
from tests.simulator_v2 import Station as Two, Variable
from tests.simulator_v2.commands.streams import close_stream, notify_stream, open_stream
from tests.simulator_v2.state import Monitor

METERS = (("FiscalMetering", None), ("Connector", 1), ("Connector", 2))
REGISTER: dict[str, Any] = {"name": "EnergyImportRegister", "unit": "Wh"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take values up as they come."""
    monkeypatch.setattr(streams, "PACE", 0)


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 whose messages read no meter of EVSE 1."""
    two = await connect_station(
        version="ocpp2.1",
        variables=[
            Variable(component=component, evse=1, connector=connector, **REGISTER)
            for component, connector in METERS
        ],
    )
    two.evses[1].meter_wh = 0
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


async def opened_for(two: Two, *meters: tuple[str, int]) -> list[Any]:
    """Return a stream of the register of each meter: a component, of a connector or 0."""
    for number, (component, connector) in enumerate(meters, 90):
        where = {"id": 1} | ({"connectorId": connector} if connector else {})
        two.state.monitors[number] = Monitor(
            id=number,
            component={"name": component, "evse": where},
            variable={"name": "EnergyImportRegister"},
            type="Periodic",
            value=1,
            severity=7,
            custom=False,
        )
    first = await opened(two, 90)
    others = [
        await open_stream(two, number, EVERY_SECOND)
        for number in range(91, 90 + len(meters))
    ]
    return [first, *others]


async def tell(two: Two, stream: Any, *registers: float) -> None:
    """Send registers in a stream, in Wh, and wait until they were taken up."""
    for register in registers:
        await notify_stream(two, stream.id, [(0, str(register))])
    await two.heartbeat()


async def begin(two: Two, connector: int = 1) -> None:
    """Have a session begin at a connector of EVSE 1."""
    await two.plug_in(1, connector)
    assert await two.present_card(1)
    await two.settle()


def counted(station: ChargingStation) -> tuple[float | None, float]:
    """Return the register of EVSE 1 and the energy of its session."""
    session = station.transactions.session(1)
    assert session is not None
    return station.metering.register(1), session.energy


async def test_a_register_is_counted_with_every_value(
    station: ChargingStation, two: Two
) -> None:
    (meter,) = await opened_for(two, ("FiscalMetering", 0))
    await begin(two)
    values = [(number / 10, str(10_000 + 100 * number)) for number in range(6)]
    await notify_stream(two, meter.id, values)
    await two.heartbeat()
    assert counted(station) == (10_500, 500)


async def test_the_meters_of_two_connectors_are_no_one_register(
    station: ChargingStation, two: Two
) -> None:
    """The other one is shown as the variable it is."""
    one, other = await opened_for(two, ("Connector", 1), ("Connector", 2))
    await begin(two)
    await tell(two, one, 100_000)
    await tell(two, other, 150_000)
    await tell(two, one, 100_010)
    await tell(two, other, 150_000)
    assert counted(station) == (100_010, 10)
    shown = station.device_model.value(
        "Connector", "EnergyImportRegister", evse=1, connector=2
    )
    assert shown == "150000"


async def test_the_meter_counts_of_the_connector_that_a_car_is_at(
    station: ChargingStation, two: Two
) -> None:
    """The register of the EVSE goes on where it was."""
    one, other = await opened_for(two, ("Connector", 1), ("Connector", 2))
    await tell(two, one, 100_000)
    await begin(two, 2)
    await tell(two, other, 150_000)
    await tell(two, one, 100_000)
    await tell(two, other, 150_500)
    assert counted(station) == (100_500, 500)
    await two.unplug(1)
    await begin(two, 1)
    await tell(two, one, 100_000, 100_200)
    await tell(two, other, 150_500)
    assert counted(station) == (100_700, 200)


async def test_what_messages_tell_counts_and_no_stream_beside_it(
    station: ChargingStation, two: Two
) -> None:
    two.evses[1].meter_wh = 1000
    (meter,) = await opened_for(two, ("FiscalMetering", 0))
    await begin(two)
    await two.sample(1)
    await tell(two, meter, 51_000, 51_020)
    assert counted(station) == (1000, 0)
    assert (
        station.device_model.value("FiscalMetering", "EnergyImportRegister", evse=1)
        == "51020"
    )
    two.evses[1].meter_wh += 300
    await two.sample(1)
    await tell(two, meter, 51_400)
    assert counted(station) == (1300, 300)


@pytest.mark.parametrize("register", [7_000, 90_000])
async def test_messages_that_tell_it_only_later_go_on_from_there(
    station: ChargingStation, two: Two, register: float
) -> None:
    """What was counted stays, and the step between the meters is no energy."""
    (meter,) = await opened_for(two, ("FiscalMetering", 0))
    await begin(two)
    await tell(two, meter, 51_000, 51_010)
    await two.sample(1)
    assert counted(station) == (51_010, 10)
    two.evses[1].meter_wh = register
    await two.sample(1)
    await two.heartbeat()
    assert counted(station) == (register, 10)
    two.evses[1].meter_wh += 400
    await two.sample(1)
    await tell(two, meter, 51_500)
    assert counted(station) == (register + 400, 410)
    await two.unplug(1)
    assert counted(station) == (register + 400, 410)


async def test_a_meter_that_streams_no_more_leaves_it_to_another(
    station: ChargingStation, two: Two
) -> None:
    one, other = await opened_for(two, ("Connector", 1), ("FiscalMetering", 0))
    await begin(two)
    await tell(two, one, 100_000, 100_010)
    await tell(two, other, 150_000)
    await close_stream(two, one)
    await tell(two, other, 150_000, 150_040)
    assert counted(station) == (100_050, 50)


async def test_which_meter_counts_is_remembered(
    station: ChargingStation, two: Two
) -> None:
    one, _ = await opened_for(two, ("Connector", 1), ("Connector", 2))
    await tell(two, one, 100_000)
    reborn = Metering(station)
    reborn.recall(json.loads(json.dumps(station.metering.facts())))
    for connector, register in ((2, "150000"), (1, "100050")):
        place = Place("Connector", "EnergyImportRegister", evse=1, connector=connector)
        found = reborn.measured(place)
        assert found is not None
        said = Moment(utcnow(), dated=True)
        reborn.take_streamed(place, found, [(said, register)])
    assert reborn.register(1) == 100_050


def test_a_meter_that_restarts_is_taken_as_it_is() -> None:
    """Its register was moved to go on from another."""
    sources, key = Sources(), (1, ENERGY_REGISTER)

    def take(connector: int, value: float, before: float | None) -> float | None:
        return sources.counted(
            key,
            Place("Connector", "EnergyImportRegister", evse=1, connector=connector),
            value,
            before=before,
            connector=connector,
            streaming=list,
        )

    assert take(1, 1000, None) == 1000
    assert take(2, 5000, 1000) == 1000
    assert take(2, 5100, 1000) == 1100
    assert take(2, 20, 1100) == 20
    assert take(2, 30, 20) == 30
