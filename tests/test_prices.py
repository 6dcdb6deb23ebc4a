"""What energy costs: as people choose it, and as a sensor knows it."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp.hub import OcppHub
from custom_components.ocpp.prices import price_per_kwh
from tests.simulator import Charger

from .conftest import Connect, ready

PRICE = "sensor.electricity_price"
COST = "sensor.garage_session_cost"
UNIT = {"unit_of_measurement": "EUR/kWh"}
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "unit", "price"),
    [
        ("0.31", "EUR/kWh", 0.31),
        ("0.31", None, 0.31),
        ("0.31", "€", 0.31),
        ("-0.05", "EUR/kWh", -0.05),
        ("31.2", "ct/kWh", 0.312),
        ("31.2", "Cent/kWh", 0.312),
        ("31.2", "c€/kWh", 31.2),
        ("31.2", "¢/kWh", 0.312),
        ("250", "öre/kWh", 2.5),
        ("28", "p/kWh", 0.28),
        ("28", "pence per kWh", 0.28),
        ("22", "Rappen / kWh", 0.22),
        ("85", "EUR/MWh", 0.085),
        ("0.0003", "EUR/Wh", 0.3),
        ("31", "ct", 0.31),
        ("unavailable", "EUR/kWh", None),
        ("unknown", None, None),
        ("cheap", None, None),
        ("nan", None, None),
        ("inf", None, None),
    ],
)
def test_the_unit_of_a_price_is_understood(
    value: str, unit: str | None, price: float | None
) -> None:
    state = State(PRICE, value, {"unit_of_measurement": unit} if unit else {})
    assert price_per_kwh(state) == (None if price is None else pytest.approx(price))


def test_a_sensor_that_is_not_there_tells_no_price() -> None:
    assert price_per_kwh(None) is None


async def change(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Change the options as people do."""
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()


async def charge(hass: HomeAssistant, charger: Charger, seconds: float = 3600) -> None:
    """Let the car charge with 11.04 kW."""
    await charger.tick(seconds)
    await charger.settle()
    await hass.async_block_till_done()


def cost(hass: HomeAssistant) -> float | None:
    """Return what the session costs."""
    state = hass.states.get(COST)
    return float(state.state) if state and state.state != "unknown" else None


async def plugged_in(hass: HomeAssistant, charger: Charger) -> None:
    """Let a car begin to charge."""
    await charger.plug_in()
    assert await charger.present_card("CARD1")
    await charger.settle()
    await hass.async_block_till_done()


async def test_without_a_price_there_is_no_cost(
    hass: HomeAssistant, hub: OcppHub, charging: Charger
) -> None:
    assert not hub.central.shared.tariff.exists
    assert hass.states.get(COST) is None


async def test_a_price_of_the_middle_of_a_session(
    hass: HomeAssistant, entry: MockConfigEntry, charging: Charger
) -> None:
    await change(hass, entry, price_per_kwh=0.5)
    state = hass.states.get(COST)
    assert state.state == "unknown"
    assert state.attributes["unit_of_measurement"] == hass.config.currency
    await charge(hass, charging)
    assert cost(hass) == pytest.approx(5.52)
    # What was charged before had no price.
    assert hass.states.get(COST).attributes["complete"] is False
    await change(hass, entry)
    await charge(hass, charging)
    assert cost(hass) == pytest.approx(5.52)


class TestFixedPrice:
    """A number in the options."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Have a price per kWh and one per session."""
        return {"price_per_kwh": 0.3, "price_per_session": 1.0}

    async def test_a_session_costs_what_it_says(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        assert cost(hass) is None
        await plugged_in(hass, charger)
        assert cost(hass) == 1
        await charge(hass, charger)
        assert cost(hass) == pytest.approx(1 + 11.04 * 0.3)
        state = hass.states.get(COST)
        assert state.attributes["complete"] is True
        start = hass.states.get("sensor.garage_session_start").state
        assert state.attributes["last_reset"][:19] == start[:19]

    async def test_a_new_price_is_followed_while_the_session_goes_on(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await plugged_in(hass, charger)
        await charge(hass, charger)
        before = cost(hass)
        await change(hass, entry, price_per_kwh=0.6, price_per_session=1.0)
        # Chargers tell milliseconds: one that is fast would be read as before it.
        charger.clock = lambda: dt_util.utcnow() + SECOND
        await charge(hass, charger)
        assert cost(hass) > before + 11.04 * 0.3
        assert charger.connected
        assert hass.states.get("switch.garage_charging").state == "on"

    async def test_the_currency_is_that_of_home_assistant(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        await hass.config.async_update(currency="CHF")
        await hass.async_block_till_done()
        assert hub.central.shared.tariff.currency == "CHF"


class TestSensor:
    """A sensor that holds the price."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Have a sensor with the price, which comes before a fixed one."""
        return {"price_entity": PRICE, "price_per_kwh": 9}

    async def test_its_price_is_followed(
        self, hass: HomeAssistant, hub: OcppHub, charger: Charger
    ) -> None:
        hass.states.async_set(PRICE, "20", {"unit_of_measurement": "ct/kWh"})
        await hass.async_block_till_done()
        await plugged_in(hass, charger)
        await charge(hass, charger)
        assert cost(hass) == pytest.approx(11.04 * 0.2)
        hass.states.async_set(PRICE, "-0.1", UNIT)
        await hass.async_block_till_done()
        assert hub.central.shared.tariff.price(dt_util.utcnow()) == -0.1

    async def test_one_that_never_told_a_price(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        await plugged_in(hass, charger)
        await charge(hass, charger)
        assert cost(hass) == 0
        assert hass.states.get(COST).attributes["complete"] is False

    async def test_one_that_is_away_is_believed_for_six_hours(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        tariff = hub.central.shared.tariff
        hass.states.async_set(PRICE, "0.2", UNIT)
        await hass.async_block_till_done()
        hass.states.async_set(PRICE, "unavailable")
        await hass.async_block_till_done()
        now = dt_util.utcnow()
        assert tariff.price(now + 5.9 * HOUR) == 0.2
        assert tariff.price(now + 6.1 * HOUR) is None
        hass.states.async_remove(PRICE)
        await hass.async_block_till_done()
        assert tariff.price(now + 5.9 * HOUR) == 0.2

    async def test_another_sensor_takes_over_from_now_on(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        tariff = hub.central.shared.tariff
        hass.states.async_set("input_number.price", "0.4")
        hass.states.async_set(PRICE, "0.2", UNIT)
        await hass.async_block_till_done()
        earlier = dt_util.utcnow()
        await change(hass, entry, price_entity="input_number.price")
        assert tariff.price(earlier) == 0.2
        assert tariff.price(dt_util.utcnow()) == 0.4
        # The one before is not listened to any more.
        hass.states.async_set(PRICE, "7", UNIT)
        await hass.async_block_till_done()
        assert tariff.price(dt_util.utcnow()) == 0.4

    async def test_prices_survive_a_restart(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        hass.states.async_set(PRICE, "0.2", UNIT)
        await hass.async_block_till_done()
        told = dt_util.utcnow()
        hass.states.async_set(PRICE, "0.3", UNIT)
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)
        hass.states.async_remove(PRICE)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        tariff = entry.runtime_data.central.shared.tariff
        now = dt_util.utcnow()
        assert tariff.price(told) == 0.2
        assert tariff.price(now + 5.9 * HOUR) == 0.3
        assert tariff.price(now + 6.1 * HOUR) is None

    async def test_what_the_sensor_said_meanwhile_is_taken_up(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        hass.states.async_set(PRICE, "0.2", UNIT)
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)
        hass.states.async_set(PRICE, "0.3", UNIT)
        meanwhile = dt_util.utcnow()
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.runtime_data.central.shared.tariff.price(meanwhile) == 0.3

    async def kept(self, hub: OcppHub) -> dict[str, Any]:
        """Return what a kill at this moment leaves of the prices."""
        return await hub.store.load_facts(f"\x1f{hub.entry.entry_id}")

    async def pass_by(self, hass: HomeAssistant, time: timedelta) -> None:
        """Let time pass."""
        async_fire_time_changed(hass, dt_util.utcnow() + time)
        await hass.async_block_till_done(wait_background_tasks=True)

    async def test_a_killed_process_knows_the_newest_price(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        await self.pass_by(hass, 11 * SECOND)
        for price in (0.2, 0.4):
            hass.states.async_set(PRICE, str(price), UNIT)
            await hass.async_block_till_done()
            await self.pass_by(hass, 11 * SECOND)
            assert (await self.kept(hub))["changes"][-1][1] == price

    async def test_a_killed_process_knows_for_an_hour_how_long_a_price_held(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        hass.states.async_set(PRICE, "0.2", UNIT)
        await hass.async_block_till_done()
        await self.pass_by(hass, 11 * SECOND)
        before = (await self.kept(hub))["at"]
        await self.pass_by(hass, HOUR)
        assert (await self.kept(hub))["at"] > before

    async def test_a_price_of_every_second_is_written_seldom(
        self, hass: HomeAssistant, hub: OcppHub
    ) -> None:
        await self.pass_by(hass, 11 * SECOND)
        with patch.object(hub.store, "save_facts", wraps=hub.store.save_facts) as save:
            for price in range(5):
                hass.states.async_set(PRICE, str(price), UNIT)
                await hass.async_block_till_done()
                # The same price again is no change.
                hass.states.async_set(PRICE, str(price), UNIT | {"next": price})
                await self.pass_by(hass, 2 * SECOND)
            assert save.call_count == 0
            await self.pass_by(hass, 11 * SECOND)
            assert save.call_count == 1
            assert save.call_args.args[1]["changes"][-1][1] == 4


class TestSessionsOnly:
    """A price per session and none for energy."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Have a price per session."""
        return {"price_per_session": 2.5}

    async def test_each_session_costs_the_same(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        assert cost(hass) == 2.5
        assert hass.states.get(COST).attributes["complete"] is True


async def test_a_session_keeps_its_cost_over_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    await change(hass, entry, price_per_kwh=0.5)
    charger = await connect()
    await charger.power_up()
    await ready(hass, charger)
    await plugged_in(hass, charger)
    await charge(hass, charger)
    before = cost(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    session = entry.runtime_data.chargers["CP1"].station.transactions.session(1)
    assert session.cost == pytest.approx(before)
    assert session.running
