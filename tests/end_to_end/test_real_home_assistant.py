"""The whole story in a real Home Assistant process, over its public interfaces."""

import pytest

from tests.simulator import Charger

from .real_home import DOMAIN, SECONDS, RealHome

pytestmark = pytest.mark.timeout(600)


async def test_a_charger_is_adopted_charges_and_survives_everything(
    home: RealHome,
) -> None:
    client = home.client
    await home.set_up()

    async with Charger(
        f"ws://127.0.0.1:{home.ocpp_port}/ocpp/",
        "000123",
        vendor="go-e",
        model="Charger",
        serial="000123",
    ) as charger:
        # It connects, waits, and is adopted with one click.
        assert (await charger.boot())["status"] == "Pending"

        form = await home.discovered()
        assert form["title"] == "go-e Charger (000123)"
        assert form["description_placeholders"]["serial"] == "000123"
        await client.submit(form, name="Garage", maximum_current=16, phases="3")
        await charger.until(lambda: charger.boot_status == "Accepted", SECONDS)
        await charger.report_status()
        await home.shows("sensor.garage_status", "available")

        # It charges.
        await charger.plug_in()
        await charger.present_card("CARD1")
        await charger.tick(3600)
        await home.shows("sensor.garage_status", "charging")
        await home.shows("sensor.garage_power", "11040.0")
        await home.shows("sensor.garage_session_energy", "11.04")

        # An automation limits it, and the profile arrives.
        device = await home.device("000123")
        answer = await home.act(
            DOMAIN, "set_charging_rate", device_id=device, limit_amps=10
        )
        assert answer["service_response"] == {
            "value": 10.0,
            "unit": "A",
            "purpose": "TxProfile",
        }
        sent = await charger.wait_for_call("SetChargingProfile", SECONDS)
        assert sent["csChargingProfiles"]["chargingSchedule"][
            "chargingSchedulePeriod"
        ] == [{"startPeriod": 0, "limit": 10.0}]
        await charger.tick(10)
        await home.shows("sensor.garage_current", "10.0")
        await home.shows("number.garage_current_limit", "10.0")

        # Its network is gone, and comes back.
        charger.drop()
        await home.shows("binary_sensor.garage_connected", "off")
        assert (await home.states())["sensor.garage_power"] == "unavailable"
        await charger.connect()
        await home.shows("binary_sensor.garage_connected", "on")
        await home.shows("sensor.garage_status", "charging")
        session = (await home.states())["sensor.garage_session_energy"]
        transaction = charger.connectors[1].transaction

        # Home Assistant is restarted in the middle of the session.
        await home.process.stop()
        await charger.wait_closed(SECONDS)
        await charger.tick(60)  # Queued, as nobody listens.
        await home.start(client)
        await home.shows("binary_sensor.garage_connected", "off")
        await charger.connect()
        await home.shows("binary_sensor.garage_connected", "on")
        states = await home.states()
        assert states["switch.garage_charging"] == "on"
        assert states["sensor.garage_id_token"] == "…D1"
        assert float(states["sensor.garage_session_energy"]) >= float(session)
        await charger.flush()
        await home.shows("sensor.garage_session_energy", "11.174", "11.173")

        # The session is ended from here.
        await home.act("switch", "turn_off", entity_id="switch.garage_charging")
        stop = await charger.wait_for_call("RemoteStopTransaction", SECONDS)
        assert stop["transactionId"] == transaction.id
        await home.shows("switch.garage_charging", "off")
        await home.shows("sensor.garage_stop_reason", "remote")
        assert charger.violations == []

    assert home.faults() == []
    assert "CARD1" not in home.log()
