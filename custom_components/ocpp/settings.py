"""What people chose in flows, as it is kept in a config entry, and what it means."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.util import dt as dt_util

from .compatibility import read_compatibility
from .const import (
    CONF_ASSUME_16,
    CONF_BLOCKED,
    CONF_CHARGERS,
    CONF_CHARGING_PRIORITY,
    CONF_COMPATIBILITY,
    CONF_CONCURRENT_TX,
    CONF_FIRMWARE_URL,
    CONF_GROUP,
    CONF_HEARTBEAT_INTERVAL,
    CONF_ID_TOKEN,
    CONF_IDENTITY,
    CONF_KNOWN_VENDORS,
    CONF_LOCAL_LIST,
    CONF_MAXIMUM_CURRENT,
    CONF_MAY_DISCHARGE,
    CONF_OWNER,
    CONF_PASSWORD_HASH,
    CONF_PENDING_INTERVAL,
    CONF_PHASES,
    CONF_QUIET,
    CONF_REGISTRATION,
    CONF_RENEW_EXPIRED,
    CONF_SECURITY_PROFILE,
    CONF_TOKEN,
    CONF_TYPE,
    CONF_UNKNOWN_CARDS,
    CONF_UNKNOWN_CHARGERS,
    CONF_VALID_UNTIL,
    CONF_VAT_NUMBERS,
    SUBENTRY_CHARGER,
)
from .csms.id_tokens import IdToken
from .csms.model import Options, RegistrationStatus, StationSettings


def evse_identifier(identity: str, evse: int) -> str:
    """Return how the device registry knows an EVSE.

    No charger can have it for an identity, which holds no control characters.
    """
    return f"{identity}\x1f{evse}"


def new_charger(identity: str, choices: Mapping[str, Any]) -> ConfigSubentry:
    """Return the subentry of a charger as people chose it."""
    data = {key: value for key, value in choices.items() if key != CONF_NAME}
    return ConfigSubentry(
        data=MappingProxyType({CONF_IDENTITY: identity, **data}),
        subentry_type=SUBENTRY_CHARGER,
        title=choices[CONF_NAME],
        unique_id=identity,
    )


def read_options(options: Mapping[str, Any]) -> Options:
    """Read the options of an entry; what is missing has its default."""
    default = Options()
    return Options(
        unknown_chargers=options.get(CONF_UNKNOWN_CHARGERS, default.unknown_chargers),
        quiet=options.get(CONF_QUIET, default.quiet),
        heartbeat_interval=int(
            options.get(CONF_HEARTBEAT_INTERVAL, default.heartbeat_interval)
        ),
        pending_interval=int(
            options.get(CONF_PENDING_INTERVAL, default.pending_interval)
        ),
        assume_16=options.get(CONF_ASSUME_16, default.assume_16),
        accept_unknown={"accept": True, "refuse": False}.get(
            options.get(CONF_UNKNOWN_CARDS, "")
        ),
        concurrent_tx=options.get(CONF_CONCURRENT_TX, default.concurrent_tx),
        local_list=options.get(CONF_LOCAL_LIST, default.local_list),
        id_token=options.get(CONF_ID_TOKEN) or default.id_token,
        known_vendors=frozenset(
            vendor.strip().casefold() for vendor in options.get(CONF_KNOWN_VENDORS, ())
        ),
        vat_numbers=tuple(options.get(CONF_VAT_NUMBERS, ())),
    )


def read_settings(data: Mapping[str, Any]) -> StationSettings:
    """Read what people decided about a charger."""
    default = StationSettings()
    registration = data.get(CONF_REGISTRATION, "accepted")
    return StationSettings(
        registration=RegistrationStatus(registration.capitalize()),
        maximum_current=float(data.get(CONF_MAXIMUM_CURRENT, default.maximum_current)),
        phases=int(data.get(CONF_PHASES, default.phases)),
        id_token=data.get(CONF_ID_TOKEN) or default.id_token,
        may_discharge=data.get(CONF_MAY_DISCHARGE, default.may_discharge),
        firmware_url=data.get(CONF_FIRMWARE_URL) or default.firmware_url,
        security_profile=int(data.get(CONF_SECURITY_PROFILE, default.security_profile)),
        renew_expired=data.get(CONF_RENEW_EXPIRED, default.renew_expired),
        password_hash=data.get(CONF_PASSWORD_HASH, default.password_hash),
        compatibility=read_compatibility(data.get(CONF_COMPATIBILITY, {})),
    )


def read_id_token(card: ConfigSubentry) -> IdToken:
    """Read a card that people listed."""
    # Older ones may have been typed with blanks around.
    default = IdToken(token=card.data[CONF_TOKEN].strip(), name=card.title)
    until = card.data.get(CONF_VALID_UNTIL)
    return IdToken(
        token=default.token,
        name=default.name,
        type=card.data.get(CONF_TYPE, default.type),
        owner=card.data.get(CONF_OWNER, default.owner),
        valid_until=dt_util.parse_datetime(until) if until else None,
        blocked=card.data.get(CONF_BLOCKED, default.blocked),
        group=card.data.get(CONF_GROUP, default.group),
        stations=frozenset(
            identity.casefold() for identity in card.data.get(CONF_CHARGERS, ())
        ),
        priority=card.data.get(CONF_CHARGING_PRIORITY, default.priority),
    )
