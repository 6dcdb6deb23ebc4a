"""Core: what people can do at the charger, done from Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import eventually
from tests.simulator import Charger, ConfigKey

from .conversation import (
    ANNA,
    CARD,
    CONNECTED,
    STATUS,
    STOP_REASON,
    act,
    answers,
    failure,
    requests,
    sessions,
    settled,
    shown,
    use,
)

CHARGING = "switch.garage_charging"
UNLOCK = "button.garage_unlock"


class TestStarting:
    """People start a session from Home Assistant."""

    @pytest.fixture(autouse=True)
    def asks(self, charger: Charger) -> None:
        """Have the charger ask whether the card may charge."""
        charger.configuration["AuthorizeRemoteTxRequests"] = ConfigKey("true")

    @pytest.mark.proves("TC_010_CSMS")
    async def test_a_car_that_is_plugged_in_charges(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await charger.plug_in()
        await act(hass, garage, "start_transaction", id_token=ANNA)
        await settled(hass, charger)
        await self._charges(hass, charger)

    @pytest.mark.proves("TC_011_1_CSMS")
    async def test_a_car_that_is_plugged_in_later_charges(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await act(hass, garage, "start_transaction", id_token=ANNA)
        await settled(hass, charger)
        assert shown(hass, STATUS) == "preparing"
        assert await sessions(hass) == []
        await charger.plug_in()
        await settled(hass, charger)
        await self._charges(hass, charger)

    @pytest.mark.proves("TC_011_2_CSMS")
    async def test_a_car_that_does_not_come_leaves_nothing_behind(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await act(hass, garage, "start_transaction", id_token=ANNA)
        await settled(hass, charger)
        (answer,) = answers(charger, "Authorize")
        assert answer["idTagInfo"]["status"] == "Accepted"
        assert shown(hass, STATUS) == "preparing"
        charger.connectors[1].tag = None
        await charger.status(1, "Available")
        await settled(hass, charger)
        assert shown(hass, STATUS) == "available"
        assert shown(hass, CHARGING) == "off"
        assert await sessions(hass) == []

    async def _charges(self, hass: HomeAssistant, charger: Charger) -> None:
        for action in ("Authorize", "StartTransaction"):
            (answer,) = answers(charger, action)
            assert answer["idTagInfo"]["status"] == "Accepted"
        assert shown(hass, STATUS) == "charging"
        assert shown(hass, CHARGING) == "on"
        assert shown(hass, CARD) == "Anna"
        (session,) = await sessions(hass)
        assert session["card"] == "Anna"
        assert session["end"] is None

    @pytest.mark.proves("TC_026_CSMS")
    async def test_a_start_that_the_charger_refuses_is_an_error(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["RemoteStartTransaction"] = {"status": "Rejected"}
        with failure(
            "charging_rejected", command="RemoteStartTransaction", status="Rejected"
        ):
            await act(hass, garage, "start_transaction", id_token=ANNA)
        with failure("charging_rejected", status="Rejected"):
            await use(hass, CHARGING, "turn_on")
        assert shown(hass, CHARGING) == "off"
        assert await sessions(hass) == []


class TestStopping:
    """People end a session from Home Assistant."""

    @pytest.mark.proves("TC_012_CSMS")
    async def test_a_session_ends(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        await act(hass, garage, "stop_transaction")
        await settled(hass, charging)
        assert charging.sent_calls("StopTransaction")[0]["reason"] == "Remote"
        assert shown(hass, STATUS) == "finishing"
        assert shown(hass, STOP_REASON) == "remote"
        assert shown(hass, CHARGING) == "off"
        await charging.unplug()
        await settled(hass, charging)
        assert shown(hass, STATUS) == "available"
        (session,) = await sessions(hass)
        assert session["stop_reason"] == "remote"

    @pytest.mark.proves("TC_028_CSMS")
    async def test_a_stop_that_the_charger_refuses_is_an_error(
        self, hass: HomeAssistant, garage: HubCharger, charging: Charger
    ) -> None:
        """Also of a session that nobody here knows of: the charger knows best."""
        with failure(
            "charging_rejected", command="RemoteStopTransaction", status="Rejected"
        ):
            await act(hass, garage, "remote_stop_transaction", transaction_id=4)
        assert requests(charging, "RemoteStopTransaction") == [{"transactionId": 4}]
        await settled(hass, charging)
        assert shown(hass, CHARGING) == "on"
        (session,) = await sessions(hass)
        assert session["end"] is None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param("immediate", "Hard", marks=pytest.mark.proves("TC_013_CSMS")),
        pytest.param("on_idle", "Soft", marks=pytest.mark.proves("TC_014_CSMS")),
    ],
)
async def test_a_charger_that_is_restarted_comes_back(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, said: str, kind: str
) -> None:
    charger.reboots = False
    answer = await act(hass, garage, "reset", type=said)
    assert answer == {"status": "Accepted"}
    assert requests(charger, "Reset") == [{"type": kind}]
    await eventually(hass, lambda: shown(hass, CONNECTED) == "off")
    await charger.settle()
    await charger.connect()
    assert (await charger.boot())["status"] == "Accepted"
    for connector in charger.connectors:
        await charger.status(connector, "Available")
    await settled(hass, charger)
    assert shown(hass, CONNECTED) == "on"
    assert shown(hass, STATUS) == "available"


class TestUnlocking:
    """People release the cable from Home Assistant."""

    @pytest.mark.proves("TC_017_1_CSMS")
    async def test_a_cable_is_released(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        assert shown(hass, UNLOCK) == "unknown"
        await use(hass, UNLOCK, "press")
        assert requests(charger, "UnlockConnector") == [{"connectorId": 1}]
        await settled(hass, charger)
        assert shown(hass, UNLOCK) != "unknown"
        assert shown(hass, STATUS) == "available"
        answer = await act(hass, garage, "unlock_connector")
        assert answer == {"status": "Unlocked"}

    @pytest.mark.proves("TC_018_1_CSMS")
    async def test_a_session_ends_when_its_cable_is_released(
        self, hass: HomeAssistant, charging: Charger
    ) -> None:
        await use(hass, UNLOCK, "press")
        await settled(hass, charging)
        assert shown(hass, STATUS) == "finishing"
        assert shown(hass, STOP_REASON) == "unlock_command"
        await charging.unplug()
        await settled(hass, charging)
        assert shown(hass, STATUS) == "available"
        (session,) = await sessions(hass)
        assert session["stop_reason"] == "unlock_command"

    @pytest.mark.parametrize(
        ("status", "key"),
        [
            pytest.param(
                "NotSupported",
                "not_supported",
                marks=pytest.mark.proves("TC_017_2_CSMS"),
            ),
            pytest.param(
                "UnlockFailed",
                "charging_rejected",
                marks=pytest.mark.proves("TC_030_CSMS"),
            ),
        ],
    )
    async def test_a_cable_that_is_not_released_is_an_error(
        self, hass: HomeAssistant, charger: Charger, status: str, key: str
    ) -> None:
        charger.answers["UnlockConnector"] = {"status": status}
        words = {"status": status} if key == "charging_rejected" else {}
        with failure(key, command="UnlockConnector", **words):
            await use(hass, UNLOCK, "press")
        await settled(hass, charger)
        assert shown(hass, STATUS) == "available"

    @pytest.mark.proves("TC_031_CSMS")
    async def test_a_connector_that_is_not_there_is_an_error(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        device_registry: dr.DeviceRegistry,
    ) -> None:
        devices = len(device_registry.devices)
        with failure("not_supported", command="UnlockConnector"):
            await act(hass, garage, "unlock_connector", connector_id=7)
        assert requests(charger, "UnlockConnector") == [{"connectorId": 7}]
        await settled(hass, charger)
        # Nor is it there because somebody asked for it.
        assert len(device_registry.devices) == devices
