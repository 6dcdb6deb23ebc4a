"""What the requests of OCPP 2.0.1 hold, derived from its schemas by scripts/generate."""

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
        Field(
            "certificate_type",
            "certificateType",
            Kind.WORD,
            words={
                "charging_station_certificate": "ChargingStationCertificate",
                "v2g_certificate": "V2GCertificate",
            },
        ),
    ),
    "ChangeAvailability": (
        Field(
            "operational_status",
            "operationalStatus",
            Kind.WORD,
            required=True,
            words={"inoperative": "Inoperative", "operative": "Operative"},
        ),
        Field("evse", "evse", Kind.OBJECT),
    ),
    "ClearCache": (),
    "ClearChargingProfile": (
        Field("charging_profile_id", "chargingProfileId", Kind.INTEGER),
        Field("charging_profile_criteria", "chargingProfileCriteria", Kind.OBJECT),
    ),
    "ClearDisplayMessage": (Field("id", "id", Kind.INTEGER, required=True),),
    "ClearVariableMonitoring": (Field("id", "id", Kind.INTEGERS, required=True),),
    "CostUpdated": (
        Field("total_cost", "totalCost", Kind.NUMBER, required=True),
        Field("transaction_id", "transactionId", Kind.TEXT, required=True, longest=36),
    ),
    "CustomerInformation": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("report", "report", Kind.BOOLEAN, required=True),
        Field("clear", "clear", Kind.BOOLEAN, required=True),
        Field("customer_certificate", "customerCertificate", Kind.OBJECT),
        Field("id_token", "idToken", Kind.OBJECT),
        Field("customer_identifier", "customerIdentifier", Kind.TEXT, longest=64),
    ),
    "DataTransfer": (
        Field("vendor_id", "vendorId", Kind.TEXT, required=True, longest=255),
        Field("message_id", "messageId", Kind.TEXT, longest=50),
        Field("data", "data", Kind.ANYTHING),
    ),
    "DeleteCertificate": (
        Field(
            "certificate_hash_data", "certificateHashData", Kind.OBJECT, required=True
        ),
    ),
    "GetBaseReport": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field(
            "report_base",
            "reportBase",
            Kind.WORD,
            required=True,
            words={
                "configuration_inventory": "ConfigurationInventory",
                "full_inventory": "FullInventory",
                "summary_inventory": "SummaryInventory",
            },
        ),
    ),
    "GetChargingProfiles": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("charging_profile", "chargingProfile", Kind.OBJECT, required=True),
        Field("evse_id", "evseId", Kind.INTEGER),
    ),
    "GetCompositeSchedule": (
        Field("duration", "duration", Kind.INTEGER, required=True),
        Field("evse_id", "evseId", Kind.INTEGER, required=True),
        Field(
            "charging_rate_unit",
            "chargingRateUnit",
            Kind.WORD,
            words={"w": "W", "a": "A"},
        ),
    ),
    "GetDisplayMessages": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("id", "id", Kind.INTEGERS),
        Field(
            "priority",
            "priority",
            Kind.WORD,
            words={
                "always_front": "AlwaysFront",
                "in_front": "InFront",
                "normal_cycle": "NormalCycle",
            },
        ),
        Field(
            "state",
            "state",
            Kind.WORD,
            words={
                "charging": "Charging",
                "faulted": "Faulted",
                "idle": "Idle",
                "unavailable": "Unavailable",
            },
        ),
    ),
    "GetInstalledCertificateIds": (
        Field(
            "certificate_type",
            "certificateType",
            Kind.WORDS,
            words={
                "v2g_root_certificate": "V2GRootCertificate",
                "mo_root_certificate": "MORootCertificate",
                "csms_root_certificate": "CSMSRootCertificate",
                "v2g_certificate_chain": "V2GCertificateChain",
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
    "GetMonitoringReport": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("component_variable", "componentVariable", Kind.OBJECTS),
        Field(
            "monitoring_criteria",
            "monitoringCriteria",
            Kind.WORDS,
            words={
                "threshold_monitoring": "ThresholdMonitoring",
                "delta_monitoring": "DeltaMonitoring",
                "periodic_monitoring": "PeriodicMonitoring",
            },
        ),
    ),
    "GetReport": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("component_variable", "componentVariable", Kind.OBJECTS),
        Field(
            "component_criteria",
            "componentCriteria",
            Kind.WORDS,
            words={
                "active": "Active",
                "available": "Available",
                "enabled": "Enabled",
                "problem": "Problem",
            },
        ),
    ),
    "GetTransactionStatus": (
        Field("transaction_id", "transactionId", Kind.TEXT, longest=36),
    ),
    "GetVariables": (
        Field("get_variable_data", "getVariableData", Kind.OBJECTS, required=True),
    ),
    "InstallCertificate": (
        Field(
            "certificate_type",
            "certificateType",
            Kind.WORD,
            required=True,
            words={
                "v2g_root_certificate": "V2GRootCertificate",
                "mo_root_certificate": "MORootCertificate",
                "csms_root_certificate": "CSMSRootCertificate",
                "manufacturer_root_certificate": "ManufacturerRootCertificate",
            },
        ),
        Field("certificate", "certificate", Kind.TEXT, required=True, longest=5500),
    ),
    "PublishFirmware": (
        Field("location", "location", Kind.TEXT, required=True, longest=512),
        Field("checksum", "checksum", Kind.TEXT, required=True, longest=32),
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
    ),
    "RequestStartTransaction": (
        Field("id_token", "idToken", Kind.OBJECT, required=True),
        Field("remote_start_id", "remoteStartId", Kind.INTEGER, required=True),
        Field("evse_id", "evseId", Kind.INTEGER),
        Field("group_id_token", "groupIdToken", Kind.OBJECT),
        Field("charging_profile", "chargingProfile", Kind.OBJECT),
    ),
    "RequestStopTransaction": (
        Field("transaction_id", "transactionId", Kind.TEXT, required=True, longest=36),
    ),
    "ReserveNow": (
        Field("id", "id", Kind.INTEGER, required=True),
        Field("expiry_date_time", "expiryDateTime", Kind.MOMENT, required=True),
        Field("id_token", "idToken", Kind.OBJECT, required=True),
        Field(
            "connector_type",
            "connectorType",
            Kind.WORD,
            words={
                "c_ccs1": "cCCS1",
                "c_ccs2": "cCCS2",
                "c_g105": "cG105",
                "c_tesla": "cTesla",
                "c_type1": "cType1",
                "c_type2": "cType2",
                "s309-1p-16a": "s309-1P-16A",
                "s309-1p-32a": "s309-1P-32A",
                "s309-3p-16a": "s309-3P-16A",
                "s309-3p-32a": "s309-3P-32A",
                "s_bs1361": "sBS1361",
                "s_cee-7-7": "sCEE-7-7",
                "s_type2": "sType2",
                "s_type3": "sType3",
                "other1_ph_max16a": "Other1PhMax16A",
                "other1_ph_over16a": "Other1PhOver16A",
                "other3_ph": "Other3Ph",
                "pan": "Pan",
                "w_inductive": "wInductive",
                "w_resonant": "wResonant",
                "undetermined": "Undetermined",
                "unknown": "Unknown",
            },
        ),
        Field("evse_id", "evseId", Kind.INTEGER),
        Field("group_id_token", "groupIdToken", Kind.OBJECT),
    ),
    "Reset": (
        Field(
            "type",
            "type",
            Kind.WORD,
            required=True,
            words={"immediate": "Immediate", "on_idle": "OnIdle"},
        ),
        Field("evse_id", "evseId", Kind.INTEGER),
    ),
    "SendLocalList": (
        Field("version_number", "versionNumber", Kind.INTEGER, required=True),
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
        Field("evse_id", "evseId", Kind.INTEGER, required=True),
        Field("charging_profile", "chargingProfile", Kind.OBJECT, required=True),
    ),
    "SetDisplayMessage": (Field("message", "message", Kind.OBJECT, required=True),),
    "SetMonitoringBase": (
        Field(
            "monitoring_base",
            "monitoringBase",
            Kind.WORD,
            required=True,
            words={
                "all": "All",
                "factory_default": "FactoryDefault",
                "hard_wired_only": "HardWiredOnly",
            },
        ),
    ),
    "SetMonitoringLevel": (Field("severity", "severity", Kind.INTEGER, required=True),),
    "SetNetworkProfile": (
        Field("configuration_slot", "configurationSlot", Kind.INTEGER, required=True),
        Field("connection_data", "connectionData", Kind.OBJECT, required=True),
    ),
    "SetVariableMonitoring": (
        Field("set_monitoring_data", "setMonitoringData", Kind.OBJECTS, required=True),
    ),
    "SetVariables": (
        Field("set_variable_data", "setVariableData", Kind.OBJECTS, required=True),
    ),
    "TriggerMessage": (
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
                "sign_charging_station_certificate": "SignChargingStationCertificate",
                "sign_v2g_certificate": "SignV2GCertificate",
                "status_notification": "StatusNotification",
                "transaction_event": "TransactionEvent",
                "sign_combined_certificate": "SignCombinedCertificate",
                "publish_firmware_status_notification": "PublishFirmwareStatusNotification",
            },
        ),
        Field("evse", "evse", Kind.OBJECT),
    ),
    "UnlockConnector": (
        Field("evse_id", "evseId", Kind.INTEGER, required=True),
        Field("connector_id", "connectorId", Kind.INTEGER, required=True),
    ),
    "UnpublishFirmware": (
        Field("checksum", "checksum", Kind.TEXT, required=True, longest=32),
    ),
    "UpdateFirmware": (
        Field("request_id", "requestId", Kind.INTEGER, required=True),
        Field("firmware", "firmware", Kind.OBJECT, required=True),
        Field("retries", "retries", Kind.INTEGER),
        Field("retry_interval", "retryInterval", Kind.INTEGER),
    ),
}
