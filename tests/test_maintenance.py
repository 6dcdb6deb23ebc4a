"""What people see of logs, certificates, security events and messages of vendors."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.event import OTHER_SECURITY_EVENT, SECURITY_EVENTS
from tests.simulator import Charger

from .conftest import Connect, eventually, ready

LOG = "sensor.garage_log_upload"
CERTIFICATES = "sensor.garage_certificates"
SECURITY = "event.garage_security_event"
VENDOR = "event.garage_vendor_message"


async def settled(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until everything that the charger sent is shown."""
    await charger.settle()
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


class TestLogs:
    """How far the upload of a log is."""

    async def test_a_charger_that_never_had_to_has_no_sensor(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        assert hass.states.get(LOG) is None

    async def test_diagnostics(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        answer = await act(
            hass, garage, "get_diagnostics", location="ftp://192.0.2.20/"
        )
        assert answer == {"fileName": "diagnostics.zip"}
        await settled(hass, charger)
        found = hass.states.get(LOG)
        assert found.state == "uploaded"
        assert found.attributes["file_name"] == "diagnostics.zip"

    async def test_a_log_that_can_not_be_uploaded(
        self, hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger
    ) -> None:
        url = f"ws://127.0.0.1:{_port(entry)}/"
        async with Charger(url, "CP1") as charger:
            await charger.power_up()
            await ready(hass, charger)
            charger.answers["GetLog"] = {"status": "Accepted", "filename": "log.zip"}
            answer = await act(
                hass,
                garage,
                "get_log",
                log={"remoteLocation": "ftp://192.0.2.20/"},
                log_type="security_log",
            )
            await charger.call(
                "LogStatusNotification",
                {"status": "PermissionDenied", "requestId": answer["requestId"]},
            )
            await hass.async_block_till_done()
            assert hass.states.get(LOG).state == "permission_denied"
            # One of earlier is not meant.
            await charger.call(
                "LogStatusNotification", {"status": "Uploading", "requestId": 1}
            )
            await hass.async_block_till_done()
            assert hass.states.get(LOG).state == "permission_denied"
        # It is known over a restart of Home Assistant.
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        url = f"ws://127.0.0.1:{_port(entry)}/"
        async with Charger(url, "CP1") as charger:
            await charger.boot()
            await eventually(
                hass, lambda: hass.states.get(LOG).state == "permission_denied"
            )
            assert hass.states.get(LOG).attributes["file_name"] == "log.zip"

    async def test_a_log_asked_for_again_by_a_trigger(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.maintenance.log = {"status": "Uploading", "requestId": 3}
        await act(
            hass,
            garage,
            "extended_trigger_message",
            requested_message="log_status_notification",
        )
        await settled(hass, charger)
        assert hass.states.get(LOG).state == "uploading"


def _port(entry: MockConfigEntry) -> int:
    return int(entry.runtime_data.central.port)


async def test_certificates(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    assert hass.states.get(CERTIFICATES) is None
    await act(
        hass,
        garage,
        "install_certificate",
        certificate_type="csms_root_certificate",
        certificate="-----BEGIN CERTIFICATE-----",
    )
    await eventually(hass, lambda: hass.states.get(CERTIFICATES))
    found = hass.states.get(CERTIFICATES)
    ((_, hashes),) = charger.maintenance.certificates
    assert found.state == "1"
    assert found.attributes["certificates"] == [
        {"certificate_type": "CentralSystemRootCertificate", **hashes}
    ]
    await act(hass, garage, "delete_certificate", certificate_hash_data=hashes)
    await hass.async_block_till_done()
    assert hass.states.get(CERTIFICATES).state == "0"


class TestSecurityEvents:
    """What a charger reports of its own safety."""

    @pytest.mark.parametrize(
        ("told", "slug"),
        [
            ("FirmwareUpdated", "firmware_updated"),
            ("InvalidTLSVersion", "invalid_tls_version"),
            ("CentralSystemFailedToAuthenticate", "csms_failed_to_authenticate"),
            ("tamperdetectionactivated", "tamper_detection_activated"),
            ("VendorThing", "other"),
        ],
    )
    async def test_they_are_told(
        self, hass: HomeAssistant, charger: Charger, told: str, slug: str
    ) -> None:
        assert hass.states.get(SECURITY).state == "unknown"
        await charger.call(
            "SecurityEventNotification",
            {"type": told, "timestamp": "2026-02-03T04:05:06Z", "techInfo": "door"},
        )
        await hass.async_block_till_done()
        found = hass.states.get(SECURITY)
        assert found.attributes["event_type"] == slug
        assert found.attributes["type"] == told
        assert found.attributes["tech_info"] == "door"
        assert found.attributes["happened_at"] == "2026-02-03T04:05:06+00:00"

    async def test_one_without_a_text(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        await charger.call(
            "SecurityEventNotification",
            {"type": "ResetOrReboot", "timestamp": "2026-02-03T04:05:06Z"},
        )
        await hass.async_block_till_done()
        assert hass.states.get(SECURITY).attributes["tech_info"] is None

    def test_all_have_a_type(self) -> None:
        assert len(set(SECURITY_EVENTS.values())) == 20
        assert OTHER_SECURITY_EVENT not in SECURITY_EVENTS.values()


class TestVendorMessages:
    """What chargers send in the words of their vendors."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Know one vendor."""
        return {"known_vendors": [" com.Vendor "]}

    async def test_they_are_there_for_those_who_want_them(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        assert entity_registry.async_get(VENDOR).disabled
        entity_registry.async_update_entity(VENDOR, disabled_by=None)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        async with Charger(f"ws://127.0.0.1:{_port(entry)}/", "CP1") as charger:
            await charger.boot()
            data = '{"snake_case": 1}'
            answer = await charger.call(
                "DataTransfer",
                {"vendorId": "com.vendor", "messageId": "State", "data": data},
            )
            assert answer == {"status": "Accepted"}
            await hass.async_block_till_done()
            found = hass.states.get(VENDOR)
            assert found.attributes["event_type"] == "accepted"
            assert found.attributes["vendor_id"] == "com.vendor"
            assert found.attributes["message_id"] == "State"
            assert found.attributes["data"] == data

            answer = await charger.call(
                "DataTransfer", {"vendorId": "org.other", "data": "x" * 5000}
            )
            assert answer == {"status": "UnknownVendorId"}
            await hass.async_block_till_done()
            found = hass.states.get(VENDOR)
            assert found.attributes["event_type"] == "refused"
            assert found.attributes["message_id"] is None
            assert found.attributes["data"] == "x" * 1000


async def test_a_vendor_becomes_known_without_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    charger = await connect()
    await charger.boot()
    message = {"vendorId": "com.vendor"}
    assert await charger.call("DataTransfer", message) == {"status": "UnknownVendorId"}
    hass.config_entries.async_update_entry(
        entry, options={"known_vendors": ["com.vendor"]}
    )
    await hass.async_block_till_done()
    assert await charger.call("DataTransfer", message) == {"status": "Accepted"}
