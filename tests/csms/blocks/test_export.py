"""Energy that cars give back: what is measured, and what a session counts of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.metering import WANTED
from custom_components.ocpp.csms.blocks.transactions.energy import SessionEnergy
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import StationSettings, utcnow
from tests.csms.conftest import IDENTITY, MakeCharger, MakeTwo, prepared
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two, Variable

IMPORT = "Energy.Active.Import.Register"
EXPORT = "Energy.Active.Export.Register"
UPDATED = "SampledDataCtrlr.TxUpdatedMeasurands"
ENDED = "SampledDataCtrlr.TxEndedMeasurands"


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 with a car that may charge and discharge."""
    two = await connect_station(version="ocpp2.1")
    await two.power_up()
    await prepared(station)
    await two.plug_in(1)
    assert await two.present_card(1)
    await two.settle()
    return two


def element(at: datetime, **registers: float) -> dict[str, Any]:
    """Return what a meter reads at a moment."""
    names = {"imported": IMPORT, "exported": EXPORT}
    return {
        "timestamp": at.isoformat(),
        "sampledValue": [
            {
                "value": register,
                "measurand": names[name],
                "unitOfMeasure": {"unit": "Wh"},
            }
            for name, register in registers.items()
        ],
    }


async def tell(two: Two, *elements: dict[str, Any], evse: int = 1) -> None:
    """Let the running session tell of its meter."""
    transaction = two.evses[evse].transaction
    assert transaction is not None
    await two.transaction_event(
        transaction, "Updated", "MeterValuePeriodic", meterValue=list(elements)
    )


def session(station: ChargingStation) -> tuple[float, float | None]:
    """Return what the session of EVSE 1 charged and gave back, in Wh."""
    found = station.transactions.session(1)
    assert found is not None
    return found.energy, found.exported


async def test_a_session_that_gives_back_counts_both(
    station: ChargingStation, two: Two
) -> None:
    """What was charged is never less for it, and both are known after a restart."""
    base, now = station.metering.register(1) or 0, utcnow()
    charged, none = session(station)
    assert none is None
    for seconds, imported, exported in ((1, 0, 7000), (2, 500, 7000), (3, 500, 7400)):
        at = now + timedelta(seconds=seconds)
        await tell(two, element(at, imported=base + imported, exported=exported))
    assert session(station) == (charged + 500, 400)
    at = now + timedelta(seconds=4)
    await tell(two, element(at, imported=base + 800, exported=7900))
    assert session(station) == (charged + 800, 900)
    reading = station.metering.reading(1, EXPORT)
    assert reading is not None
    assert reading.value == 7900
    await two.unplug(1)
    await two.settle()
    energy, exported = session(station)
    assert energy >= charged + 800
    assert exported == 900
    (stored,) = await station.store.sessions(station=IDENTITY)
    assert stored.exported == 900


async def test_a_session_goes_on_counting_after_a_restart(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """Also what flowed while nobody listened."""
    now = utcnow()
    for seconds, exported in ((1, 7000), (2, 7400)):
        await tell(two, element(now + timedelta(seconds=seconds), exported=exported))
    await station.transactions.save()
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert session(reborn)[1] == 400
    known = reborn.metering.reading(1, EXPORT)
    assert known is not None
    assert known.value == 7400
    meter_value = element(now + timedelta(seconds=9), exported=9000)
    reborn.metering.take_up(1, [meter_value], None)
    assert session(reborn)[1] == 2000
    await other.close()


async def test_a_register_of_what_was_given_back_that_glitches(
    station: ChargingStation, two: Two
) -> None:
    """A single zero is no restart; samples that come late take nothing away."""
    now = utcnow()
    for seconds, exported in ((1, 7000), (3, 7400), (4, 0), (5, 7500), (2, 7100)):
        await tell(two, element(now + timedelta(seconds=seconds), exported=exported))
    assert session(station)[1] == 500


def test_a_meter_that_subtracts_what_was_given_back() -> None:
    """Has not restarted: no less was charged, and not all it ever counted."""
    energy = SessionEnergy(start=50_000)
    for register in (50_000, 52_000):
        energy.take(register)
    energy.take(51_500, exported=500)
    assert energy.energy == 2_000
    energy.take(51_900, exported=500)
    assert energy.energy == 2_400
    # A restart it is where nothing, or not that much, was given back.
    energy.take(300, exported=500)
    assert energy.energy == 2_700


async def test_sessions_of_16_count_it_as_well(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Where the charger measures it."""
    charger: Charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    await charger.plug_in()
    assert await charger.present_card("CARD1")
    await charger.settle()
    for exported in ("3.5", "4.25"):
        sample = {"value": exported, "measurand": EXPORT, "unit": "kWh"}
        await charger.meter_values(1, [sample])
    assert session(station)[1] == 750


@pytest.mark.parametrize("evse", [None, 2])
async def test_a_station_that_discharges_is_asked_what_it_gives_back(
    station: ChargingStation, connect_station: MakeTwo, evse: int | None
) -> None:
    """It samples that as well, at the ends of sessions too."""
    two = await connect_station(
        version="ocpp2.1",
        variables=[
            Variable(
                component="V2XChargingCtrlr", name="Enabled", evse=evse, value="true"
            )
        ],
    )
    for key in (UPDATED, ENDED):
        two.variables[key].values = (*WANTED, EXPORT, "Power.Active.Export")
    await two.power_up()
    await prepared(station)
    await two.settle()
    sampled = (two.variables[UPDATED].actual or "").split(",")
    assert set(sampled) == {*WANTED, EXPORT, "Power.Active.Export"}
    ends = two.variables[ENDED].actual or ""
    assert EXPORT in ends.split(",")
    # It is not asked for the same again.
    before = len([it for it in two.received if it[2:3] == ["SetVariables"]])
    await two.disconnect()
    await two.connect()
    await prepared(station)
    asked = [it for it in two.received if it[2:3] == ["SetVariables"]]
    assert len(asked) == before


async def test_other_stations_are_not(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """They would only refuse."""
    two = await connect_station(version="ocpp2.1")
    two.variables[UPDATED].values = (*WANTED, EXPORT)
    await two.power_up()
    await prepared(station)
    sampled = (two.variables[UPDATED].actual or "").split(",")
    assert set(sampled) == set(WANTED)
