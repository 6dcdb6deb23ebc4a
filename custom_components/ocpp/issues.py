"""What people are shown under repairs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .csms.blocks.security import OwnCertificate
from .csms.charging_station import ChargingStation
from .csms.model import Part, Topic, utcnow
from .csms.store import StoreTrouble, TroubleKind
from .csms.store.allowance import MANY_TRANSACTIONS
from .csms.tls import Tls
from .security_profile import async_follow_security_profile
from .telling import async_stop, async_tell, async_tell_while

# How long before a certificate is over people are told.
_TOLD_BEFORE = timedelta(days=30)
_LOOK_EVERY = timedelta(hours=12)
# What people can do something about with a few clicks.
CERTIFICATE_OVER = "charger_certificate_over"
_EXPIRES = "charger_certificate_expires"
_RENEWING = "charger_certificate_renewing"
# The security profile that needs a certificate of the charger.
_CERTIFIED = 3


@callback
def async_show_port_issue(
    hass: HomeAssistant, entry: ConfigEntry, port: int, reason: str
) -> None:
    """Tell people that chargers can't connect, and why."""
    async_tell(
        hass,
        "port_unavailable",
        entry.entry_id,
        {"title": entry.title, "port": str(port), "reason": reason},
        severity=ir.IssueSeverity.ERROR,
    )


@callback
def async_drop_port_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more: the port is open, or nobody wants it."""
    async_tell(hass, "port_unavailable", entry.entry_id, None)


# --- chargers -----------------------------------------------------------------------------


@callback
def async_follow_limits(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Tell people as long as a charger has a limit that its model does not keep.

    Return how to stop that, and to tell them no more.
    """
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
        ignored = station.smart_charging.limits and not (
            station.compatibility.obeys_limits
        )
        words = {"title": title} if ignored else None
        async_tell(hass, "limits_ignored", subentry_id, words)

    @callback
    def stop() -> None:
        async_stop(watched.values())
        async_tell(hass, "limits_ignored", subentry_id, None)

    look()
    return stop


@callback
def async_follow_certificate(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Tell people when the certificate is soon over that a charger can't connect without.

    Where it is over, and was issued here, the charger may be let in to be given a new one.
    Return how to stop that, and to tell them no more.
    """

    @callback
    def look(_: datetime | None = None) -> None:
        mine = station.security.certificate
        needed = station.settings.security_profile >= _CERTIFIED
        told, words = "", {}
        if mine is not None and needed and mine.expires <= utcnow() + _TOLD_BEFORE:
            told = _told_of_certificate(mine, renews=station.settings.renew_expired)
            words = {"title": title, "date": _date(mine.expires)}
        # Each is a notice of its own: one that was repaired, or that people do not want to
        # see any more, takes no other with it.
        for key in (_EXPIRES, CERTIFICATE_OVER, _RENEWING):
            async_tell(
                hass,
                key,
                subentry_id,
                words if key == told else None,
                fixed_with={"subentry_id": subentry_id}
                if key == CERTIFICATE_OVER
                else None,
            )

    watched = [
        station.watch(Part(Topic.CERTIFICATES), look),
        station.watch(Part(Topic.INFO), look),
        async_track_time_interval(hass, look, _LOOK_EVERY, cancel_on_shutdown=True),
    ]

    @callback
    def stop() -> None:
        async_stop(watched)
        for key in (_EXPIRES, CERTIFICATE_OVER, _RENEWING):
            async_tell(hass, key, subentry_id, None)

    look()
    return stop


def _told_of_certificate(mine: OwnCertificate, *, renews: bool) -> str:
    """Return what people are told: where one of ours is over there is a way back."""
    if not mine.ours or mine.expires > utcnow():
        return _EXPIRES
    return _RENEWING if renews else CERTIFICATE_OVER


@callback
def async_follow_discharging(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Show while a session goes on although people changed whether cars may discharge.

    Return how to stop that, and show it no more.
    """
    return async_tell_while(
        hass,
        "discharging_unchanged",
        subentry_id,
        lambda: {"title": title} if station.v2x.refused else None,
        partial(station.watch, Part(Topic.LIMIT, 0, "v2x")),
    )


@callback
def async_follow_plenty(
    hass: HomeAssistant, station: ChargingStation, subentry_id: str, title: str
) -> Callable[[], None]:
    """Tell people for a day when a charger began more sessions than is plausible.

    All of them are kept. Return how to stop that, and to tell them no more.
    """
    plenty = station.store.plenty
    words = {"title": title, "most": str(MANY_TRANSACTIONS)}
    return async_tell_while(
        hass,
        "too_many_sessions",
        subentry_id,
        lambda: words if plenty.is_exceeded(station.identity) else None,
        partial(plenty.watch, station.identity),
        lambda look: async_track_time_interval(
            hass, look, _LOOK_EVERY, cancel_on_shutdown=True
        ),
    )


# What of each charger is told as long as it lasts.
FOLLOWED = (
    async_follow_limits,
    async_follow_certificate,
    async_follow_discharging,
    async_follow_plenty,
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
        filled = {"title": entry.title, **words} if told else None
        async_tell(hass, key, entry.entry_id, filled, severity=severity)


@callback
def async_drop_tls_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more: nothing is encrypted, or the central system is gone."""
    for key in ("tls_old_versions", "tls_certificate_expires", "tls_file_unusable"):
        async_tell(hass, key, entry.entry_id, None)


def _date(moment: datetime) -> str:
    return dt_util.as_local(moment).date().isoformat()


# --- the store ----------------------------------------------------------------------------

# One of what a database can fail by is told at a time.
_STORE = "store_failing"


@callback
def async_show_store_trouble(
    hass: HomeAssistant, entry: ConfigEntry, trouble: StoreTrouble | None
) -> None:
    """Tell people what the database does not do, and what that means; or no more."""
    if trouble is None:
        async_tell(hass, _STORE, entry.entry_id, None)
    elif trouble.kind is TroubleKind.DAMAGED:
        async_show_set_aside(hass, entry, trouble.set_aside)
    else:
        words = {"waiting": str(trouble.waiting), "dropped": str(trouble.dropped)}
        async_tell(
            hass,
            f"store_{trouble.kind}",
            entry.entry_id,
            {"title": entry.title, **words},
            severity=ir.IssueSeverity.ERROR,
            group=_STORE,
        )


@callback
def async_show_store_away(hass: HomeAssistant, entry: ConfigEntry, error: str) -> None:
    """Tell people that nothing starts because the database is not there."""
    async_tell(
        hass,
        "store_away",
        entry.entry_id,
        {"title": entry.title, "error": error},
        severity=ir.IssueSeverity.ERROR,
        group=_STORE,
    )


@callback
def async_show_set_aside(
    hass: HomeAssistant, entry: ConfigEntry, name: str | None
) -> None:
    """Tell people of a damaged file that lies beside the one that is used, if any does."""
    words = {"title": entry.title, "name": name} if name is not None else None
    async_tell(hass, "store_damaged", entry.entry_id, words)


@callback
def async_drop_store_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people no more of a store that nobody uses."""
    for issue in (_STORE, "store_damaged"):
        async_tell(hass, issue, entry.entry_id, None)
