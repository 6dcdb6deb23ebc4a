"""What people are shown under repairs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .csms.charging_station import ChargingStation
from .csms.model import Part, Topic, utcnow
from .csms.store import StoreTrouble, TroubleKind
from .csms.tls import Tls
from .security_profile import async_follow_security_profile

# How long before a certificate is over people are told.
_TOLD_BEFORE = timedelta(days=30)
_LOOK_EVERY = timedelta(hours=12)
# The security profile that needs a certificate of the charger.
_CERTIFIED = 3


@callback
def async_show_port_issue(
    hass: HomeAssistant, entry: ConfigEntry, port: int, reason: str
) -> None:
    """Tell people that chargers can't connect, and why."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _port_issue(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="port_unavailable",
        translation_placeholders={
            "title": entry.title,
            "port": str(port),
            "reason": reason,
        },
    )


@callback
def async_drop_port_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more: the port is open, or nobody wants it."""
    ir.async_delete_issue(hass, DOMAIN, _port_issue(entry))


def _port_issue(entry: ConfigEntry) -> str:
    return f"port_unavailable_{entry.entry_id}"


# --- chargers -----------------------------------------------------------------------------


@callback
def async_follow_limits(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Tell people as long as a charger has a limit that its model does not keep.

    Return how to stop that, and to tell them no more.
    """
    issue = f"limits_ignored_{subentry_id}"
    watched: dict[Part, Callable[[], None]] = {}

    @callback
    def look() -> None:
        for part in (
            Part(Topic.INFO),
            Part(Topic.STRUCTURE),
            *(Part(Topic.LIMIT, evse) for evse in (0, *station.evses)),
        ):
            if part not in watched:
                watched[part] = station.watch(part, look)
        if station.compatibility.obeys_limits or not station.smart_charging.limits:
            ir.async_delete_issue(hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="limits_ignored",
            translation_placeholders={"title": title},
        )

    @callback
    def stop() -> None:
        for unwatch in watched.values():
            unwatch()
        ir.async_delete_issue(hass, DOMAIN, issue)

    look()
    return stop


@callback
def async_follow_certificate(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Tell people when the certificate is soon over that a charger can't connect without.

    Return how to stop that, and to tell them no more.
    """
    issue = f"charger_certificate_expires_{subentry_id}"

    @callback
    def look(_: datetime | None = None) -> None:
        mine = station.security.certificate
        needed = station.settings.security_profile >= _CERTIFIED
        if mine is None or not needed or mine.expires > utcnow() + _TOLD_BEFORE:
            ir.async_delete_issue(hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="charger_certificate_expires",
            translation_placeholders={"title": title, "date": _date(mine.expires)},
        )

    watched = [
        station.watch(Part(Topic.CERTIFICATES), look),
        station.watch(Part(Topic.INFO), look),
        async_track_time_interval(hass, look, _LOOK_EVERY, cancel_on_shutdown=True),
    ]

    @callback
    def stop() -> None:
        for unwatch in watched:
            unwatch()
        ir.async_delete_issue(hass, DOMAIN, issue)

    look()
    return stop


@callback
def async_follow_discharging(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Show while a session goes on although people changed whether cars may discharge.

    Return how to stop that, and show it no more.
    """
    issue = f"discharging_unchanged_{subentry_id}"

    @callback
    def look() -> None:
        if not station.v2x.refused:
            ir.async_delete_issue(hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="discharging_unchanged",
            translation_placeholders={"title": title},
        )

    unwatch = station.watch(Part(Topic.LIMIT, 0, "v2x"), look)

    @callback
    def stop() -> None:
        unwatch()
        ir.async_delete_issue(hass, DOMAIN, issue)

    look()
    return stop


# What of each charger is told as long as it lasts.
FOLLOWED = (
    async_follow_limits,
    async_follow_certificate,
    async_follow_discharging,
    async_follow_security_profile,
)


# --- encryption ---------------------------------------------------------------------------


@callback
def async_show_tls_issues(
    hass: HomeAssistant, entry: ConfigEntry, tls: Tls, broken: str | None
) -> None:
    """Tell people what they have to do about certificates, or what they put up with.

    `broken` names a file that can't be used any more; certificates of our own authority
    are renewed without anybody.
    """
    expires = tls.expires if tls.own_files else None
    if expires is not None and expires > utcnow() + _TOLD_BEFORE:
        expires = None
    date = _date(expires) if expires is not None else ""
    for key, told, severity, words in (
        (
            "tls_old_versions",
            tls.settings.old_versions,
            ir.IssueSeverity.WARNING,
            {},
        ),
        (
            "tls_certificate_expires",
            expires is not None,
            ir.IssueSeverity.ERROR,
            {"date": date},
        ),
        (
            "tls_file_unusable",
            broken is not None,
            ir.IssueSeverity.ERROR,
            {"path": broken or ""},
        ),
    ):
        if not told:
            ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{key}_{entry.entry_id}",
            is_fixable=False,
            severity=severity,
            translation_key=key,
            translation_placeholders={"title": entry.title, **words},
        )


@callback
def async_drop_tls_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more: nothing is encrypted, or the central system is gone."""
    for key in ("tls_old_versions", "tls_certificate_expires", "tls_file_unusable"):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")


def _date(moment: datetime) -> str:
    return dt_util.as_local(moment).date().isoformat()


# --- the store ----------------------------------------------------------------------------


@callback
def async_show_store_trouble(
    hass: HomeAssistant, entry: ConfigEntry, trouble: StoreTrouble | None
) -> None:
    """Tell people what the database does not do, and what that means; or no more."""
    if trouble is None:
        ir.async_delete_issue(hass, DOMAIN, _store_issue(entry))
    elif trouble.kind is TroubleKind.DAMAGED:
        async_show_set_aside(hass, entry, trouble.set_aside)
    else:
        ir.async_create_issue(
            hass,
            DOMAIN,
            _store_issue(entry),
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key=f"store_{trouble.kind}",
            translation_placeholders={
                "title": entry.title,
                "waiting": str(trouble.waiting),
                "dropped": str(trouble.dropped),
            },
        )


@callback
def async_show_store_away(hass: HomeAssistant, entry: ConfigEntry, error: str) -> None:
    """Tell people that nothing starts because the database is not there."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _store_issue(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="store_away",
        translation_placeholders={"title": entry.title, "error": error},
    )


@callback
def async_show_set_aside(
    hass: HomeAssistant, entry: ConfigEntry, name: str | None
) -> None:
    """Tell people of a damaged file that lies beside the one that is used, if any does."""
    if name is None:
        ir.async_delete_issue(hass, DOMAIN, _damage_issue(entry))
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _damage_issue(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="store_damaged",
        translation_placeholders={"title": entry.title, "name": name},
    )


@callback
def async_drop_store_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more of a store that nobody uses."""
    for issue in (_store_issue(entry), _damage_issue(entry)):
        ir.async_delete_issue(hass, DOMAIN, issue)


def _store_issue(entry: ConfigEntry) -> str:
    return f"store_failing_{entry.entry_id}"


def _damage_issue(entry: ConfigEntry) -> str:
    return f"store_damaged_{entry.entry_id}"
