"""The whole story with a station of OCPP 2.0.1: two EVSEs, each with two connectors."""

import asyncio

import pytest

from tests.simulator_v2 import Car, Station as Two

from .real_home import DOMAIN, SECONDS, RealHome

pytestmark = pytest.mark.timeout(600)


async def test_a_station_is_adopted_charges_and_survives_everything(
    home: RealHome,
) -> None:
    await home.set_up()
    async with Two(
        f"ws://127.0.0.1:{home.ocpp_port}/ocpp/", "000201", evses=2, connectors=2
    ) as two:
        # It connects, waits, and is adopted with one click.
        booting = asyncio.create_task(two.power_up())
        await two.until(lambda: two.boot_status == "Pending", SECONDS)
        form = await home.discovered()
        assert form["title"] == "Simulator Wallbox 2 (000201)"
        await home.client.submit(form, name="Garage", maximum_current=16, phases="3")
        async with asyncio.timeout(SECONDS):
            await booting
        assert two.boot_status == "Accepted"
        await home.shows("sensor.garage_status", "available")
        await home.shows("sensor.garage_connector_2_status", "available")

        # It is asked to sample often enough.
        interval = two.variables["SampledDataCtrlr.TxUpdatedInterval"]
        await two.until(lambda: interval.value == "10", SECONDS)

        # Both charge, the second at its other connector.
        await two.plug_in(1, car=Car(phases=3, max_current=16))
        await two.present_card(1, "CARD1")
        await two.plug_in(2, 2, car=Car(phases=1, max_current=16))
        await home.shows("sensor.garage_connector_2_status", "preparing")
        await home.act(
            "switch", "turn_on", entity_id="switch.garage_connector_2_charging"
        )
        await home.shows("sensor.garage_connector_2_status", "charging")
        await two.tick(3600)
        await home.shows("sensor.garage_status", "charging")
        await home.shows("sensor.garage_power", "11040.0")
        await home.shows("sensor.garage_session_energy", "11.04")
        await home.shows("sensor.garage_connector_2_session_energy", "3.68")

        # An automation limits one of them, and the profile arrives.
        device = await home.device("000201\x1f1")
        answer = await home.act(
            DOMAIN, "set_charging_rate", device_id=device, limit_amps=10
        )
        assert answer["service_response"] == {
            "value": 10.0,
            "unit": "A",
            "purpose": "TxProfile",
        }
        transaction = two.evses[1].transaction
        assert transaction is not None
        sent = await two.wait_for_call("SetChargingProfile", SECONDS)
        assert sent["evseId"] == 1
        assert sent["chargingProfile"]["transactionId"] == transaction.id
        await two.tick(10)
        await home.shows("sensor.garage_current", "10.0")
        await home.shows("number.garage_current_limit", "10.0")
        assert two.flow(2).current == 16

        # Its network is gone, and comes back.
        two.go_offline()
        await home.shows("binary_sensor.garage_connected", "off")
        assert (await home.states())["sensor.garage_power"] == "unavailable"
        await two.come_back()
        await home.shows("binary_sensor.garage_connected", "on")
        await home.shows("sensor.garage_status", "charging")
        session = (await home.states())["sensor.garage_session_energy"]

        # Home Assistant is restarted in the middle of the sessions.
        await home.process.stop()
        await two.wait_closed(SECONDS)
        two.go_offline()
        await two.tick(60)  # Queued, as nobody listens.
        await home.start(home.client)
        await two.come_back()
        await home.shows("binary_sensor.garage_connected", "on")
        await home.shows("switch.garage_charging", "on")
        await home.shows("switch.garage_connector_2_charging", "on")
        states = await home.states()
        assert states["sensor.garage_id_token"] == "…D1"
        assert float(states["sensor.garage_session_energy"]) > float(session)

        # The sessions are ended, one from here and one at the station.
        await home.act("switch", "turn_off", entity_id="switch.garage_charging")
        stop = await two.wait_for_call("RequestStopTransaction", SECONDS)
        assert stop["transactionId"] == transaction.id
        await home.shows("switch.garage_charging", "off")
        await two.unplug(1)
        await home.shows("sensor.garage_stop_reason", "remote")
        await two.unplug(2)
        await home.shows("sensor.garage_connector_2_status", "available")
        assert two.violations == []

    assert home.faults() == []
    assert "CARD1" not in home.log()
