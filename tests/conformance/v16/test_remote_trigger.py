"""Remote trigger: a charger is asked for what it would say another time."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger

from .conversation import STATUS, act, answers, failure, found, requests, settled, shown

ENERGY = "sensor.garage_energy"


@pytest.mark.proves("TC_054_CSMS")
async def test_what_a_charger_is_asked_for_is_shown(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    async def ask(message: str, **fields: Any) -> dict[str, Any]:
        """Ask, and wait until it is shown; return what the charger was asked."""
        answer = await act(
            hass, garage, "trigger_message", requested_message=message, **fields
        )
        assert answer == {"status": "Accepted"}
        await settled(hass, charger)
        return requests(charger, "TriggerMessage")[-1]

    charger.connectors[1].meter_wh = 4321
    asked = await ask("meter_values", connector_id=1)
    assert asked == {"requestedMessage": "MeterValues", "connectorId": 1}
    assert shown(hass, ENERGY) == "4.321"

    assert (await ask("heartbeat"))["requestedMessage"] == "Heartbeat"
    (answer,) = answers(charger, "Heartbeat")
    told = datetime.fromisoformat(answer["currentTime"])
    assert abs(told - dt_util.utcnow()) < timedelta(seconds=10)

    charger.connectors[1].status = "Preparing"
    asked = await ask("status_notification", connector_id=1)
    assert asked == {"requestedMessage": "StatusNotification", "connectorId": 1}
    assert shown(hass, STATUS) == "preparing"

    asked = await ask("diagnostics_status_notification")
    assert asked["requestedMessage"] == "DiagnosticsStatusNotification"
    assert shown(hass, "sensor.garage_log_upload") == "idle"

    asked = await ask("firmware_status_notification")
    assert asked["requestedMessage"] == "FirmwareStatusNotification"
    assert found(hass, "update.garage_firmware").attributes["status"] == "idle"


@pytest.mark.proves("TC_055_CSMS")
async def test_a_charger_that_does_not_want_to_say_it_is_an_error(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    before = shown(hass, ENERGY)
    charger.connectors[1].meter_wh = 4321
    charger.answers["TriggerMessage"] = {"status": "Rejected"}
    with failure("command_rejected", command="TriggerMessage", status="Rejected"):
        await act(hass, garage, "trigger_message", requested_message="meter_values")
    asked = requests(charger, "TriggerMessage")[-1]
    assert asked["requestedMessage"] == "MeterValues"
    await settled(hass, charger)
    assert shown(hass, ENERGY) == before
