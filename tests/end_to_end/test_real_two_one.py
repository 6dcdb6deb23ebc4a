"""The whole story with a station of OCPP 2.1, which can also take energy from the car."""

import asyncio
from typing import Any

import pytest

from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands import dynamic, v2x
from tests.simulator_v2.commands.streams import notify_stream
from tests.simulator_v2.commands.v2x import Bidirectional, authorized, power
from tests.simulator_v2.counting import counting

from .real_home import DOMAIN, SECONDS, RealHome

pytestmark = pytest.mark.timeout(600)
PRICE = 0.4
# As often as an automation that follows the sun acts in two minutes.
CHANGES = 24


def commands(two: Two, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands that came in."""
    return [it[3] for it in two.received if it[2:3] == [action]]


async def test_a_station_of_2_1_follows_the_sun_and_feeds_the_house(
    home: RealHome,
) -> None:
    await home.set_up()
    async with Two(
        f"ws://127.0.0.1:{home.ocpp_port}/ocpp/",
        "000210",
        version="ocpp2.1",
        evses=1,
        variables=[*v2x.able(), *dynamic.able("PriorityCharging"), *counting()],
    ) as two:
        two.variables["TariffCostCtrlr.Enabled.Tariff"].value = "true"

        # People adopt it, say what energy costs, and that it may discharge the car.
        booting = asyncio.create_task(two.power_up())
        await two.until(lambda: two.boot_status == "Pending", SECONDS)
        form = await home.discovered()
        await home.client.submit(form, name="Garage", maximum_current=16, phases="3")
        async with asyncio.timeout(SECONDS):
            await booting
        await home.shows("sensor.garage_status", "available")
        await home.reconfigure("charger", may_discharge=True)
        await home.choose("prices", price_per_kwh=PRICE)

        # The station is given the price, and counts with it.
        tariff = (await two.wait_for_call("SetDefaultTariff", SECONDS))["tariff"]
        assert tariff["energy"]["prices"] == [{"priceKwh": PRICE}]

        # A session; a card that may charge may also give.
        await home.shows("select.garage_operation_mode", "unavailable")
        await two.plug_in(1, car=Bidirectional())
        await two.present_card(1, "CARD1")
        assert await v2x.negotiate(two, 1, authorized(two)) == "Accepted"
        await home.shows("sensor.garage_status", "charging")
        await two.tick(3600)
        await home.shows("sensor.garage_session_energy", "11.04")
        await home.shows("sensor.garage_session_cost", "4.416")

        # An automation follows the sun: one profile, which then only changes.
        device = await home.device("000210")

        async def limit(amperes: float) -> None:
            await home.act(
                DOMAIN, "set_charging_rate", device_id=device, limit_amps=amperes
            )

        await limit(16)
        before = len(commands(two, "SetChargingProfile"))
        for number in range(CHANGES):
            amperes = 6 + number % 10
            await limit(amperes)
            assert two.flow(1).current == amperes
        assert len(commands(two, "SetChargingProfile")) == before
        assert len(commands(two, "UpdateDynamicSchedule")) >= CHANGES

        # The power, as often as people want to know it.
        wish = {
            "component": {"name": "EVSE", "evse": {"id": 1}},
            "variable": {"name": "Power"},
            "type": "Periodic",
            "value": 1,
            "severity": 8,
            "periodicEventStream": {"interval": 1},
        }
        await home.act(
            DOMAIN,
            "set_variable_monitoring",
            device_id=device,
            set_monitoring_data=[wish],
        )
        await two.until(lambda: two.state.streams, SECONDS)
        (stream,) = two.state.streams.values()
        await notify_stream(two, stream.id, [(0, "4100"), (0.5, "4242")])
        await home.shows("sensor.garage_power", "4242.0")

        # In the evening the car feeds the house, and then charges again.
        await home.act(
            "number",
            "set_value",
            entity_id="number.garage_power_setpoint",
            value=-2500,
        )
        await home.shows("select.garage_operation_mode", "central_setpoint")
        assert power(two) == 2500
        await v2x.give(two, 1, 0)
        await v2x.give(two, 1, 3600)
        await home.shows("sensor.garage_power_export", "2500.0")
        await home.shows("sensor.garage_session_energy_export", "2.5")
        await home.act(
            "select",
            "select_option",
            entity_id="select.garage_operation_mode",
            option="charging_only",
        )
        assert power(two) == 0

        # Somebody is in a hurry.
        schedule = {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}],
        }
        profile = {
            "id": 200,
            "stackLevel": 0,
            "chargingProfilePurpose": "PriorityCharging",
            "chargingProfileKind": "Relative",
            "chargingSchedule": [schedule],
        }
        await home.act(
            DOMAIN,
            "set_charging_profile",
            device_id=device,
            evse_id=1,
            charging_profile=profile,
        )
        priority = "switch.garage_priority_charging"
        await home.act("switch", "turn_on", entity_id=priority)
        await home.shows(priority, "on")
        assert two.flow(1).current == 16
        await home.act("switch", "turn_off", entity_id=priority)
        await home.shows(priority, "off")

        # Home Assistant is restarted; the session and the profile are still known.
        await home.process.stop()
        await two.wait_closed(SECONDS)
        two.go_offline()
        await home.start(home.client)
        await two.come_back()
        await home.shows("binary_sensor.garage_connected", "on")
        await home.shows("switch.garage_charging", "on")
        await two.unplug(1)
        await home.shows("sensor.garage_status", "available")
        assert two.violations == []

    assert home.faults() == []
    assert "CARD1" not in home.log()
