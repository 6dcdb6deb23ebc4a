"""B: stations boot, and are restarted."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import ConnectTwo, charger_subentry
from tests.simulator.link import CallError
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    CONNECTED,
    SECOND_STATUS,
    STATUS,
    STOP_REASON,
    act,
    eventually,
    failure,
    found,
    requests,
    sessions,
    settled,
    shown,
    use,
)

RESTART = "button.garage_restart"


@pytest.mark.proves("TC_B_01_CSMS", ocpp="2.0.1")
@pytest.mark.proves("B01", ocpp="2.0.1")
@pytest.mark.proves("G02", ocpp="2.0.1")
async def test_a_station_that_boots_is_accepted_and_shown(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    two = await connect_two()
    boot = await two.boot()
    assert boot["status"] == "Accepted"
    assert boot["interval"] > 0
    await two.report_status()
    told = datetime.fromisoformat((await two.heartbeat())["currentTime"])
    assert abs(told - dt_util.utcnow()) < timedelta(seconds=10)
    await settled(hass, two)
    assert shown(hass, CONNECTED) == "on"
    assert (shown(hass, STATUS), shown(hass, SECOND_STATUS)) == (
        "available",
        "available",
    )
    device = dr.async_get(hass).async_get(garage.device_id)
    assert device is not None
    assert (device.manufacturer, device.model) == ("Simulator", "Wallbox 2")
    assert (device.serial_number, device.sw_version) == ("SIM0002", "2.0.0")


class TestNotAccepted:
    """Stations that have to wait, or are not wanted."""

    @pytest.fixture
    def registration(self) -> str:
        """Return what people chose for the station."""
        return "pending"

    @pytest.fixture
    def subentries(self, registration: str) -> list[Any]:
        """Return a station that is not accepted."""
        return [charger_subentry(registration=registration)]

    @pytest.mark.proves("TC_B_02_CSMS", ocpp="2.0.1")
    @pytest.mark.proves("TC_B_31_CSMS", ocpp="2.0.1")
    @pytest.mark.proves("B02", ocpp="2.0.1")
    async def test_a_station_waits_until_people_accept_it(
        self, hass: HomeAssistant, entry: MockConfigEntry, connect_two: ConnectTwo
    ) -> None:
        two = await connect_two()
        boot = await two.boot()
        assert boot["status"] == "Pending"
        assert boot["interval"] > 0
        await settled(hass, two)
        assert shown(hass, STATUS) == "unknown"
        (subentry,) = entry.subentries.values()
        hass.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, "registration": "accepted"}
        )
        assert await two.wait_for_call("TriggerMessage") == {
            "requestedMessage": "BootNotification"
        }
        await eventually(hass, lambda: two.boot_status == "Accepted")
        (_, triggered) = two.sent_calls("BootNotification")
        assert triggered["reason"] == "Triggered"
        await two.report_status()
        await settled(hass, two)
        assert shown(hass, STATUS) == "available"

    @pytest.mark.parametrize(
        "registration",
        [
            "pending",
            pytest.param("rejected", marks=pytest.mark.proves("B03", ocpp="2.0.1")),
        ],
    )
    @pytest.mark.proves("TC_B_30_CSMS", ocpp="2.0.1")
    async def test_a_station_that_is_not_accepted_is_not_listened_to(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        connect_two: ConnectTwo,
        registration: str,
    ) -> None:
        two = await connect_two()
        assert (await two.boot())["status"] == registration.capitalize()
        with pytest.raises(CallError) as refused:
            await two.status(1, 1, "Available")
        assert refused.value.code == "SecurityError"
        await settled(hass, two)
        assert shown(hass, STATUS) == "unknown"
        if registration == "rejected":
            with failure("not_accepted"):
                await act(hass, garage, "clear_cache")
            assert [frame for frame in two.received if frame[0] == 2] == []


@pytest.mark.proves("TC_B_20_CSMS", ocpp="2.0.1")
@pytest.mark.proves("B11", ocpp="2.0.1")
async def test_a_station_that_is_restarted_comes_back(
    hass: HomeAssistant, two: Station
) -> None:
    await use(hass, RESTART, "press")
    assert requests(two, "Reset") == [{"type": "OnIdle"}]
    await eventually(hass, lambda: len(two.sent_calls("BootNotification")) == 2)
    await eventually(hass, lambda: two.boot_status == "Accepted")
    await settled(hass, two)
    assert two.sent_calls("BootNotification")[1]["reason"] == "RemoteReset"
    assert shown(hass, CONNECTED) == "on"
    assert shown(hass, STATUS) == "available"


@pytest.mark.proves("TC_B_21_CSMS", ocpp="2.0.1")
@pytest.mark.proves("B12", ocpp="2.0.1")
async def test_a_restart_waits_for_a_session_to_end(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    assert await act(hass, garage, "reset", type="on_idle") == {"status": "Scheduled"}
    await settled(hass, charging)
    assert found(hass, RESTART).attributes["scheduled"] is True
    assert shown(hass, STATUS) == "charging"
    assert await charging.present_card(1, ANNA)
    await eventually(hass, lambda: len(charging.sent_calls("BootNotification")) == 2)
    await eventually(hass, lambda: charging.boot_status == "Accepted")
    await settled(hass, charging)
    await charging.unplug(1)
    await settled(hass, charging)
    assert charging.sent_calls("BootNotification")[1]["reason"] == "ScheduledReset"
    assert found(hass, RESTART).attributes["scheduled"] is False
    assert shown(hass, STATUS) == "available"
    (session,) = await sessions(hass)
    assert (session["stop_reason"], session["complete"]) == ("local", True)


@pytest.mark.parametrize(
    ("place", "sent"),
    [
        pytest.param(
            {},
            {"type": "Immediate"},
            marks=pytest.mark.proves("TC_B_22_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            {"of": 1},
            {"type": "Immediate", "evseId": 1},
            marks=pytest.mark.proves("TC_B_27_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_restart_at_once_ends_a_session(
    hass: HomeAssistant,
    garage: HubCharger,
    charging: Station,
    place: dict[str, int],
    sent: dict[str, Any],
) -> None:
    answer = await act(hass, garage, "reset", type="immediate", **place)
    assert answer == {"status": "Accepted"}
    assert requests(charging, "Reset") == [sent]
    await eventually(hass, lambda: shown(hass, STOP_REASON) == "immediate_reset")
    boots = 1 if place else 2
    await eventually(
        hass, lambda: len(charging.sent_calls("BootNotification")) == boots
    )
    await eventually(hass, lambda: charging.boot_status == "Accepted")
    await settled(hass, charging)
    (session,) = await sessions(hass)
    assert session["stop_reason"] == "immediate_reset"
    assert session["energy"] == pytest.approx(1.84)
    assert session["complete"]
    # The car still hangs there.
    assert shown(hass, STATUS) in ("preparing", "finishing")


@pytest.mark.proves("TC_B_25_CSMS", ocpp="2.0.1")
async def test_an_evse_restarts_alone(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    answer = await act(hass, garage, "reset", type="on_idle", of=2)
    assert answer == {"status": "Accepted"}
    assert requests(two, "Reset") == [{"type": "OnIdle", "evseId": 2}]
    await settled(hass, two)
    assert shown(hass, CONNECTED) == "on"
    assert shown(hass, STATUS) == "available"
    assert len(two.sent_calls("BootNotification")) == 1


@pytest.mark.proves("TC_B_26_CSMS", ocpp="2.0.1")
async def test_the_restart_of_an_evse_waits_for_its_session(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    answer = await act(hass, garage, "reset", type="on_idle", of=1)
    assert answer == {"status": "Scheduled"}
    assert requests(charging, "Reset") == [{"type": "OnIdle", "evseId": 1}]
    await settled(hass, charging)
    assert charging.evses[1].reset_pending
    assert await charging.present_card(1, ANNA)
    await charging.unplug(1)
    await settled(hass, charging)
    assert not charging.evses[1].reset_pending
    assert shown(hass, STATUS) == "available"
    (session,) = await sessions(hass)
    assert (session["stop_reason"], session["complete"]) == ("local", True)
    assert len(charging.sent_calls("BootNotification")) == 1
