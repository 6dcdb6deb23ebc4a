"""The configuration keys of a typical charger."""

from dataclasses import dataclass

from .link import Payload

MEASURANDS = (
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Import.Register",
    "Frequency",
    "Power.Active.Import",
    "Power.Offered",
    "SoC",
    "Temperature",
    "Voltage",
)

_DEFAULT_MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,"
    "Voltage,Temperature,Current.Offered,SoC"
)

# Keys that hold a list of measurands.
_LISTS = (
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "StopTxnAlignedData",
    "StopTxnSampledData",
)

# May be written, but is never read back.
_SECRETS = ("AuthorizationKey",)


@dataclass(slots=True)
class ConfigKey:
    """One configuration key."""

    value: str | None
    readonly: bool = False
    reboot: bool = False


type Configuration = dict[str, ConfigKey]


def defaults(connectors: int) -> Configuration:
    """Return what a typical wallbox is configured to."""
    fixed = {
        "ChargeProfileMaxStackLevel": "8",
        "ChargingScheduleAllowedChargingRateUnit": "Current",
        "ChargingScheduleMaxPeriods": "24",
        "ConnectorSwitch3to1PhaseSupported": "false",
        "GetConfigurationMaxKeys": "50",
        "LocalAuthListMaxLength": "100",
        "MaxChargingProfilesInstalled": "20",
        "MeterValuesAlignedDataMaxLength": "10",
        "MeterValuesSampledDataMaxLength": "10",
        "NumberOfConnectors": str(connectors),
        "ReserveConnectorZeroSupported": "false",
        "SendLocalListMaxLength": "20",
        "StopTxnSampledDataMaxLength": "10",
        "SupportedFeatureProfiles": (
            "Core,FirmwareManagement,LocalAuthListManagement,Reservation,"
            "SmartCharging,RemoteTrigger"
        ),
    }
    free = {
        "AllowOfflineTxForUnknownId": "false",
        "AuthorizationCacheEnabled": "false",
        "AuthorizeRemoteTxRequests": "false",
        "ClockAlignedDataInterval": "0",
        "ConnectionTimeOut": "60",
        "ConnectorPhaseRotation": "0.RST,1.RST",
        "HeartbeatInterval": "300",
        "LocalAuthListEnabled": "true",
        "LocalAuthorizeOffline": "true",
        "LocalPreAuthorize": "false",
        "MeterValueSampleInterval": "60",
        "MeterValuesAlignedData": "Energy.Active.Import.Register",
        "MeterValuesSampledData": _DEFAULT_MEASURANDS,
        "MinimumStatusDuration": "0",
        "ResetRetries": "1",
        "StopTransactionOnEVSideDisconnect": "true",
        "StopTransactionOnInvalidId": "true",
        "StopTxnAlignedData": "",
        "StopTxnSampledData": "",
        "TransactionMessageAttempts": "3",
        "TransactionMessageRetryInterval": "10",
        "UnlockConnectorOnEVSideDisconnect": "true",
        "WebSocketPingInterval": "0",
    }
    return {
        **{name: ConfigKey(value, readonly=True) for name, value in fixed.items()},
        **{name: ConfigKey(value) for name, value in free.items()},
        "AuthorizationKey": ConfigKey(None, reboot=True),
    }


def read(configuration: Configuration, keys: list[str]) -> Payload:
    """Answer GetConfiguration; no keys means all of them."""
    by_name = {name.casefold(): name for name in configuration}
    found: list[Payload] = []
    unknown: list[str] = []
    for key in keys or list(configuration):
        if (name := by_name.get(key.casefold())) is None:
            unknown.append(key)
            continue
        entry = configuration[name]
        item: Payload = {"key": name, "readonly": entry.readonly}
        if entry.value is not None and name not in _SECRETS:
            item["value"] = entry.value
        found.append(item)
    answer: Payload = {"configurationKey": found}
    if unknown:
        answer["unknownKey"] = unknown
    return answer


def change(configuration: Configuration, key: str, value: str) -> str:
    """Apply ChangeConfiguration and return its status."""
    by_name = {name.casefold(): name for name in configuration}
    if (name := by_name.get(key.casefold())) is None:
        return "NotSupported"
    entry = configuration[name]
    if entry.readonly or not _valid(configuration, name, value):
        return "Rejected"
    entry.value = value
    return "RebootRequired" if entry.reboot else "Accepted"


def _valid(configuration: Configuration, name: str, value: str) -> bool:
    """Return if a value is of the kind that the key holds now."""
    if name in _LISTS:
        measurands = split(value)
        longest = configuration.get(f"{name}MaxLength")
        return all(measurand in MEASURANDS for measurand in measurands) and (
            longest is None or len(measurands) <= int(longest.value or 0)
        )
    current = configuration[name].value
    if current in ("true", "false"):
        return value.casefold() in ("true", "false")
    if current is not None and current.isdecimal():
        return value.isdecimal()
    return True


def split(value: str | None) -> list[str]:
    """Return the items of a comma separated value."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]
