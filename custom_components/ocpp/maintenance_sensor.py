"""Sensors of what a charger was asked for now and then: logs, certificates, messages."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory

from .charger import Charger
from .csms.blocks.diagnostics import UPLOAD_STATUSES
from .csms.blocks.firmware import PUBLISH_STATUSES
from .csms.model import Topic
from .entity import OcppEntity

ATTR_FILE_NAME = "file_name"
ATTR_CERTIFICATES = "certificates"
ATTR_CHECKSUM = "checksum"
ATTR_LOCATIONS = "locations"
ATTR_REASON = "reason"

LOG_UPLOAD = SensorEntityDescription(
    key="log_upload",
    translation_key="log_upload",
    device_class=SensorDeviceClass.ENUM,
    options=list(dict.fromkeys(UPLOAD_STATUSES.values())),
    entity_category=EntityCategory.DIAGNOSTIC,
)
CERTIFICATES = SensorEntityDescription(
    key="certificates",
    translation_key="certificates",
    entity_category=EntityCategory.DIAGNOSTIC,
)
CERTIFICATE_EXPIRES = SensorEntityDescription(
    key="certificate_expires",
    translation_key="certificate_expires",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
)
PUBLISHED_FIRMWARE = SensorEntityDescription(
    key="published_firmware",
    translation_key="published_firmware",
    device_class=SensorDeviceClass.ENUM,
    options=list(PUBLISH_STATUSES.values()),
    entity_category=EntityCategory.DIAGNOSTIC,
)
DISPLAY_MESSAGES = SensorEntityDescription(
    key="display_messages",
    translation_key="display_messages",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)
MAINTENANCE_SENSORS = (
    LOG_UPLOAD,
    CERTIFICATES,
    CERTIFICATE_EXPIRES,
    PUBLISHED_FIRMWARE,
    DISPLAY_MESSAGES,
)


def maintenance_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield a sensor for each thing that the charger was ever asked for."""
    station = charger.station
    if station.diagnostics.seen:
        yield LogUploadSensor(charger, LOG_UPLOAD, watched=(Topic.LOG,))
    if station.certificates.held:
        yield CertificatesSensor(charger, CERTIFICATES, watched=(Topic.CERTIFICATES,))
    if station.security.certificate is not None:
        yield CertificateExpiresSensor(
            charger, CERTIFICATE_EXPIRES, watched=(Topic.CERTIFICATES,)
        )
    if station.firmware.published is not None:
        yield PublishedFirmwareSensor(
            charger, PUBLISHED_FIRMWARE, watched=(Topic.FIRMWARE,)
        )
    if station.display_message.seen:
        yield DisplayMessagesSensor(charger, DISPLAY_MESSAGES, watched=(Topic.DISPLAY,))


class LogUploadSensor(OcppEntity, SensorEntity):
    """How far the newest upload of a log is."""

    @override
    def _present(self) -> Any:
        diagnostics = self.station.diagnostics
        self._attr_native_value = diagnostics.status
        self._attr_extra_state_attributes = {
            ATTR_FILE_NAME: diagnostics.upload.file,
            ATTR_REASON: diagnostics.reason,
        }
        return diagnostics.status, diagnostics.upload.file, diagnostics.reason


class CertificatesSensor(OcppEntity, SensorEntity):
    """How many certificates a charger says it holds, and what it calls them."""

    # As long as what it is made of, and of no use in a history.
    _unrecorded_attributes = frozenset({ATTR_CERTIFICATES})

    @override
    def _present(self) -> Any:
        held = [
            {"certificate_type": kind, **hashes}
            for kind, certificates in self.station.certificates.held.items()
            for hashes in certificates
        ]
        self._attr_native_value = len(held)
        self._attr_extra_state_attributes = {ATTR_CERTIFICATES: held}
        return held


class CertificateExpiresSensor(OcppEntity, SensorEntity):
    """Until when the certificate holds by which a charger shows who it is."""

    @override
    def _present(self) -> Any:
        certificate = self.station.security.certificate
        self._attr_native_value = certificate.expires if certificate else None
        return self._attr_native_value


class PublishedFirmwareSensor(OcppEntity, SensorEntity):
    """How far a local controller is with firmware that it offers to its chargers."""

    _unrecorded_attributes = frozenset({ATTR_LOCATIONS})

    @override
    def _present(self) -> Any:
        if (published := self.station.firmware.published) is None:
            return None
        self._attr_native_value = published.status
        self._attr_extra_state_attributes = {
            ATTR_CHECKSUM: published.checksum or None,
            ATTR_LOCATIONS: list(published.locations),
            ATTR_REASON: published.reason,
        }
        return published


class DisplayMessagesSensor(OcppEntity, SensorEntity):
    """How many messages a charger has for its display. An action tells which."""

    @override
    def _present(self) -> Any:
        self._attr_native_value = len(self.station.display_message.held)
        return self._attr_native_value
