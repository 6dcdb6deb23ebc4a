"""Prices on the charger, limits of sessions and payments, as people see them (OCPP 2.1)."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.blocks.tariff_cost import on_station
from custom_components.ocpp.hub import OcppHub
from tests.csms.conftest import prepared
from tests.simulator import Charger
from tests.simulator_v2 import Car, Station as Two
from tests.simulator_v2.counting import counting

from .conftest import ConnectTwo, eventually

ENERGY = "number.garage_connector_1_session_energy_limit"
TIME = "number.garage_connector_1_session_time_limit"
COST = "number.garage_connector_1_session_cost_limit"
BATTERY = "number.garage_connector_1_session_battery_limit"
TARIFF = "sensor.garage_tariff_on_the_charger"
SESSION_COST = "sensor.garage_session_cost"
LAST = "sensor.garage_last_session"
STOP_REASON = "sensor.garage_stop_reason"


@pytest.fixture
def options() -> dict[str, Any]:
    """Have energy cost what a sensor says."""
    return {"price_entity": "sensor.price", "price_per_session": 0.5}


@pytest.fixture
def hass(hass: HomeAssistant) -> HomeAssistant:
    """Have a price from the beginning."""
    hass.states.async_set("sensor.price", "0.30")
    return hass


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell prices as soon as they changed."""
    monkeypatch.setattr(on_station, "_SOON", 0)
    monkeypatch.setattr(on_station, "_APART", 0)


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a station of 2.1 that counts costs and keeps limits."""
    er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        "CP1-tariff_on_charger",
        suggested_object_id="garage_tariff_on_the_charger",
    )
    two = await connect_two(version="ocpp2.1", variables=counting())
    await two.power_up()
    await prepared(garage.station)
    await two.settle()
    await hass.async_block_till_done()
    await eventually(hass, lambda: hass.states.get(ENERGY) is not None)
    return two


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    return "absent" if found is None else found.state


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return the attributes of an entity."""
    found = hass.states.get(entity_id)
    assert found is not None
    return dict(found.attributes)


def price(two: Two) -> float:
    """Return the price of a kWh that the first EVSE counts with."""
    tariff = two.counting.defaults.get(1, {"energy": {"prices": [{"priceKwh": None}]}})
    return tariff["energy"]["prices"][0]["priceKwh"]  # type: ignore[no-any-return]


async def set_limit(hass: HomeAssistant, entity_id: str, value: float) -> None:
    """Set a number."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": entity_id, "value": value}, blocking=True
    )


def evse_device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the device of the first connector."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        (DOMAIN, "CP1\x1f1"), entry.entry_id
    )
    assert device is not None
    return device.id


# --- prices -------------------------------------------------------------------------------


async def test_the_charger_counts_with_the_price_of_now(
    hass: HomeAssistant, two: Two
) -> None:
    assert price(two) == 0.3
    assert attributes(hass, TARIFF) | {"friendly_name": ""} == {
        "price_per_kwh": 0.3,
        "price_per_session": 0.5,
        "currency": hass.config.currency,
        "friendly_name": "",
    }
    before = state(hass, TARIFF)
    hass.states.async_set("sensor.price", "0.40")
    await eventually(hass, lambda: price(two) == 0.4)
    await eventually(hass, lambda: state(hass, TARIFF) not in (before, "unknown"))
    assert attributes(hass, TARIFF)["price_per_kwh"] == 0.4


async def test_without_prices_it_counts_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    hass.config_entries.async_update_entry(entry, options={})
    await eventually(hass, lambda: not two.counting.defaults)
    await eventually(hass, lambda: state(hass, TARIFF) == "unknown")


async def test_the_cost_at_the_charger_is_shown_beside_ours(
    hass: HomeAssistant, two: Two
) -> None:
    await two.present_card(1)
    await two.plug_in(1, car=Car())
    two.evses[1].meter_wh += 2000
    await two.sample(1)
    await two.unplug(1)
    await eventually(hass, lambda: state(hass, LAST) not in ("unknown", "absent"))
    last = attributes(hass, LAST)
    assert (last["cost"], last["cost_at_charger"]) == (1.1, 1.1)
    assert attributes(hass, SESSION_COST)["cost_at_charger"] == 1.1


async def test_how_a_payment_ended_is_shown_with_its_session(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await two.plug_in(1, car=Car())
    await two.present_card(1, "psp-4711", "DirectPayment")
    await two.unplug(1)
    session = garage.station.transactions.session(1)
    assert session is not None
    await two.call(
        "NotifySettlement",
        {
            "pspRef": "psp-4711",
            "transactionId": session.id,
            "status": "Settled",
            "settlementAmount": 0.5,
            "settlementTime": "2026-11-21T10:00:00Z",
        },
    )
    await eventually(hass, lambda: "payment" in attributes(hass, LAST))
    last = attributes(hass, LAST)
    assert (last["payment"], last["payment_amount"]) == ("settled", 0.5)
    assert last["payment_time"] == "2026-11-21T10:00:00+00:00"
    assert "psp-4711" not in str(last)


async def test_an_evse_waits_for_a_payment_on_the_web(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    waits = "sensor.garage_connector_1_waits_for_web_payment_until"
    assert state(hass, waits) == "absent"
    await hass.services.async_call(
        DOMAIN,
        "notify_web_payment_started",
        {"device_id": evse_device(hass, entry), "timeout": 300},
        blocking=True,
    )
    await eventually(hass, lambda: state(hass, waits) not in ("absent", "unknown"))
    await two.present_card(1, "psp-4711", "DirectPayment")
    await eventually(hass, lambda: state(hass, waits) == "unknown")


async def test_people_list_the_vat_numbers_that_hold(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, two: Two
) -> None:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": "prices"}
    )
    await hass.config_entries.options.async_configure(
        form["flow_id"], {"vat_numbers": ["DE 123456789"]}
    )
    await hass.async_block_till_done()
    answer = await two.call("VatNumberValidation", {"vatNumber": "DE123456789"})
    assert answer["status"] == "Accepted"
    assert entry.options == {"vat_numbers": ["DE 123456789"]}


@pytest.mark.proves("I07.FR.17", ocpp="2.1")
@pytest.mark.proves("I07.FR.18", ocpp="2.1")
async def test_a_tariff_of_peoples_own_has_local_times_but_begins_at_a_moment(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    two.answers["SetDefaultTariff"] = {"status": "Accepted"}
    await hass.config.async_set_time_zone("Europe/Berlin")
    conditions = {"startTimeOfDay": "08:00", "endTimeOfDay": "18:00"}
    dates = {"validFromDate": date(2026, 7, 1), "validToDate": date(2026, 8, 1)}
    energy = {"prices": [{"priceKwh": 0.4, "conditions": conditions | dates}]}
    tariff = {
        "tariffId": "summer",
        "currency": "EUR",
        "energy": energy,
        "validFrom": datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")),
    }
    await hass.services.async_call(
        DOMAIN,
        "set_default_tariff",
        {"device_id": evse_device(hass, entry), "tariff": tariff},
        blocking=True,
    )
    sent = [it[3] for it in two.received if it[2:3] == ["SetDefaultTariff"]][-1]
    assert sent["evseId"] == 1
    assert sent["tariff"]["validFrom"] == "2026-06-30T22:00:00Z"
    (written,) = sent["tariff"]["energy"]["prices"]
    assert written["conditions"] == conditions | {
        "validFromDate": "2026-07-01",
        "validToDate": "2026-08-01",
    }


# --- limits -------------------------------------------------------------------------------


async def test_a_session_is_limited_by_numbers(hass: HomeAssistant, two: Two) -> None:
    assert [state(hass, it) for it in (ENERGY, TIME, COST, BATTERY)] == ["0.0"] * 4
    assert attributes(hass, COST)["unit_of_measurement"] == hass.config.currency
    await two.present_card(1)
    await two.plug_in(1, car=Car(phases=1))
    transaction = two.evses[1].transaction
    assert transaction is not None
    await set_limit(hass, ENERGY, 2)
    await set_limit(hass, TIME, 90)
    await set_limit(hass, COST, 5)
    await set_limit(hass, BATTERY, 80)
    wanted = {"maxEnergy": 2000, "maxTime": 5400, "maxCost": 5, "maxSoC": 80}
    await eventually(hass, lambda: two.counting.of(transaction).limits == wanted)
    assert [float(state(hass, it)) for it in (ENERGY, TIME, COST, BATTERY)] == [
        *(2, 90, 5, 80)
    ]
    two.evses[1].meter_wh += 2000
    await two.refresh(1)
    await eventually(hass, lambda: attributes(hass, ENERGY)["reached"] is True)
    await two.unplug(1)
    await eventually(hass, lambda: state(hass, ENERGY) == "0.0")
    assert attributes(hass, ENERGY)["reached"] is False


async def test_a_start_brings_its_limits(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    fields = {"max_energy": 7.5, "max_time": 60, "max_cost": 3.5, "max_soc": 80}
    await hass.services.async_call(
        DOMAIN,
        "start_transaction",
        {"device_id": evse_device(hass, entry)} | fields,
        blocking=True,
    )
    await eventually(hass, lambda: state(hass, ENERGY) == "7.5")
    await eventually(hass, lambda: state(hass, BATTERY) == "80.0")
    transaction = two.evses[1].transaction
    assert transaction is not None
    assert two.counting.of(transaction).limits == {
        "maxEnergy": 7500,
        "maxTime": 3600,
        "maxCost": 3.5,
        "maxSoC": 80,
    }


async def test_the_reason_of_the_end_has_a_word(hass: HomeAssistant, two: Two) -> None:
    two.variables["TxCtrlr.TxStopPoint"].value = "EnergyTransfer"
    await two.present_card(1)
    await two.plug_in(1, car=Car(phases=1))
    two.evses[1].meter_wh += 2000
    await set_limit(hass, COST, 1)
    await eventually(hass, lambda: state(hass, STOP_REASON) == "cost_limit_reached")


async def test_what_nobody_can_keep_is_refused_in_words(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, "CP1"), entry.entry_id
    )
    assert device is not None
    start = {"device_id": device.id}
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(
            DOMAIN, "start_transaction", start | {"max_soc": 80}, blocking=True
        )
    assert refused.value.translation_key == "no_soc_limit"
    hass.config_entries.async_update_entry(entry, options={})
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(
            DOMAIN, "start_transaction", start | {"max_cost": 5}, blocking=True
        )
    assert refused.value.translation_key == "no_cost_limit"
    assert not charger.sent_calls("StartTransaction")


async def test_a_charger_of_1_6_is_stopped_at_its_limit(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    charger: Charger,
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, "CP1"), entry.entry_id
    )
    assert device is not None
    assert state(hass, "number.garage_session_energy_limit") == "absent"
    await charger.plug_in(1)
    await hass.services.async_call(
        DOMAIN,
        "start_transaction",
        {"device_id": device.id, "max_energy": 1.5},
        blocking=True,
    )
    running = garage.station.transactions.running
    await eventually(hass, lambda: running(1) is not None)
    charger.connectors[1].meter_wh += 1500
    await charger.meter_values(1)
    await eventually(hass, lambda: running(1) is None)
