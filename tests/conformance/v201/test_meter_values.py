"""J: what meters say, with and without a transaction."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    ENERGY,
    Transaction,
    moment,
    register,
    sessions,
    settled,
    shown,
)

TOTAL = "sensor.garage_energy"


async def turn_on(two: Station) -> None:
    """Have the station tell its meters by the clock."""
    for name, value in (
        ("Enabled", "true"),
        ("Interval", "900"),
        ("SendDuringIdle", "false"),
    ):
        two.variables[f"AlignedDataCtrlr.{name}"].value = value


@pytest.mark.proves("TC_J_01_CSMS", ocpp="2.0.1")
@pytest.mark.proves("J01", ocpp="2.0.1")
async def test_an_idle_meter_is_shown(hass: HomeAssistant, two: Station) -> None:
    await turn_on(two)
    for wh in (2500, 2600):
        two.evses[1].meter_wh = wh
        before = len(two.sent_calls("MeterValues"))
        await two.tick(900)
        await settled(hass, two)
        told = two.sent_calls("MeterValues")[before:]
        assert [it["evseId"] for it in told] == [1, 2]
        assert float(shown(hass, TOTAL)) == pytest.approx(wh / 1000)
    assert await sessions(hass) == []


@pytest.mark.proves("TC_J_02_CSMS", ocpp="2.0.1")
async def test_meters_are_told_by_the_clock_while_a_car_charges(
    hass: HomeAssistant, charging: Station
) -> None:
    await turn_on(charging)
    charging.variables["SampledDataCtrlr.TxUpdatedInterval"].value = "0"
    charging.evses[2].meter_wh = 8000
    await charging.tick(900)
    await settled(hass, charging)
    clock = [
        it
        for it in charging.sent_calls("TransactionEvent")
        if it["triggerReason"] == "MeterValueClock"
    ]
    assert clock
    assert float(shown(hass, ENERGY)) == pytest.approx(1.84 + 2.76)
    # The other EVSE is idle.
    assert charging.sent_calls("MeterValues")[-1]["evseId"] == 2
    other = float(shown(hass, "sensor.garage_connector_2_energy"))
    assert other == pytest.approx(8)


@pytest.mark.parametrize(
    ("context", "signed"),
    [
        pytest.param(
            "Sample.Clock",
            False,
            marks=pytest.mark.proves("TC_J_03_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "Sample.Clock", True, marks=pytest.mark.proves("TC_J_04_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            "Sample.Periodic",
            False,
            marks=pytest.mark.proves("TC_J_10_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "Sample.Periodic",
            True,
            marks=pytest.mark.proves("TC_J_11_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_the_end_brings_all_readings(
    hass: HomeAssistant, two: Station, context: str, signed: bool
) -> None:
    transaction = Transaction(two)
    await transaction.charges()
    readings = [
        register(1000 + 1000 * number, context, moment(number - 3), signed=signed)
        for number in (1, 2)
    ]
    last = register(4500, "Transaction.End", moment(), signed=signed)
    await transaction.tell(
        "Ended",
        "EVCommunicationLost",
        state="Idle",
        reason="EVDisconnected",
        meterValue=[*readings, last],
    )
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert session["meter_stop"] == 4.5
    assert session["energy"] == pytest.approx(3.5)
    assert session["complete"]
    assert float(shown(hass, TOTAL)) == pytest.approx(4.5)


@pytest.mark.proves("TC_J_07_CSMS", ocpp="2.0.1")
async def test_the_start_brings_a_reading(hass: HomeAssistant, two: Station) -> None:
    transaction = Transaction(two)
    await two.status(1, 1, "Occupied")
    await transaction.tell(
        "Started",
        "CablePluggedIn",
        state="EVConnected",
        placed=True,
        meterValue=[register(7500, "Transaction.Begin", moment())],
    )
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert session["meter_start"] == 7.5
    assert float(shown(hass, TOTAL)) == pytest.approx(7.5)
    assert float(shown(hass, ENERGY)) == 0


@pytest.mark.proves("TC_J_08_CSMS", ocpp="2.0.1")
async def test_the_place_brings_a_reading(hass: HomeAssistant, two: Station) -> None:
    transaction = Transaction(two)
    await two.authorize(ANNA)
    await transaction.tell("Started", "Authorized", card=ANNA)
    await transaction.tell(
        "Updated",
        "CablePluggedIn",
        state="EVConnected",
        placed=True,
        meterValue=[register(7500, "Transaction.Begin", moment())],
    )
    await transaction.tell("Updated", "ChargingStateChanged", state="Charging")
    await transaction.tell(
        "Updated",
        "MeterValuePeriodic",
        meterValue=[register(8000, "Sample.Periodic", moment())],
    )
    await settled(hass, two)
    assert float(shown(hass, TOTAL)) == pytest.approx(8)
    assert float(shown(hass, ENERGY)) == pytest.approx(0.5)


@pytest.mark.proves("TC_J_09_CSMS", ocpp="2.0.1")
@pytest.mark.proves("J02", ocpp="2.0.1")
@pytest.mark.proves("J03", ocpp="2.0.1")
async def test_the_meter_is_followed_while_a_car_charges(
    hass: HomeAssistant, charging: Station
) -> None:
    energy = float(shown(hass, ENERGY))
    assert energy == pytest.approx(1.84)
    for _ in range(3):
        before = len(charging.sent_calls("TransactionEvent"))
        await charging.tick(600)
        await settled(hass, charging)
        periodic = charging.sent_calls("TransactionEvent")[before:]
        assert {it["triggerReason"] for it in periodic} == {"MeterValuePeriodic"}
        assert float(shown(hass, ENERGY)) > energy
        energy = float(shown(hass, ENERGY))
    assert energy == pytest.approx(4 * 1.84)
    assert float(shown(hass, "sensor.garage_power")) == pytest.approx(11_040, abs=5)


@pytest.mark.parametrize(
    ("sample", "total"),
    [
        ({"value": 7.5, "unitOfMeasure": {"unit": "kWh"}}, 7.5),
        ({"value": 75, "unitOfMeasure": {"unit": "Wh", "multiplier": 2}}, 7.5),
        ({"value": 7500}, 7.5),
    ],
)
@pytest.mark.proves("J02", ocpp="2.0.1")
async def test_a_reading_is_understood_however_it_is_written(
    hass: HomeAssistant, two: Station, sample: dict[str, Any], total: float
) -> None:
    transaction = Transaction(two)
    await transaction.tell(
        "Started",
        "CablePluggedIn",
        placed=True,
        meterValue=[{"timestamp": moment(), "sampledValue": [sample]}],
    )
    await settled(hass, two)
    assert float(shown(hass, TOTAL)) == pytest.approx(total)
