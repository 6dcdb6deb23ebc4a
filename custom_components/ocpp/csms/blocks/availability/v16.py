"""How OCPP 1.6 spells what a connector is doing."""

from ...model import EvseStatus, Payload

STATUSES = {
    "available": EvseStatus.AVAILABLE,
    "preparing": EvseStatus.PREPARING,
    "charging": EvseStatus.CHARGING,
    "suspendedev": EvseStatus.SUSPENDED_EV,
    "suspendedevse": EvseStatus.SUSPENDED_EVSE,
    "finishing": EvseStatus.FINISHING,
    "reserved": EvseStatus.RESERVED,
    "unavailable": EvseStatus.UNAVAILABLE,
    "faulted": EvseStatus.FAULTED,
    # OCPP 1.5, still spoken by some under the name of 1.6.
    "occupied": EvseStatus.OCCUPIED,
}
ERROR_CODES = {
    "NoError": "no_error",
    "ConnectorLockFailure": "connector_lock_failure",
    "EVCommunicationError": "ev_communication_error",
    "GroundFailure": "ground_failure",
    "HighTemperature": "high_temperature",
    "InternalError": "internal_error",
    "LocalListConflict": "local_list_conflict",
    "OtherError": "other_error",
    "OverCurrentFailure": "over_current_failure",
    "OverVoltage": "over_voltage",
    "PowerMeterFailure": "power_meter_failure",
    "PowerSwitchFailure": "power_switch_failure",
    "ReaderFailure": "reader_failure",
    "ResetFailure": "reset_failure",
    "UnderVoltage": "under_voltage",
    "WeakSignal": "weak_signal",
}
_ERRORS_CASEFOLDED = {code.casefold(): slug for code, slug in ERROR_CODES.items()}
# How stations write that there is no vendor error.
_NO_VENDOR_ERROR = frozenset({"", "none", "null", "0", "0x00", "0x0000", "noerror"})


def error_code(payload: Payload) -> str:
    """Return the error of a status; one that nobody knows is still an error."""
    said = str(payload.get("errorCode") or "NoError")
    return _ERRORS_CASEFOLDED.get(said.casefold(), "other_error")


def vendor_error(payload: Payload) -> str:
    """Return the vendor's own words for what is wrong, or nothing."""
    words = []
    for key in ("vendorErrorCode", "info"):
        word = str(payload.get(key) or "").strip()
        if word.casefold() not in _NO_VENDOR_ERROR and word not in words:
            words.append(word)
    return ": ".join(words)[:255]


def change(*, operative: bool, evse: int) -> Payload:
    """Spell the wish whether an EVSE, or with 0 the station, is to be used."""
    return {
        "connectorId": evse,
        "type": "Operative" if operative else "Inoperative",
    }
