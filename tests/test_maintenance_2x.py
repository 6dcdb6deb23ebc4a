"""What people see of the upkeep of a charger of 2.0.1."""

import logging
from typing import Any

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks.display_message import OUR_MESSAGE
from custom_components.ocpp.csms.model import Part, Topic
from tests.csms.conftest import until
from tests.simulator_v2 import Station as Two, Variable
from tests.simulator_v2.commands.certificates import hash_data

from .conftest import ConnectTwo, charger_subentry, eventually

URL = "http://192.0.2.20/wallbox%203.0.bin"
FIRMWARE = "update.garage_firmware"
LOG = "sensor.garage_log_upload"
CERTIFICATES = "sensor.garage_certificates"
PUBLISHED = "sensor.garage_published_firmware"
MESSAGES = "sensor.garage_display_messages"
SECURITY = "event.garage_security_event"
VENDOR = "event.garage_vendor_message"
DISPLAY = "notify.garage_display"
RESTART = "button.garage_restart"
LOCATION = {"remoteLocation": "ftp://192.0.2.20/"}


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Have a charger with an address of new firmware."""
    return [charger_subentry(firmware_url=URL)]


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until everything that the station sent is shown."""
    await two.settle()
    await hass.async_block_till_done()


async def act(
    hass: HomeAssistant, garage: HubCharger, action: str, **fields: Any
) -> Any:
    """Have a command sent as a person does."""
    return await hass.services.async_call(
        "ocpp",
        action,
        {"device_id": garage.device_id, **fields},
        blocking=True,
        return_response=True,
    )


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id}, blocking=True
    )
    await hass.async_block_till_done()


def attributes(hass: HomeAssistant, entity_id: str) -> Any:
    """Return what an entity tells besides its state."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.attributes


@pytest.mark.proves("L02", ocpp="2.0.1")
async def test_firmware_is_installed_as_far_as_the_charger_says(
    hass: HomeAssistant, two: Two
) -> None:
    """Which version it has then only its next boot tells (L01, L02)."""
    assert hass.states.get(FIRMWARE).state == "on"
    assert attributes(hass, FIRMWARE)["latest_version"] == "wallbox 3.0.bin"
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    await hass.services.async_call(
        "update", "install", {"entity_id": FIRMWARE}, blocking=True
    )
    sent = await two.wait_for_call("UpdateFirmware")
    assert sent["firmware"]["location"] == URL
    number = sent["requestId"]
    for word, busy, slug in (
        ("DownloadScheduled", False, "download_scheduled"),
        ("Downloading", True, "downloading"),
        ("SignatureVerified", True, "signature_verified"),
        ("InstallRebooting", True, "install_rebooting"),
        ("Installed", False, "installed"),
    ):
        told = {"status": word, "requestId": number}
        await two.call("FirmwareStatusNotification", told)
        await hass.async_block_till_done()
        shown = attributes(hass, FIRMWARE)
        assert (shown["in_progress"], shown["status"]) == (busy, slug)
        assert shown["installed_version"] == "2.0.0"
    assert hass.states.get(FIRMWARE).state == "off"
    two.boot_fields["firmwareVersion"] = "3.0"
    await two.boot()
    await hass.async_block_till_done()
    assert attributes(hass, FIRMWARE)["installed_version"] == "3.0"


async def test_firmware_with_a_certificate_that_is_not_taken(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """People are told the charger's word (L01)."""
    two.answers["UpdateFirmware"] = {"status": "RevokedCertificate"}
    with pytest.raises(HomeAssistantError) as error:
        await act(
            hass,
            garage,
            "update_firmware",
            firmware={
                "location": URL,
                "retrieveDateTime": "2026-10-20T08:00:00Z",
                "signingCertificate": "certificate",
                "signature": "signature",
            },
        )
    assert error.value.translation_placeholders["status"] == "RevokedCertificate"
    assert attributes(hass, FIRMWARE)["status"] is None


async def test_firmware_for_the_chargers_of_a_local_controller(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """It is shown where they find it, until it is not offered any more (L03, L04)."""
    assert hass.states.get(PUBLISHED) is None
    await act(hass, garage, "publish_firmware", location=URL, checksum="0" * 32)
    await settled(hass, two)
    assert hass.states.get(PUBLISHED).state == "published"
    shown = attributes(hass, PUBLISHED)
    assert shown["locations"] == ["http://127.0.0.1/firmware.bin"]
    assert shown["checksum"] == "0" * 32
    await act(hass, garage, "unpublish_firmware", checksum="0" * 32)
    await settled(hass, two)
    assert hass.states.get(PUBLISHED).state == "idle"
    assert attributes(hass, PUBLISHED)["locations"] == []


async def test_a_log(hass: HomeAssistant, garage: HubCharger, two: Two) -> None:
    """Its sensor is the one that chargers of 1.6 have (N01)."""
    assert hass.states.get(LOG) is None
    await act(hass, garage, "get_log", log=LOCATION, log_type="diagnostics_log")
    await settled(hass, two)
    assert hass.states.get(LOG).state == "uploaded"
    assert attributes(hass, LOG)["file_name"] == "DiagnosticsLog.zip"


async def test_a_new_password_is_seen_by_nobody_else(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Two,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in logs nor in diagnostics nor in a state (A01)."""
    password = "correct-horse-battery"
    caplog.set_level(logging.DEBUG)
    await act(
        hass,
        garage,
        "set_variables",
        set_variable_data=[
            {
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
                "attributeValue": password,
            }
        ],
    )
    assert two.variables["SecurityCtrlr.BasicAuthPassword"].value == password
    await settled(hass, two)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    # The station of the test has logs of its own.
    logged = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components")
    ]
    assert logged
    for where in (found, logged, hass.states.async_all()):
        assert password not in str(where)
    assert not any(
        password in str(state.attributes) for state in hass.states.async_all()
    )


async def test_a_security_event(hass: HomeAssistant, two: Two) -> None:
    """It is told with the time at which it happened (A04)."""
    await two.call(
        "SecurityEventNotification",
        {"type": "InvalidTLSVersion", "timestamp": "2026-02-03T04:05:06Z"},
    )
    await hass.async_block_till_done()
    shown = attributes(hass, SECURITY)
    assert shown["event_type"] == "invalid_tls_version"
    assert shown["happened_at"] == "2026-02-03T04:05:06+00:00"


async def test_certificates_and_their_chains(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """Their sensor is the one that chargers of 1.6 have (M03, M04, M05)."""
    await act(
        hass,
        garage,
        "install_certificate",
        certificate_type="csms_root_certificate",
        certificate="-----BEGIN CERTIFICATE-----",
    )
    await eventually(hass, lambda: hass.states.get(CERTIFICATES))
    root = hash_data("-----BEGIN CERTIFICATE-----")
    leaf, child = hash_data("leaf"), hash_data("child")
    two.answers["GetInstalledCertificateIds"] = {
        "status": "Accepted",
        "certificateHashDataChain": [
            {"certificateType": "CSMSRootCertificate", "certificateHashData": root},
            {
                "certificateType": "V2GCertificateChain",
                "certificateHashData": leaf,
                "childCertificateHashData": [child],
            },
        ],
    }
    await act(hass, garage, "get_installed_certificate_ids")
    await settled(hass, two)
    assert hass.states.get(CERTIFICATES).state == "2"
    assert attributes(hass, CERTIFICATES)["certificates"] == [
        {"certificate_type": "CSMSRootCertificate", **root},
        {
            "certificate_type": "V2GCertificateChain",
            **leaf,
            "childCertificateHashData": [child],
        },
    ]
    await act(hass, garage, "delete_certificate", certificate_hash_data=root)
    await settled(hass, two)
    assert hass.states.get(CERTIFICATES).state == "1"


class TestDisplay:
    """The messages on a charger's display (O01 to O06)."""

    async def test_a_text_takes_the_place_of_the_one_before(
        self, hass: HomeAssistant, two: Two
    ) -> None:
        """An automation that tells something does not fill the display."""
        for text in ("Gate is open", "Gate is shut"):
            await hass.services.async_call(
                "notify",
                "send_message",
                {"entity_id": DISPLAY, "message": text},
                blocking=True,
            )
        (message,) = two.state.messages.values()
        assert message["id"] == OUR_MESSAGE
        assert message["message"]["content"] == "Gate is shut"

    async def test_a_text_that_the_charger_does_not_take(
        self, hass: HomeAssistant, two: Two
    ) -> None:
        """Whoever sent it is told."""
        two.answers["SetDisplayMessage"] = {"status": "NotSupportedPriority"}
        with pytest.raises(HomeAssistantError) as error:
            await hass.services.async_call(
                "notify",
                "send_message",
                {"entity_id": DISPLAY, "message": "Hello"},
                blocking=True,
            )
        assert error.value.translation_key == "command_rejected"

    async def test_how_many_messages_there_are(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        two: Two,
        entity_registry: er.EntityRegistry,
    ) -> None:
        """It is there for those who want it, and known while the charger is away."""
        assert entity_registry.async_get(MESSAGES).disabled
        entity_registry.async_update_entity(MESSAGES, disabled_by=None)
        text = {"format": "UTF8", "content": "Hello"}
        message = {"id": 1, "priority": "NormalCycle", "message": text}
        await act(hass, garage, "set_display_message", message=message)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert len(entry.runtime_data.chargers["CP1"].station.display_message.held) == 1
        two.url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/CP1"
        await two.disconnect()
        await two.connect()
        await eventually(hass, lambda: hass.states.get(MESSAGES).state == "1")

    async def test_a_charger_without_a_display_has_neither(
        self,
        hass: HomeAssistant,
        connect_two: ConnectTwo,
        garage: HubCharger,
        entity_registry: er.EntityRegistry,
    ) -> None:
        """Nobody is offered what does not work."""
        two = await connect_two(without=["DisplayMessageCtrlr.Available"])
        await two.power_up()
        await settled(hass, two)
        assert entity_registry.async_get(DISPLAY) is None
        assert entity_registry.async_get(MESSAGES) is None


class TestRestart:
    """Restarts, at once or put off (B11, B12)."""

    async def test_one_that_is_put_off_is_shown_until_it_happens(
        self, hass: HomeAssistant, garage: HubCharger, two: Two
    ) -> None:
        """The button did what it could, and says what is still to come."""
        assert attributes(hass, RESTART)["scheduled"] is False
        await two.plug_in()
        assert await two.present_card()
        await press(hass, RESTART)
        assert attributes(hass, RESTART)["scheduled"] is True
        two.sent.clear()
        await two.present_card()
        await until(
            garage.station,
            Part(Topic.RESET),
            lambda: not garage.station.restarts.is_scheduled(),
        )
        await settled(hass, two)
        assert attributes(hass, RESTART)["scheduled"] is False

    async def test_an_evse_that_can_be_restarted_alone_has_its_own_button(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        connect_two: ConnectTwo,
        entity_registry: er.EntityRegistry,
    ) -> None:
        """The others have none."""
        allowed = Variable(
            component="EVSE",
            name="AllowReset",
            evse=2,
            data_type="boolean",
            value="true",
            mutability="ReadOnly",
        )
        two = await connect_two(variables=[allowed])
        await two.power_up()
        await eventually(
            hass,
            lambda: entity_registry.async_get_entity_id(
                "button", "ocpp", "CP1-2-restart"
            ),
        )
        await settled(hass, two)
        assert not entity_registry.async_get_entity_id(
            "button", "ocpp", "CP1-1-restart"
        )
        await press(
            hass,
            entity_registry.async_get_entity_id("button", "ocpp", "CP1-2-restart"),
        )
        assert await two.wait_for_call("Reset") == {"type": "OnIdle", "evseId": 2}


class TestVendorMessages:
    """What chargers send in the words of their vendors: any JSON (P02)."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Know one vendor."""
        return {"known_vendors": ["Simulator"]}

    async def test_they_are_told_as_they_came(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        """Only what no database should hold is cut, as text."""
        entity_registry.async_update_entity(VENDOR, disabled_by=None)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        port = entry.runtime_data.central.port
        async with Two(f"ws://127.0.0.1:{port}/", "CP1") as two:
            await two.boot()
            data = {"snake_case": [1, {"camelCase": None}]}
            assert await two.data_transfer(data=data) == {"status": "Accepted"}
            await hass.async_block_till_done()
            assert attributes(hass, VENDOR)["data"] == data
            await two.data_transfer(data=["x" * 5000])
            await hass.async_block_till_done()
            assert attributes(hass, VENDOR)["data"] == '["' + "x" * 998


async def test_what_is_sent_to_a_vendor_is_any_json(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    """And so is what comes back (P01)."""
    data = {"foo_bar": {"SoCx": [1, None, "ü"]}}
    answer = await act(
        hass,
        garage,
        "data_transfer",
        vendor_id="Simulator",
        message_id="Echo",
        data=data,
    )
    assert answer == {"status": "Accepted", "data": data}
