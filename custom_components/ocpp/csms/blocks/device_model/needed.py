"""What is needed of the device model before anything else is known of it."""

from ...variables import Place
from .batches import limit_places

_LIMITS = tuple(
    place
    for action in ("GetVariables", "SetVariables", "GetReport")
    for place in limit_places(action)
)
_SAMPLED, _SMART = "SampledDataCtrlr", "SmartChargingCtrlr"

# The limits first: they hold for the messages that ask for the rest.
NEEDED = (
    *_LIMITS,
    Place(_SMART, "RateUnit"),
    Place(_SMART, "Enabled"),
    Place(_SMART, "Available"),
    Place(_SMART, "ProfileStackLevel"),
    Place(_SMART, "PeriodsPerSchedule"),
    Place(_SMART, "Entries", instance="ChargingProfiles"),
    Place(_SMART, "ACPhaseSwitchingSupported"),
    Place(_SAMPLED, "Enabled"),
    Place(_SAMPLED, "TxStartedMeasurands"),
    Place(_SAMPLED, "TxUpdatedMeasurands"),
    Place(_SAMPLED, "TxUpdatedInterval"),
    Place(_SAMPLED, "TxEndedMeasurands"),
    Place("LocalAuthListCtrlr", "Available"),
    Place("LocalAuthListCtrlr", "Enabled"),
    Place("LocalAuthListCtrlr", "ItemsPerMessage"),
    Place("LocalAuthListCtrlr", "BytesPerMessage"),
    Place("TxCtrlr", "TxStartPoint"),
    Place("TxCtrlr", "TxStopPoint"),
)
