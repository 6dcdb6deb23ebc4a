"""Q: what the operator of the grid wants of vehicles."""

from datetime import UTC, datetime

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v201.conversation import act, failure, moment, requests, settled
from tests.simulator_v2 import Station


@pytest.mark.proves("Q08.FR.12", ocpp="2.1")
async def test_a_signal_of_the_grid_is_passed_on(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    station.answers["AFRRSignal"] = {"status": "Accepted"}
    before = moment()
    now = datetime.now(UTC).isoformat()
    answer = await act(hass, garage, "afrr_signal", signal=-5, timestamp=now)
    assert answer == {"status": "Accepted"}
    (sent,) = requests(station, "AFRRSignal")
    assert sent["signal"] == -5
    assert before[:19] <= sent["timestamp"] <= moment(1)
    # One that follows no signal says so.
    info = {"reasonCode": "NoSignalWattCurve"}
    station.answers["AFRRSignal"] = {"status": "Rejected", "statusInfo": info}
    with failure("command_rejected", command="AFRRSignal"):
        await act(hass, garage, "afrr_signal", signal=5, timestamp=now)
    await settled(hass, station)
