"""The commands there are. What their requests hold is derived from the schemas of OCPP."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from ..versions import V16, V21, V201, Version

_ACCEPTED = frozenset({"Accepted"})
_NUMBERED = frozenset({"request_id"})
_OLD = (V16,)
_NEW = (V201, V21)
_BOTH = (*_OLD, *_NEW)
_LATEST = (V21,)


@dataclass(frozen=True)
class Declared:
    """What the schemas do not say about a command.

    The name is that of OCPP; the action's is made from it. What a version calls otherwise
    is another command. `accepted_in` are versions that do not mean yes by `accepted`.
    """

    name: str
    versions: tuple[Version, ...]
    _: KW_ONLY
    accepted: frozenset[str] | None = _ACCEPTED
    accepted_in: Mapping[Version, frozenset[str] | None] = field(default_factory=dict)
    results: tuple[str, str] | None = None
    administrator: bool = False
    numbered: frozenset[str] = frozenset()
    of_one_evse: bool = False


DECLARED = (
    # It may make a station send values all the time.
    Declared("AdjustPeriodicEventStream", _LATEST, administrator=True),
    Declared("AFRRSignal", _LATEST),
    Declared("CancelReservation", _BOTH),
    Declared("CertificateSigned", _BOTH, administrator=True),
    Declared("ChangeAvailability", _BOTH, accepted=_ACCEPTED | {"Scheduled"}),
    Declared(
        "ChangeConfiguration",
        _OLD,
        accepted=_ACCEPTED | {"RebootRequired"},
        administrator=True,
    ),
    # What people are charged.
    Declared("ChangeTransactionTariff", _LATEST, administrator=True),
    Declared("ClearCache", _BOTH),
    # That there was nothing to remove is as good.
    Declared("ClearChargingProfile", _BOTH, accepted=_ACCEPTED | {"Unknown"}),
    # What it removes may keep the grid from harm.
    Declared(
        "ClearDERControl",
        _LATEST,
        accepted=_ACCEPTED | {"NotFound"},
        administrator=True,
    ),
    Declared("ClearDisplayMessage", _NEW, accepted=_ACCEPTED | {"Unknown"}),
    Declared(
        "ClearTariffs",
        _LATEST,
        accepted=_ACCEPTED | {"NoTariff"},
        results=("clearTariffsResult", "status"),
        administrator=True,
    ),
    # What a station watches itself by stays changed, and without it nobody is warned.
    Declared(
        "ClearVariableMonitoring",
        _NEW,
        accepted=_ACCEPTED | {"NotFound"},
        results=("clearMonitoringResult", "status"),
        administrator=True,
    ),
    Declared("CostUpdated", _NEW, accepted=None),
    # It tells, or deletes, what a station knows about a person.
    Declared("CustomerInformation", _NEW, administrator=True, numbered=_NUMBERED),
    # It may mean anything to the station's vendor.
    Declared("DataTransfer", _BOTH, administrator=True),
    Declared("DeleteCertificate", _BOTH, administrator=True),
    Declared("ExtendedTriggerMessage", _OLD),
    # The configuration as a whole. Not every station keeps its passwords to itself.
    Declared(
        "GetBaseReport",
        _NEW,
        accepted=_ACCEPTED | {"EmptyResultSet"},
        administrator=True,
        numbered=_NUMBERED,
    ),
    Declared(
        "GetChargingProfiles",
        _NEW,
        accepted=_ACCEPTED | {"NoProfiles"},
        numbered=_NUMBERED,
    ),
    Declared("GetCompositeSchedule", _BOTH),
    # Among the answers are passwords and the numbers of cards.
    Declared("GetConfiguration", _OLD, accepted=None, administrator=True),
    Declared(
        "GetDERControl",
        _LATEST,
        accepted=_ACCEPTED | {"NotFound"},
        numbered=_NUMBERED,
    ),
    # It uploads what it logged to any address.
    Declared("GetDiagnostics", _OLD, accepted=None, administrator=True),
    # That there are none is an answer, not a refusal.
    Declared(
        "GetDisplayMessages",
        _NEW,
        accepted=_ACCEPTED | {"Unknown"},
        numbered=_NUMBERED,
    ),
    Declared("GetInstalledCertificateIds", _BOTH, accepted=_ACCEPTED | {"NotFound"}),
    Declared("GetLocalListVersion", _BOTH, accepted=None),
    Declared(
        "GetLog",
        _BOTH,
        accepted=_ACCEPTED | {"AcceptedCanceled"},
        administrator=True,
        numbered=_NUMBERED,
    ),
    Declared(
        "GetMonitoringReport",
        _NEW,
        accepted=_ACCEPTED | {"EmptyResultSet"},
        numbered=_NUMBERED,
    ),
    Declared("GetPeriodicEventStream", _LATEST, accepted=None),
    Declared(
        "GetReport",
        _NEW,
        accepted=_ACCEPTED | {"EmptyResultSet"},
        administrator=True,
        numbered=_NUMBERED,
    ),
    # Among the answers are the numbers of cards.
    Declared(
        "GetTariffs",
        _LATEST,
        accepted=_ACCEPTED | {"NoTariff"},
        administrator=True,
    ),
    Declared("GetTransactionStatus", _NEW, accepted=None),
    # That there is no such variable is an answer, too.
    Declared("GetVariables", _NEW, accepted=None, administrator=True),
    Declared("InstallCertificate", _BOTH, administrator=True),
    Declared("NotifyAllowedEnergyTransfer", _LATEST),
    Declared("NotifyWebPaymentStarted", _LATEST, accepted=None, of_one_evse=True),
    Declared("PublishFirmware", _NEW, administrator=True, numbered=_NUMBERED),
    Declared("RemoteStartTransaction", _OLD),
    Declared("RemoteStopTransaction", _OLD),
    Declared("RequestBatterySwap", _LATEST, numbered=_NUMBERED),
    Declared("RequestStartTransaction", _NEW, numbered=frozenset({"remote_start_id"})),
    Declared("RequestStopTransaction", _NEW),
    Declared("ReserveNow", _BOTH, numbered=frozenset({"id", "reservation_id"})),
    Declared(
        "Reset",
        _BOTH,
        accepted=_ACCEPTED | {"Scheduled"},
        accepted_in={V16: _ACCEPTED},
        administrator=True,
    ),
    Declared("SendLocalList", _BOTH, administrator=True),
    Declared("SetChargingProfile", _BOTH),
    Declared("SetDefaultTariff", _LATEST, administrator=True),
    # By it a car feeds into the grid, and leaves it.
    Declared("SetDERControl", _LATEST, administrator=True),
    Declared("SetDisplayMessage", _NEW),
    Declared("SetMonitoringBase", _NEW, administrator=True),
    Declared("SetMonitoringLevel", _NEW, administrator=True),
    # A wrong one, and the station is not heard of again.
    Declared("SetNetworkProfile", _NEW, administrator=True),
    Declared(
        "SetVariableMonitoring",
        _NEW,
        results=("setMonitoringResult", "status"),
        administrator=True,
    ),
    Declared(
        "SetVariables",
        _NEW,
        accepted=_ACCEPTED | {"RebootRequired"},
        results=("setVariableResult", "attributeStatus"),
        administrator=True,
    ),
    Declared(
        "SignedUpdateFirmware",
        _OLD,
        accepted=_ACCEPTED | {"AcceptedCanceled"},
        administrator=True,
        numbered=_NUMBERED,
    ),
    Declared("TriggerMessage", _BOTH),
    Declared(
        "UnlockConnector",
        _BOTH,
        accepted=frozenset({"Unlocked"}),
        # One brand answers "Accepted", which the specification does not have here.
        accepted_in={V16: _ACCEPTED | {"Unlocked"}},
    ),
    Declared(
        "UnpublishFirmware",
        _NEW,
        accepted=frozenset({"NoFirmware", "Unpublished"}),
        administrator=True,
    ),
    Declared("UpdateDynamicSchedule", _LATEST),
    Declared(
        "UpdateFirmware",
        _BOTH,
        accepted=_ACCEPTED | {"AcceptedCanceled"},
        accepted_in={V16: None},
        administrator=True,
        numbered=_NUMBERED,
    ),
    Declared("UsePriorityCharging", _LATEST),
)

# Where a version has a word of its own for what later ones call otherwise, people say the
# latter.
NEUTRAL_WORDS: Mapping[Version, Mapping[str, str]] = {
    V16: {
        "Hard": "immediate",
        "Soft": "on_idle",
        "ChargePointMaxProfile": "charging_station_max_profile",
        "CentralSystemRootCertificate": "csms_root_certificate",
        "SignChargePointCertificate": "sign_charging_station_certificate",
    },
}
# What is text though it stands for anything, by version, action and key.
DATA = frozenset({(V16, "DataTransfer", "data")})
