"""Sensors of what a charger was asked for now and then: logs, certificates."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory

from .csms.blocks.diagnostics import UPLOAD_STATUSES
from .csms.model import Topic
from .entity import OcppEntity
from .hub import Charger

ATTR_FILE_NAME = "file_name"
ATTR_CERTIFICATES = "certificates"

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
MAINTENANCE_SENSORS = (LOG_UPLOAD, CERTIFICATES)


def maintenance_sensors(charger: Charger) -> Iterator[OcppEntity]:
    """Yield a sensor for each thing that the charger was ever asked for."""
    if charger.station.diagnostics.seen:
        yield LogUploadSensor(charger, LOG_UPLOAD, watched=(Topic.LOG,))
    if charger.station.security.certificates:
        yield CertificatesSensor(charger, CERTIFICATES, watched=(Topic.CERTIFICATES,))


class LogUploadSensor(OcppEntity, SensorEntity):
    """How far the newest upload of a log is."""

    @override
    def _present(self) -> Any:
        diagnostics = self.station.diagnostics
        self._attr_native_value = diagnostics.status
        self._attr_extra_state_attributes = {ATTR_FILE_NAME: diagnostics.upload.file}
        return diagnostics.status, diagnostics.upload.file


class CertificatesSensor(OcppEntity, SensorEntity):
    """How many certificates a charger says it holds, and what it calls them."""

    # As long as what it is made of, and of no use in a history.
    _unrecorded_attributes = frozenset({ATTR_CERTIFICATES})

    @override
    def _present(self) -> Any:
        held = [
            {"certificate_type": kind, **hashes}
            for kind, certificates in self.station.security.certificates.items()
            for hashes in certificates
        ]
        self._attr_native_value = len(held)
        self._attr_extra_state_attributes = {ATTR_CERTIFICATES: held}
        return held
