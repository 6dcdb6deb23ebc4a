"""The configuration keys that are known here, and why. No other is kept.

Among the others are card PINs, passwords and the authorization key. Which of those that are
kept are shown to nobody is said in `secret_names.py`.
"""

# What is read for a purpose.
READ = (
    "NumberOfConnectors",
    "SupportedFeatureProfiles",
    "MeterValuesSampledData",
    "MeterValuesSampledDataMaxLength",
    "MeterValueSampleInterval",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "GetConfigurationMaxKeys",
    "PlugAndChargeIdentifier",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
)
# What people look at and change. None of them holds a secret.
SHOWN = (
    "AllowOfflineTxForUnknownId",
    "AuthorizationCacheEnabled",
    "AuthorizeRemoteTxRequests",
    "BlinkRepeat",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "HeartbeatInterval",
    "LightIntensity",
    "LocalAuthListEnabled",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MaxEnergyOnInvalidId",
    "MeterValueSampleInterval",
    "MinimumStatusDuration",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "WebSocketPingInterval",
)
KNOWN = tuple(dict.fromkeys((*READ, *SHOWN)))

_CASEFOLDED = {key.casefold(): key for key in KNOWN}


def canonical(key: str) -> str | None:
    """Return how the specification spells a known key, or None where it is not known.

    One brand writes `ConnectionTimeout` where the specification has a capital O.
    """
    return _CASEFOLDED.get(key.casefold())
