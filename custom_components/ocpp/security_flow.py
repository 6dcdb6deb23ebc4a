"""The form about encryption: what can be chosen, and what is wrong with a choice."""

import errno
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
import probatio

from .addresses import try_to_listen
from .const import (
    CONF_ALLOW_PLAIN,
    CONF_SECURITY_PROFILE,
    CONF_TLS_CERTIFICATE,
    CONF_TLS_CERTIFICATE_RSA,
    CONF_TLS_CLIENT_CA,
    CONF_TLS_KEY,
    CONF_TLS_KEY_RSA,
    CONF_TLS_OLD_VERSIONS,
    CONF_TLS_ORGANISATION,
    CONF_TLS_PORT,
    SUBENTRY_CHARGER,
)
from .csms.model import utcnow
from .csms.tls import Pair, TlsError, TlsSettings, check_client_ca, check_pair
from .tls import read_tls

_FILE = selector.TextSelector()
# The first security profile that needs encryption.
_ENCRYPTED = 2

SECURITY_SCHEMA = probatio.Schema(
    {
        probatio.Optional(CONF_TLS_PORT): probatio.All(
            selector.NumberSelector(
                selector.NumberSelectorConfig(
                    min=1, max=65535, step=1, mode=selector.NumberSelectorMode.BOX
                )
            ),
            probatio.Coerce(int),
        ),
        probatio.Required(CONF_ALLOW_PLAIN, default=True): selector.BooleanSelector(),
        probatio.Optional(CONF_TLS_CERTIFICATE): _FILE,
        probatio.Optional(CONF_TLS_KEY): _FILE,
        probatio.Optional(CONF_TLS_CERTIFICATE_RSA): _FILE,
        probatio.Optional(CONF_TLS_KEY_RSA): _FILE,
        probatio.Optional(CONF_TLS_CLIENT_CA): _FILE,
        probatio.Optional(CONF_TLS_ORGANISATION): selector.TextSelector(),
        probatio.Required(
            CONF_TLS_OLD_VERSIONS, default=False
        ): selector.BooleanSelector(),
    }
)


def check_security(
    hass: HomeAssistant, entry: ConfigEntry, chosen: dict[str, Any]
) -> dict[str, str]:
    """Return what keeps chargers from connecting in this way, as errors of the form.

    Files are read and the port is tried, which blocks.
    """
    errors: dict[str, str] = {}
    if (settings := read_tls(hass, chosen)) is None:
        if not chosen.get(CONF_ALLOW_PLAIN, True):
            errors[CONF_ALLOW_PLAIN] = "no_listener"
        elif any(
            int(charger.data.get(CONF_SECURITY_PROFILE, 0)) >= _ENCRYPTED
            for charger in entry.get_subentries_of_type(SUBENTRY_CHARGER)
        ):
            errors[CONF_TLS_PORT] = "encryption_needed"
        return errors
    if settings.plain and settings.port == entry.data[CONF_PORT]:
        errors[CONF_TLS_PORT] = "same_port"
    elif settings.port not in (
        entry.options.get(CONF_TLS_PORT),
        # It is free once nothing else listens there.
        entry.data[CONF_PORT],
    ):
        errors |= _try_port(entry.data[CONF_HOST], settings.port)
    try:
        for pair, field in _pairs(settings):
            if pair.expires < utcnow():
                errors[field] = "certificate_expired"
        if settings.client_ca is not None:
            check_client_ca(settings.client_ca)
            if not settings.organisation:
                errors[CONF_TLS_ORGANISATION] = "organisation_missing"
    except TlsError as error:
        errors[error.field] = error.reason
    return errors


def _pairs(settings: TlsSettings) -> list[tuple[Pair, str]]:
    """Return the certificates of people; raises `TlsError`."""
    pairs = []
    if settings.certificate is not None:
        pair = check_pair(settings.certificate, settings.key)
        pairs.append((pair, CONF_TLS_CERTIFICATE))
    elif settings.key or settings.certificate_rsa or settings.key_rsa:
        raise TlsError(CONF_TLS_CERTIFICATE, "certificate_missing")
    if settings.certificate_rsa is not None:
        pair = check_pair(settings.certificate_rsa, settings.key_rsa, suffix="_rsa")
        pairs.append((pair, CONF_TLS_CERTIFICATE_RSA))
    elif settings.key_rsa is not None:
        raise TlsError(CONF_TLS_CERTIFICATE_RSA, "certificate_missing")
    return pairs


def _try_port(host: str, port: int) -> dict[str, str]:
    """Return why nothing could listen on a port."""
    try:
        try_to_listen(host, port)
    except OSError as error:
        if error.errno == errno.EACCES:
            return {CONF_TLS_PORT: "port_not_allowed"}
        return {CONF_TLS_PORT: "address_in_use"}
    return {}
