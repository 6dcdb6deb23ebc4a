"""The variables that the specification asks of a station, and some it allows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import make
from .device_model import Variable
from .hardware import hardware

if TYPE_CHECKING:
    from .base import Base

MEASURANDS = (
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Import.Register",
    "Frequency",
    "Power.Active.Import",
    "Power.Offered",
    "SoC",
    "Voltage",
)
_POINTS = (
    "ParkingBayOccupancy",
    "EVConnected",
    "Authorized",
    "PowerPathClosed",
    "EnergyTransfer",
)


def _communication() -> Iterator[Variable]:
    comm = "OCPPCommCtrlr"
    event = {"instance": "TransactionEvent"}
    yield make.number(comm, "HeartbeatInterval", 300, unit="s", minimum=1)
    yield make.number(comm, "WebSocketPingInterval", 0, unit="s")
    yield make.number(comm, "OfflineThreshold", 60, unit="s")
    yield make.number(comm, "MessageAttempts", 3, **event)
    yield make.number(comm, "MessageAttemptInterval", 0, unit="s", **event)
    yield make.number(comm, "ResetRetries", 1)
    yield make.number(comm, "RetryBackOffRandomRange", 10, unit="s")
    yield make.number(comm, "RetryBackOffRepeatTimes", 5)
    yield make.number(comm, "RetryBackOffWaitMinimum", 10, unit="s")
    yield make.number(comm, "NetworkProfileConnectionAttempts", 3)
    yield make.fixed(comm, "MessageTimeout", 30, unit="s", instance="Default")
    yield make.flag(comm, "UnlockOnEVSideDisconnect", True)
    yield make.flag(comm, "QueueAllMessages", False)
    yield make.text(comm, "ActiveNetworkProfile", "1")
    yield make.choice(
        comm,
        "NetworkConfigurationPriority",
        "1",
        ("1", "2", "3"),
        data_type="SequenceList",
        reboot=True,
    )
    yield make.choice(
        comm,
        "FileTransferProtocols",
        "HTTP,HTTPS,FTP",
        ("HTTP", "HTTPS", "FTP", "FTPS", "SFTP"),
        mutability="ReadOnly",
    )


def _authorization() -> Iterator[Variable]:
    auth, cache, local = "AuthCtrlr", "AuthCacheCtrlr", "LocalAuthListCtrlr"
    yield make.flag(auth, "Enabled", True)
    yield make.flag(auth, "AuthorizeRemoteStart", False)
    yield make.flag(auth, "LocalAuthorizeOffline", True)
    yield make.flag(auth, "LocalPreAuthorize", False)
    yield make.flag(auth, "OfflineTxForUnknownIdEnabled", False)
    yield make.flag(auth, "DisableRemoteAuthorization", False)
    yield make.text(auth, "MasterPassGroupId", "", mutability="ReadWrite", maximum=36)
    yield make.flag(cache, "Available", True, mutability="ReadOnly")
    yield make.flag(cache, "Enabled", False)
    yield make.number(cache, "LifeTime", 86400, unit="s")
    yield make.flag(cache, "DisablePostAuthorize", False)
    yield make.flag(local, "Available", True, mutability="ReadOnly")
    yield make.flag(local, "Enabled", True)
    yield make.fixed(local, "ItemsPerMessage", 20)
    yield make.fixed(local, "BytesPerMessage", 16000)
    yield make.fixed(local, "Entries", 0, maximum=100)
    yield make.fixed(local, "Storage", 65536, unit="B")
    yield make.flag(local, "DisablePostAuthorize", False)


def _transactions() -> Iterator[Variable]:
    tx = "TxCtrlr"
    yield make.choice(tx, "TxStartPoint", "EVConnected,Authorized", _POINTS)
    yield make.choice(tx, "TxStopPoint", "EVConnected,Authorized", _POINTS)
    yield make.flag(tx, "StopTxOnInvalidId", True)
    yield make.flag(tx, "StopTxOnEVSideDisconnect", True)
    yield make.number(tx, "EVConnectionTimeOut", 60, unit="s")
    yield make.number(tx, "MaxEnergyOnInvalidId", 0, unit="Wh")
    yield make.flag(tx, "TxBeforeAcceptedEnabled", True)
    sampled, aligned = "SampledDataCtrlr", "AlignedDataCtrlr"
    for component in (sampled, aligned):
        yield make.flag(component, "Enabled", component == sampled)
        yield make.flag(component, "Available", True, mutability="ReadOnly")
        yield make.flag(component, "SignReadings", False)
    basic = "Energy.Active.Import.Register"
    running = f"{basic},Power.Active.Import,Current.Import,Voltage,SoC"
    for name, value in (
        ("TxStartedMeasurands", basic),
        ("TxUpdatedMeasurands", running),
        ("TxEndedMeasurands", basic),
    ):
        yield make.choice(sampled, name, value, MEASURANDS, maximum=1000)
    yield make.flag(sampled, "RegisterValuesWithoutPhases", True)
    yield make.number(sampled, "TxUpdatedInterval", 60, unit="s")
    yield make.number(sampled, "TxEndedInterval", 0, unit="s")
    yield make.choice(aligned, "Measurands", basic, MEASURANDS)
    yield make.number(aligned, "Interval", 900, unit="s")
    yield make.choice(aligned, "TxEndedMeasurands", "", MEASURANDS)
    yield make.number(aligned, "TxEndedInterval", 0, unit="s")
    yield make.flag(aligned, "SendDuringIdle", False)


def _clock(station: Base) -> Iterator[Variable]:
    yield make.text(
        "ClockCtrlr", "DateTime", None, data_type="dateTime", read=station.timestamp
    )


def _provisioning() -> Iterator[Variable]:
    device, monitoring = "DeviceDataCtrlr", "MonitoringCtrlr"
    for name, items in (("GetReport", 10), ("GetVariables", 20), ("SetVariables", 10)):
        yield make.fixed(device, "ItemsPerMessage", items, instance=name)
        yield make.fixed(device, "BytesPerMessage", 20000, instance=name)
    yield make.fixed(device, "ConfigurationValueSize", 1000)
    yield make.fixed(device, "ReportingValueSize", 2500)
    yield make.flag(monitoring, "Available", True, mutability="ReadOnly")
    yield make.flag(monitoring, "Enabled", True)
    for name in ("SetVariableMonitoring", "ClearVariableMonitoring"):
        yield make.fixed(monitoring, "ItemsPerMessage", 10, instance=name)
        yield make.fixed(monitoring, "BytesPerMessage", 10000, instance=name)
    yield make.number(monitoring, "OfflineQueuingSeverity", 5, maximum=9)
    yield make.fixed(monitoring, "ActiveMonitoringLevel", 9, maximum=9)
    yield make.choice(
        monitoring,
        "ActiveMonitoringBase",
        "All",
        ("All", "FactoryDefault", "HardWiredOnly"),
        data_type="OptionList",
        mutability="ReadOnly",
    )
    clock = "ClockCtrlr"
    yield make.choice(
        clock,
        "TimeSource",
        "Heartbeat",
        (
            "Heartbeat",
            "NTP",
            "GPS",
            "RealTimeClock",
            "MobileNetwork",
            "RadioTimeTransmitter",
        ),
        data_type="SequenceList",
    )
    yield make.text(clock, "TimeOffset", "+00:00", mutability="ReadWrite")
    yield make.text(clock, "NtpServerUri", "", mutability="ReadWrite")


def _charging() -> Iterator[Variable]:
    smart = "SmartChargingCtrlr"
    yield make.flag(smart, "Available", True, mutability="ReadOnly")
    yield make.flag(smart, "Enabled", True)
    yield make.flag(smart, "ACPhaseSwitchingSupported", False, mutability="ReadOnly")
    yield make.fixed(smart, "ProfileStackLevel", 8)
    yield make.choice(smart, "RateUnit", "A,W", ("A", "W"), mutability="ReadOnly")
    yield make.fixed(smart, "PeriodsPerSchedule", 24)
    yield make.fixed(smart, "Entries", 0, instance="ChargingProfiles", maximum=20)
    yield make.flag(smart, "ExternalControlSignalsEnabled", False)
    yield make.flag(smart, "NotifyChargingLimitWithSchedules", False)
    yield make.flag(smart, "Phases3to1", False, mutability="ReadOnly")
    yield Variable(
        component=smart,
        name="LimitChangeSignificance",
        value="1.0",
        data_type="decimal",
        mutability="ReadWrite",
        unit="Percent",
        minimum=0,
        maximum=100,
    )
    yield make.flag("ISO15118Ctrlr", "Enabled", False)
    yield make.flag("ISO15118Ctrlr", "ContractValidationOffline", False)
    reservation, tariff, display = (
        "ReservationCtrlr",
        "TariffCostCtrlr",
        "DisplayMessageCtrlr",
    )
    yield make.flag(reservation, "Available", True, mutability="ReadOnly")
    yield make.flag(reservation, "Enabled", True)
    yield make.flag(reservation, "NonEvseSpecific", True, mutability="ReadOnly")
    for instance in ("Tariff", "Cost"):
        yield make.flag(
            tariff, "Available", True, mutability="ReadOnly", instance=instance
        )
        yield make.flag(tariff, "Enabled", True, instance=instance)
    yield make.text(tariff, "Currency", "EUR", mutability="ReadWrite", maximum=3)
    yield make.text(
        tariff, "TariffFallbackMessage", "", mutability="ReadWrite", maximum=255
    )
    yield make.text(
        tariff, "TotalCostFallbackMessage", "", mutability="ReadWrite", maximum=255
    )
    yield make.flag(display, "Available", True, mutability="ReadOnly")
    yield make.flag(display, "Enabled", True)
    yield make.fixed(display, "DisplayMessages", 0, maximum=5)
    yield make.choice(
        display,
        "SupportedFormats",
        "ASCII,UTF8",
        ("ASCII", "UTF8", "HTML", "URI"),
        mutability="ReadOnly",
    )
    yield make.choice(
        display,
        "SupportedPriorities",
        "AlwaysFront,InFront,NormalCycle",
        ("AlwaysFront", "InFront", "NormalCycle"),
        mutability="ReadOnly",
    )


def _security(identity: str) -> Iterator[Variable]:
    security = "SecurityCtrlr"
    yield make.text(
        security,
        "BasicAuthPassword",
        None,
        mutability="WriteOnly",
        minimum=16,
        maximum=40,
    )
    yield make.text(security, "Identity", identity, maximum=48)
    yield make.text(security, "OrganizationName", "Simulator", mutability="ReadWrite")
    yield make.fixed(security, "SecurityProfile", 1, maximum=3)
    yield make.fixed(security, "CertificateEntries", 0, maximum=8)
    yield make.number(security, "CertSigningRepeatTimes", 3)
    yield make.number(security, "CertSigningWaitMinimum", 30, unit="s")
    yield make.fixed(security, "MaxCertificateChainSize", 10000)
    yield make.flag(
        security, "AdditionalRootCertificateCheck", False, mutability="ReadOnly"
    )


def defaults(station: Base, max_current: float) -> list[Variable]:
    """Return the variables of a station as it leaves the factory."""
    return [
        *_communication(),
        *_authorization(),
        *_transactions(),
        *_provisioning(),
        *_charging(),
        *_security(station.identity),
        *_clock(station),
        *hardware(station, max_current),
    ]
