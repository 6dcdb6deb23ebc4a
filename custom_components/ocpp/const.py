"""Names that more than one module of the Home Assistant side uses."""

from typing import Final

DOMAIN: Final = "ocpp"

SUBENTRY_CHARGER: Final = "charger"
SUBENTRY_ID_TOKEN: Final = "id_token"

CONF_ADOPT_AUTOMATICALLY: Final = "adopt_automatically"
CONF_ASSUME_16: Final = "assume_16"
CONF_BLOCKED: Final = "blocked"
CONF_CHARGERS: Final = "chargers"
CONF_COMPATIBILITY: Final = "compatibility"
CONF_CONCURRENT_TX: Final = "concurrent_tx"
CONF_DB_URL: Final = "db_url"
CONF_FIRMWARE_URL: Final = "firmware_url"
CONF_GROUP: Final = "group"
CONF_HEARTBEAT_INTERVAL: Final = "heartbeat_interval"
CONF_ID_TOKEN: Final = "id_token"
CONF_IDENTITY: Final = "identity"
CONF_KEEP_SAMPLES: Final = "keep_samples"
CONF_KNOWN_VENDORS: Final = "known_vendors"
CONF_LOCAL_LIST: Final = "local_list"
CONF_MAXIMUM_CURRENT: Final = "maximum_current"
CONF_OWNER: Final = "owner"
CONF_PENDING_INTERVAL: Final = "pending_interval"
CONF_PHASES: Final = "phases"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_PRICE_PER_KWH: Final = "price_per_kwh"
CONF_PRICE_PER_SESSION: Final = "price_per_session"
CONF_QUIET: Final = "quiet"
CONF_REGISTRATION: Final = "registration"
CONF_TOKEN: Final = "token"
CONF_TYPE: Final = "type"
CONF_UNKNOWN_CARDS: Final = "unknown_cards"
CONF_VALID_UNTIL: Final = "valid_until"

DEFAULT_HOST: Final = "0.0.0.0"  # noqa: S104 - chargers come from the local network
DEFAULT_PORT: Final = 9000
# In days. What was charged when, minute by minute; sessions themselves stay.
DEFAULT_KEEP_SAMPLES: Final = 400
