"""Names that more than one module of the Home Assistant side uses."""

from typing import Final

DOMAIN: Final = "ocpp"

SUBENTRY_CHARGER: Final = "charger"
SUBENTRY_ID_TOKEN: Final = "id_token"

CONF_ALLOW_PLAIN: Final = "allow_plain"
CONF_ASSUME_16: Final = "assume_16"
CONF_BLOCKED: Final = "blocked"
CONF_CHARGERS: Final = "chargers"
CONF_CHARGING_PRIORITY: Final = "charging_priority"
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
CONF_MAY_DISCHARGE: Final = "may_discharge"
CONF_OWNER: Final = "owner"
CONF_PASSWORD: Final = "password"
CONF_PASSWORD_HASH: Final = "password_hash"
CONF_PENDING_INTERVAL: Final = "pending_interval"
CONF_PHASES: Final = "phases"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_PRICE_PER_KWH: Final = "price_per_kwh"
CONF_PRICE_PER_SESSION: Final = "price_per_session"
CONF_QUIET: Final = "quiet"
CONF_RARELY_USED: Final = "rarely_used"
CONF_REGISTRATION: Final = "registration"
CONF_RENEW_EXPIRED: Final = "renew_expired"
CONF_SECURITY_PROFILE: Final = "security_profile"
CONF_TLS_CERTIFICATE: Final = "tls_certificate"
CONF_TLS_CERTIFICATE_RSA: Final = "tls_certificate_rsa"
CONF_TLS_CLIENT_CA: Final = "tls_client_ca"
CONF_TLS_KEY: Final = "tls_key"
CONF_TLS_KEY_RSA: Final = "tls_key_rsa"
CONF_TLS_OLD_VERSIONS: Final = "tls_old_versions"
CONF_TLS_ORGANISATION: Final = "tls_organisation"
CONF_TLS_PORT: Final = "tls_port"
CONF_TOKEN: Final = "token"
CONF_TYPE: Final = "type"
CONF_UNKNOWN_CARDS: Final = "unknown_cards"
CONF_UNKNOWN_CHARGERS: Final = "unknown_chargers"
CONF_VALID_UNTIL: Final = "valid_until"
CONF_VAT_NUMBERS: Final = "vat_numbers"

DEFAULT_HOST: Final = "0.0.0.0"  # noqa: S104 - chargers come from the local network
DEFAULT_PORT: Final = 9000
# What people are shown until they choose one.
DEFAULT_TLS_PORT: Final = 9001
# In days. What was charged when, minute by minute; sessions themselves stay.
DEFAULT_KEEP_SAMPLES: Final = 400
