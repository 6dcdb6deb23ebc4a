"""What the requests of OCPP 1.6 hold, derived from its schemas by scripts/generate."""

from .command import Field, Kind

FIELDS: dict[str, tuple[Field, ...]] = {
    "CancelReservation": (
        Field("reservation_id", "reservationId", Kind.INTEGER, required=True),
    ),
    "CertificateSigned": (
        Field(
            "certificate_chain",
            "certificateChain",
            Kind.TEXT,
            required=True,
            longest=10000,
        ),
    ),
    "ChangeAvailability": (
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
        Field(
            "type",
            "type",
            Kind.WORD,
            required=True,
            words={"inoperative": "Inoperative", "operative": "Operative"},
        ),
    ),
    "ChangeConfiguration": (
        Field("key", "key", Kind.TEXT, required=True, longest=50),
        Field("value", "value", Kind.TEXT, required=True, longest=500),
    ),
    "ClearCache": (),
    "ClearChargingProfile": (
        Field("id", "id", Kind.INTEGER),
        Field("connector_id", "connectorId", Kind.INTEGER),
        Field(
            "charging_profile_purpose",
            "chargingProfilePurpose",
            Kind.WORD,
            words={
                "charging_station_max_profile": "ChargePointMaxProfile",
                "tx_default_profile": "TxDefaultProfile",
                "tx_profile": "TxProfile",
            },
        ),
        Field("stack_level", "stackLevel", Kind.INTEGER),
    ),
    "DataTransfer": (
        Field("vendor_id", "vendorId", Kind.TEXT, required=True, longest=255),
        Field("message_id", "messageId", Kind.TEXT, longest=50),
        Field("data", "data", Kind.DATA),
    ),
    "DeleteCertificate": (
        Field(
            "certificate_hash_data", "certificateHashData", Kind.OBJECT, required=True
        ),
    ),
    "ExtendedTriggerMessage": (
        Field(
            "requested_message",
            "requestedMessage",
            Kind.WORD,
            required=True,
            words={
                "boot_notification": "BootNotification",
                "log_status_notification": "LogStatusNotification",
                "firmware_status_notification": "FirmwareStatusNotification",
                "heartbeat": "Heartbeat",
                "meter_values": "MeterValues",
                "sign_charging_station_certificate": "SignChargePointCertificate",
                "status_notification": "StatusNotification",
            },
        ),
        Field("connector_id", "connectorId", Kind.INTEGER),
    ),
    "GetCompositeSchedule": (
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
        Field("duration", "duration", Kind.INTEGER, required=True),
        Field(
            "charging_rate_unit",
            "chargingRateUnit",
            Kind.WORD,
            words={"a": "A", "w": "W"},
        ),
    ),
    "GetConfiguration": (Field("key", "key", Kind.TEXTS, longest=50),),
    "GetDiagnostics": (
        Field("location", "location", Kind.TEXT, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
        Field("start_time", "startTime", Kind.MOMENT),
        Field("stop_time", "stopTime", Kind.MOMENT),
    ),
    "GetInstalledCertificateIds": (
        Field(
            "certificate_type",
            "certificateType",
            Kind.WORD,
            required=True,
            words={
                "csms_root_certificate": "CentralSystemRootCertificate",
                "manufacturer_root_certificate": "ManufacturerRootCertificate",
            },
        ),
    ),
    "GetLocalListVersion": (),
    "GetLog": (
        Field("log", "log", Kind.OBJECT, required=True),
        Field(
            "log_type",
            "logType",
            Kind.WORD,
            required=True,
            words={"diagnostics_log": "DiagnosticsLog", "security_log": "SecurityLog"},
        ),
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
    ),
    "InstallCertificate": (
        Field(
            "certificate_type",
            "certificateType",
            Kind.WORD,
            required=True,
            words={
                "csms_root_certificate": "CentralSystemRootCertificate",
                "manufacturer_root_certificate": "ManufacturerRootCertificate",
            },
        ),
        Field("certificate", "certificate", Kind.TEXT, required=True, longest=5500),
    ),
    "RemoteStartTransaction": (
        Field("id_tag", "idTag", Kind.TEXT, required=True, longest=20),
        Field("connector_id", "connectorId", Kind.INTEGER),
        Field("charging_profile", "chargingProfile", Kind.OBJECT),
    ),
    "RemoteStopTransaction": (
        Field("transaction_id", "transactionId", Kind.INTEGER, required=True),
    ),
    "ReserveNow": (
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
        Field("expiry_date", "expiryDate", Kind.MOMENT, required=True),
        Field("id_tag", "idTag", Kind.TEXT, required=True, longest=20),
        Field("reservation_id", "reservationId", Kind.INTEGER, required=True),
        Field("parent_id_tag", "parentIdTag", Kind.TEXT, longest=20),
    ),
    "Reset": (
        Field(
            "type",
            "type",
            Kind.WORD,
            required=True,
            words={"immediate": "Hard", "on_idle": "Soft"},
        ),
    ),
    "SendLocalList": (
        Field("list_version", "listVersion", Kind.INTEGER, required=True),
        Field(
            "update_type",
            "updateType",
            Kind.WORD,
            required=True,
            words={"differential": "Differential", "full": "Full"},
        ),
        Field("local_authorization_list", "localAuthorizationList", Kind.OBJECTS),
    ),
    "SetChargingProfile": (
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
        Field("cs_charging_profiles", "csChargingProfiles", Kind.OBJECT, required=True),
    ),
    "SignedUpdateFirmware": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("firmware", "firmware", Kind.OBJECT, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
    ),
    "TriggerMessage": (
        Field(
            "requested_message",
            "requestedMessage",
            Kind.WORD,
            required=True,
            words={
                "boot_notification": "BootNotification",
                "diagnostics_status_notification": "DiagnosticsStatusNotification",
                "firmware_status_notification": "FirmwareStatusNotification",
                "heartbeat": "Heartbeat",
                "meter_values": "MeterValues",
                "status_notification": "StatusNotification",
            },
        ),
        Field("connector_id", "connectorId", Kind.INTEGER),
    ),
    "UnlockConnector": (
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
    ),
    "UpdateFirmware": (
        Field("location", "location", Kind.TEXT, required=True),
        Field("retrieve_date", "retrieveDate", Kind.MOMENT, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
    ),
}
