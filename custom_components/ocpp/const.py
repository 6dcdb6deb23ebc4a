"""Names that more than one module of the Home Assistant side uses."""

from typing import Final

DOMAIN: Final = "ocpp"

SUBENTRY_CHARGER: Final = "charger"

CONF_ADOPT_AUTOMATICALLY: Final = "adopt_automatically"
CONF_ASSUME_16: Final = "assume_16"
CONF_HEARTBEAT_INTERVAL: Final = "heartbeat_interval"
CONF_ID_TOKEN: Final = "id_token"
CONF_IDENTITY: Final = "identity"
CONF_MAXIMUM_CURRENT: Final = "maximum_current"
CONF_PENDING_INTERVAL: Final = "pending_interval"
CONF_PHASES: Final = "phases"
CONF_QUIET: Final = "quiet"
CONF_REGISTRATION: Final = "registration"

DEFAULT_HOST: Final = "0.0.0.0"  # noqa: S104 - chargers come from the local network
DEFAULT_PORT: Final = 9000
