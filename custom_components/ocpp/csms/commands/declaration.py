"""The commands there are. What their requests hold is derived from the schemas of OCPP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_ACCEPTED = frozenset({"Accepted"})


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the schemas do not say about a command.

    `v16` is what OCPP 1.6 calls it; the action's name is made from it.
    """

    v16: str
    accepted: frozenset[str] | None = _ACCEPTED
    administrator: bool = False
    numbered: frozenset[str] = field(default_factory=frozenset)


DECLARED = (
    Declared(v16="CancelReservation"),
    Declared(v16="CertificateSigned", administrator=True),
    Declared(v16="ChangeAvailability", accepted=_ACCEPTED | {"Scheduled"}),
    Declared(
        v16="ChangeConfiguration",
        accepted=_ACCEPTED | {"RebootRequired"},
        administrator=True,
    ),
    Declared(v16="ClearCache"),
    # That there was nothing to remove is as good.
    Declared(v16="ClearChargingProfile", accepted=_ACCEPTED | {"Unknown"}),
    # It may mean anything to the station's vendor.
    Declared(v16="DataTransfer", administrator=True),
    Declared(v16="DeleteCertificate", administrator=True),
    Declared(v16="ExtendedTriggerMessage"),
    Declared(v16="GetCompositeSchedule"),
    # Among the answers are passwords and the numbers of cards.
    Declared(v16="GetConfiguration", accepted=None, administrator=True),
    Declared(v16="GetDiagnostics", accepted=None),
    # That there are none is an answer, not a refusal.
    Declared(v16="GetInstalledCertificateIds", accepted=_ACCEPTED | {"NotFound"}),
    Declared(v16="GetLocalListVersion", accepted=None),
    Declared(
        v16="GetLog",
        accepted=_ACCEPTED | {"AcceptedCanceled"},
        numbered=frozenset({"request_id"}),
    ),
    Declared(v16="InstallCertificate", administrator=True),
    Declared(v16="RemoteStartTransaction"),
    Declared(v16="RemoteStopTransaction"),
    Declared(v16="ReserveNow", numbered=frozenset({"reservation_id"})),
    Declared(v16="Reset", administrator=True),
    Declared(v16="SendLocalList", administrator=True),
    Declared(v16="SetChargingProfile"),
    Declared(
        v16="SignedUpdateFirmware",
        accepted=_ACCEPTED | {"AcceptedCanceled"},
        administrator=True,
        numbered=frozenset({"request_id"}),
    ),
    Declared(v16="TriggerMessage"),
    # One brand answers "Accepted", which the specification does not have here.
    Declared(v16="UnlockConnector", accepted=_ACCEPTED | {"Unlocked"}),
    Declared(v16="UpdateFirmware", accepted=None, administrator=True),
)

# Where 1.6 has a word of its own for what 2.x calls otherwise, people say the latter.
NEUTRAL_WORDS_16: Mapping[str, str] = {
    "Hard": "immediate",
    "Soft": "on_idle",
    "ChargePointMaxProfile": "charging_station_max_profile",
    "CentralSystemRootCertificate": "csms_root_certificate",
    "SignChargePointCertificate": "sign_charging_station_certificate",
}
# What is text in 1.6 though it stands for anything, by action and key.
DATA_16 = frozenset({("DataTransfer", "data")})
