"""The encrypted listener of a central system, as Home Assistant runs it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from .addresses import async_own_names
from .const import (
    CONF_ALLOW_PLAIN,
    CONF_TLS_CERTIFICATE,
    CONF_TLS_CERTIFICATE_RSA,
    CONF_TLS_CLIENT_CA,
    CONF_TLS_KEY,
    CONF_TLS_KEY_RSA,
    CONF_TLS_OLD_VERSIONS,
    CONF_TLS_ORGANISATION,
    CONF_TLS_PORT,
)
from .csms.authority import Authority, AuthorityError
from .csms.tls import Tls, TlsError, TlsSettings
from .issues import async_drop_tls_issues, async_show_tls_issues

# One for all central systems: chargers trust one root.
_AUTHORITY: HassKey[Authority] = HassKey("ocpp_authority")
_FOLDER = "ocpp"
# Where people renew their own files by a program, that has to be noticed in time.
_REFRESH_EVERY = timedelta(hours=12)
TLS_OPTIONS = (
    CONF_ALLOW_PLAIN,
    CONF_TLS_PORT,
    CONF_TLS_CERTIFICATE,
    CONF_TLS_KEY,
    CONF_TLS_CERTIFICATE_RSA,
    CONF_TLS_KEY_RSA,
    CONF_TLS_CLIENT_CA,
    CONF_TLS_ORGANISATION,
    CONF_TLS_OLD_VERSIONS,
)


def read_tls(hass: HomeAssistant, options: Mapping[str, Any]) -> TlsSettings | None:
    """Read how people want the encrypted listener, or that they want none.

    Files are named from the configuration directory on, or in full.
    """
    if not (port := options.get(CONF_TLS_PORT)):
        return None

    def path(key: str) -> Path | None:
        return Path(hass.config.path(options[key])) if options.get(key) else None

    return TlsSettings(
        port=int(port),
        plain=options.get(CONF_ALLOW_PLAIN, True),
        certificate=path(CONF_TLS_CERTIFICATE),
        key=path(CONF_TLS_KEY),
        certificate_rsa=path(CONF_TLS_CERTIFICATE_RSA),
        key_rsa=path(CONF_TLS_KEY_RSA),
        client_ca=path(CONF_TLS_CLIENT_CA),
        organisation=options.get(CONF_TLS_ORGANISATION) or "",
        old_versions=options.get(CONF_TLS_OLD_VERSIONS, False),
    )


def authority_of(hass: HomeAssistant) -> Authority:
    """Return the certificate authority of this Home Assistant, which may not be made yet."""
    if _AUTHORITY not in hass.data:
        hass.data[_AUTHORITY] = Authority(Path(hass.config.path(_FOLDER)))
    return hass.data[_AUTHORITY]


class Encryption:
    """Keeps the certificates of a central system in force."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Read what people want."""
        self._hass = hass
        self._entry = entry
        settings = read_tls(hass, entry.options)
        self.tls = (
            Tls(settings=settings, authority=authority_of(hass))
            if settings is not None
            else None
        )

    async def async_prepare(self) -> None:
        """Find out by which names chargers reach this machine, before it listens."""
        if self.tls is not None:
            self.tls.names = await async_own_names(self._hass)

    @callback
    def async_follow(self) -> None:
        """Renew certificates as long as the entry is loaded, and show what is to be done."""
        self._show()
        if self.tls is not None:
            self._entry.async_on_unload(
                async_track_time_interval(
                    self._hass,
                    self.async_refresh,
                    _REFRESH_EVERY,
                    cancel_on_shutdown=True,
                )
            )

    async def async_refresh(self, _: datetime) -> None:
        """Renew what is soon over, and read files of people that changed."""
        if self.tls is None:
            return
        self.tls.names = await async_own_names(self._hass)
        broken = None
        try:
            await self._hass.async_add_executor_job(self.tls.refresh)
        except TlsError as error:
            broken = str(error.path or error.field)
        except AuthorityError as error:
            broken = str(error)
        self._show(broken)

    @callback
    def _show(self, broken: str | None = None) -> None:
        if self.tls is None:
            async_drop_tls_issues(self._hass, self._entry)
        else:
            async_show_tls_issues(self._hass, self._entry, self.tls, broken)
