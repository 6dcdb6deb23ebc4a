"""I: what drivers read of prices and costs."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks import tariff_cost
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    Transaction,
    act,
    moment,
    register,
    requests,
    sessions,
    settled,
    shown,
)

COST = "sensor.garage_session_cost"


@pytest.fixture
def options() -> dict[str, Any]:
    """Return a price."""
    return {"price_per_kwh": 0.3}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell costs as soon as they change."""
    monkeypatch.setattr(tariff_cost, "_BEHIND", 0)
    monkeypatch.setattr(tariff_cost, "_APART", 0)


@pytest.fixture
async def transaction(hass: HomeAssistant, two: Station) -> Transaction:
    """Return a transaction that charges for Anna, from 1 kWh on."""
    transaction = Transaction(two)
    await transaction.charges()
    await settled(hass, two)
    return transaction


@pytest.mark.parametrize("offered", [True, False])
@pytest.mark.proves("I01", ocpp="2.0.1")
async def test_a_driver_reads_the_price(
    hass: HomeAssistant, garage: HubCharger, two: Station, offered: bool
) -> None:
    if not offered:
        two.variables["TariffCostCtrlr.Available.Tariff"].value = "false"
        place = {
            "component": {"name": "TariffCostCtrlr"},
            "variable": {"name": "Available", "instance": "Tariff"},
        }
        await act(hass, garage, "get_variables", get_variable_data=[place])
    info = await two.authorize(ANNA)
    assert info["status"] == "Accepted"
    assert ("0.30" in str(info.get("personalMessage"))) is offered


@pytest.mark.proves("TC_I_01_CSMS", ocpp="2.0.1")
async def test_a_driver_reads_the_cost_while_it_grows(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    for wh, cost in ((11_000, 3.0), (21_000, 6.0)):
        answer = await transaction.tell(
            "Updated",
            "MeterValuePeriodic",
            meterValue=[register(wh, "Sample.Periodic", moment())],
        )
        assert answer["totalCost"] == cost
        await settled(hass, two)
        assert float(shown(hass, COST)) == pytest.approx(cost)
        await two.wait_for_call("CostUpdated")
        assert requests(two, "CostUpdated")[-1] == {
            "totalCost": cost,
            "transactionId": transaction.id,
        }


@pytest.mark.proves("TC_I_02_CSMS", ocpp="2.0.1")
async def test_a_driver_reads_the_cost_in_the_end(
    hass: HomeAssistant, two: Station, transaction: Transaction
) -> None:
    await two.status(1, 1, "Available")
    answer = await transaction.tell(
        "Ended",
        "EVCommunicationLost",
        state="Idle",
        reason="EVDisconnected",
        meterValue=[register(21_000, "Transaction.End", moment())],
    )
    assert answer["totalCost"] == 6
    await settled(hass, two)
    (session,) = await sessions(hass)
    assert (session["cost"], session["complete"]) == (6, True)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "TariffFallbackMessage", marks=pytest.mark.proves("I04", ocpp="2.0.1")
        ),
        pytest.param(
            "TotalCostFallbackMessage", marks=pytest.mark.proves("I05", ocpp="2.0.1")
        ),
    ],
)
async def test_a_station_is_told_what_to_say_while_it_is_offline(
    hass: HomeAssistant, garage: HubCharger, two: Station, name: str
) -> None:
    place = {"component": {"name": "TariffCostCtrlr"}, "variable": {"name": name}}
    answer = await act(
        hass,
        garage,
        "set_variables",
        set_variable_data=[place | {"attributeValue": "Ask at the door"}],
    )
    assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
    assert two.variables.text(f"TariffCostCtrlr.{name}") == "Ask at the door"


@pytest.mark.proves("I06", ocpp="2.0.1")
async def test_a_driver_reads_a_price_that_changed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    two: Station,
    transaction: Transaction,
) -> None:
    hass.config_entries.async_update_entry(entry, options={"price_per_kwh": 0.45})
    await hass.async_block_till_done()
    answer = await transaction.tell(
        "Updated",
        "MeterValuePeriodic",
        meterValue=[register(2000, "Sample.Periodic", moment())],
    )
    assert "0.45" in str(answer["updatedPersonalMessage"])
    await settled(hass, two)
    assert float(shown(hass, COST)) > 0
