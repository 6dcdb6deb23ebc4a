"""Sessions of a charger of two EVSEs that does not say at which of them they run."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator_v2 import Station as Two

UNPLACED = "sensor.garage_sessions_at_an_unknown_connector"


async def tell(two: Two, kind: str, number: int, wh: float, **fields: Any) -> None:
    """Tell of a session of Anna's card."""
    now = two.timestamp()
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": now,
        "triggerReason": "Authorized" if not number else "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "tx-1"},
        "meterValue": [{"timestamp": now, "sampledValue": [{"value": wh}]}],
    }
    await two.call("TransactionEvent", payload | fields)


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until everything that the station sent is shown."""
    await two.settle()
    await hass.async_block_till_done()


@pytest.fixture
async def running(hass: HomeAssistant, two: Two) -> None:
    """Have such a session run."""
    assert hass.states.get(UNPLACED) is None
    card = {"idToken": "04AB", "type": "ISO14443"}
    await tell(two, "Started", 0, 1000, idToken=card)
    await tell(two, "Updated", 1, 2500)
    await settled(hass, two)


async def test_they_are_shown_at_the_charger(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two, running: None
) -> None:
    shown = hass.states.get(UNPLACED)
    assert shown is not None
    assert shown.state == "1"
    (session,) = shown.attributes["sessions"]
    assert (session["card"], session["energy"]) == ("…AB", 1.5)
    energy = hass.states.get("sensor.garage_session_energy")
    assert energy is not None
    assert energy.state == "unknown"
    await tell(two, "Ended", 2, 3000)
    await settled(hass, two)
    shown = hass.states.get(UNPLACED)
    assert shown is not None
    assert (shown.state, shown.attributes["sessions"]) == ("0", [])
    answer = await hass.services.async_call(
        "ocpp", "get_sessions", {}, blocking=True, return_response=True
    )
    assert answer is not None
    (row,) = answer["sessions"]  # type: ignore[misc]
    assert (row["id"], row["evse"], row["energy"]) == (session["session"], None, 2)  # type: ignore[index, call-overload]


async def test_they_move_to_the_connector_as_soon_as_it_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two, running: None
) -> None:
    await tell(two, "Updated", 2, 2600, evse={"id": 2, "connectorId": 1})
    await settled(hass, two)
    shown = hass.states.get(UNPLACED)
    assert shown is not None
    assert shown.state == "0"
    energy = hass.states.get("sensor.garage_connector_2_session_energy")
    assert energy is not None
    assert float(energy.state) == 1.6


async def test_they_are_there_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two, running: None
) -> None:
    await two.disconnect()
    port = entry.runtime_data.central.port
    assert await hass.config_entries.async_reload(entry.entry_id)
    two.url = two.url.replace(str(port), str(entry.runtime_data.central.port))
    await two.connect()
    await settled(hass, two)
    shown = hass.states.get(UNPLACED)
    assert shown is not None
    assert shown.state == "1"
