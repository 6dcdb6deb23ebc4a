"""Functional block B: provisioning. Booting, configuration, reset."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ...configuration_keys import KNOWN, canonical
from ...errors import (
    CommandFailed,
    CommandRejected,
    NotSupported,
    OcppError,
    StationOffline,
)
from ...model import (
    MOST_EVSES,
    Payload,
    RegistrationStatus,
    StationInfo,
    Topic,
    timestamp,
    utcnow,
)
from ...secret_names import is_secret_key
from ...versions import V2, V16
from ..block import Block, answers, follows
from . import v2, v16

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

# Asked for by name only after the whole list did not hold them: a station may lack all.
_ESSENTIAL = (
    "NumberOfConnectors",
    "SupportedFeatureProfiles",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
)
_LONGEST_VALUE = 2_000


class ConfigurationKey(NamedTuple):
    """One configuration key of a station."""

    value: str
    readonly: bool


class Provisioning(Block):
    """Who the station is, and how it is set up."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with a station that never booted."""
        super().__init__(station)
        self.info: StationInfo | None = None
        self.keys: dict[str, ConfigurationKey] = {}
        self._not_secret: set[str] = set()
        # The keys that came since the configuration was last asked for.
        self._reported: set[str] = set()
        # How the station spells keys that the specification spells otherwise.
        self._spelled: dict[str, str] = {}
        # How many keys were known here when it was read: a later release may know more.
        self._read_for = 0
        # The keys whose new value only holds once the station restarted.
        self.after_reboot: set[str] = set()
        # Set at each BootNotification on the present socket.
        self.booted = asyncio.Event()

    # --- boot ---------------------------------------------------------------------------

    @answers("BootNotification", V16, *V2, always=True, repeatable=True)
    def on_boot_notification(self, payload: Payload) -> Payload:
        """Answer whether the station is admitted (B01, B02, B03).

        One that shows the certificate of another is not (B01.FR.12).
        """
        says = (v16 if self.speaks_16 else v2).read_info(payload)
        if self.station.security.is_another(says.serial):
            self.station.note("BootNotification: another charger's certificate")
            self.station.afterwards(self.station.disconnect)
            return self._verdict(RegistrationStatus.REJECTED)
        self.booted.set()
        if not self.station.renewal.going_on:
            # Who it is counts once it comes with a certificate that holds (A00.FR.429).
            self._take_up(says)
            self._on_boot(payload)
        status = self.station.registration
        self.station.on_boot(status)
        return self._verdict(status)

    def _take_up(self, says: StationInfo) -> None:
        """Know who the station says that it is."""
        known = self.info or StationInfo()
        # What a boot leaves out is no news.
        info = StationInfo(
            vendor=says.vendor or known.vendor,
            model=says.model or known.model,
            serial=says.serial or known.serial,
            firmware=says.firmware or known.firmware,
        )
        if info != self.info:
            if self.info is not None and info.firmware != self.info.firmware:
                # New firmware may have learnt what the old one could not.
                self.station.smart_charging.forget_what_worked()
            self.info = info
            self.changed(Topic.INFO)
            self.station.remember()

    def _on_boot(self, payload: Payload) -> None:
        """Know what is different since the station restarted."""
        for key in tuple(self.after_reboot):
            self._set_after_reboot(key, False)
        # One that was asked for says nothing of a restart.
        self.station.smart_charging.on_boot(
            restarted=payload.get("reason") != "Triggered"
        )
        self.station.restarts.on_boot()
        self.station.diagnostics.on_boot()

    def _verdict(self, status: RegistrationStatus) -> Payload:
        options = self.station.options
        accepted = status is RegistrationStatus.ACCEPTED
        return {
            "status": status.value,
            "currentTime": timestamp(utcnow()),
            "interval": options.heartbeat_interval
            if accepted
            else options.pending_interval,
        }

    async def admit(self) -> None:
        """Make a station that was told to wait, and is accepted now, boot again.

        One that can't be asked to, or does not do it, loses its socket: stations boot, or
        simply go on, when they come back. One that would stay away is prepared as it is.
        """
        self.booted.clear()
        socket_since = self.station.connected_at
        try:
            async with asyncio.timeout(self.station.options.adoption_grace):
                await self.station.remote_control.trigger("BootNotification")
                await self.booted.wait()
        except StationOffline:
            return
        except OcppError, TimeoutError:
            if self.station.connected_at != socket_since:
                return
            if self.station.compatibility.redials:
                self.station.disconnect()
            elif not self.booted.is_set():
                self.station.preparation.begin_in(0, booted=False)

    # --- configuration ------------------------------------------------------------------

    def value(self, key: str) -> str | None:
        """Return the value of a configuration key, or None when the station has none."""
        known = self.keys.get(key)
        return known.value if known is not None else None

    def number(self, key: str, default: int, *, at_most: int) -> int:
        """Return a whole number from the configuration, where it is a sane one."""
        if (value := self.value(key)) is None:
            return default
        try:
            number = int(float(value))
        except ValueError, OverflowError:
            return default
        return number if 0 <= number <= at_most else default

    def supports(self, profile: str) -> bool:
        """Return whether the station has a feature profile, as far as can be known.

        A list without "Core", which every station has, is not believed.
        """
        told = self.value("SupportedFeatureProfiles") or ""
        profiles = {word.strip().casefold() for word in told.split(",")}
        return "core" not in profiles or profile.casefold() in profiles

    async def prepare(self, *, booted: bool) -> None:
        """Read the configuration: all of it, then by name what the answer left out."""
        if not self.speaks_16 or (
            not booted and self.keys and self._read_for == len(KNOWN)
        ):
            return
        if not self.sends("GetConfiguration"):
            return
        self._read_for = len(KNOWN)
        if not self.keys:
            await self._replace_measurands()
        self._reported = set()
        wanted, all_came = await self._read_all()
        # Also those that were there before: some are only told of when asked by name.
        missing = [
            key
            for key in dict.fromkeys((*wanted, *self.keys))
            if key in KNOWN and not (key in self.keys and key in self._reported)
        ]
        most = self.number("GetConfigurationMaxKeys", 0, at_most=1000) or len(KNOWN)
        for first in range(0, len(missing), most):
            await self._read_named(missing[first : first + most], all_came=all_came)
        self._forget_what_is_gone()
        self.station.remember()

    async def _read_named(self, keys: list[str], *, all_came: bool) -> None:
        """Ask for keys that the list did not hold, whether or not all were in it."""
        spelled = [self._spelled.get(key, key) for key in keys]
        try:
            await self.command("GetConfiguration", {"key": spelled})
        except CommandFailed:
            # What some say to keys that they do not have.
            self.station.note("GetConfiguration: no answer for keys by name")
            if not all_came:
                # They may be there all the same.
                self._reported.update(keys)

    def _forget_what_is_gone(self) -> None:
        """Know no keys any more that the station neither listed nor has by name.

        One that reported none at all has told nothing.
        """
        if not self._reported:
            return
        for key in self.keys.keys() & set(KNOWN) - self._reported:
            self.station.note("GetConfiguration: a key that is gone")
            del self.keys[key]
            self._spelled.pop(key, None)
            self.after_reboot.discard(key)
            self.changed(Topic.STRUCTURE)
            self.changed(Topic.CONFIGURATION, key=key)

    async def _replace_measurands(self) -> None:
        """Write what a model is to sample before its list is read for the first time.

        One brand takes measurands that it does not have, as from the central system before
        us, and restarts each time that it is to read them out.
        """
        measurands = self.station.compatibility.measurands
        if measurands and self.sends("ChangeConfiguration"):
            with suppress(CommandRejected, CommandFailed, NotSupported):
                await self.write("MeterValuesSampledData", ",".join(measurands))

    async def _read_all(self) -> tuple[tuple[str, ...], bool]:
        """Read all keys at once; return which to ask for by name that did not come.

        And whether, as far as is known, all came that the station lists.
        """
        try:
            answer = await self.command("GetConfiguration", {})
        except CommandFailed:
            # Too many keys for one answer, perhaps.
            self.station.note("GetConfiguration: no answer for all keys")
            return _ESSENTIAL, False
        most = self.number("GetConfigurationMaxKeys", 0, at_most=1000)
        if most and len(answer.get("configurationKey") or ()) == most:
            # As many as it ever puts into one answer: there can be others.
            return tuple(dict.fromkeys((*_ESSENTIAL, *KNOWN))), False
        return _ESSENTIAL, True

    @follows("GetConfiguration", V16)
    def on_configuration(self, payload: Payload, answer: Payload) -> None:
        """Take up what the station says of its configuration."""
        listed = answer.get("configurationKey")
        for item in listed if isinstance(listed, list) else ():
            if not isinstance(item, dict):
                continue
            spelled = str(item.get("key") or "")
            key = canonical(spelled)
            value = item.get("value")
            if key is not None:
                # Also one whose value the station keeps to itself.
                self._reported.add(key)
            if key is None or value is None or value == "undefined":
                continue
            if spelled != key:
                self._spelled[key] = spelled
            readonly = item.get("readonly") in (True, 1, "true")
            self._know(key, ConfigurationKey(str(value)[:_LONGEST_VALUE], readonly))
        for evse in range(
            1, self.number("NumberOfConnectors", 0, at_most=MOST_EVSES) + 1
        ):
            self.station.add_evse(evse)

    async def read(self, key: str) -> str | None:
        """Ask the station for one configuration key (B06)."""
        await self.command("GetConfiguration", {"key": [self._spelled.get(key, key)]})
        return self.value(key)

    async def write(self, key: str, value: str) -> bool:
        """Set a configuration key, also to the value that it seems to have (B05).

        Return false when the station only follows after a reboot. Raises `CommandRejected`
        when it does not want to, or does not have the key.
        """
        known = self.keys.get(key)
        if known is not None and known.readonly:
            raise CommandRejected("ChangeConfiguration", "read-only")
        # Whatever is written here is no secret.
        self._not_secret.add(key)
        answer = await self.command(
            "ChangeConfiguration", {"key": self._spelled.get(key, key), "value": value}
        )
        return bool(answer["status"] == "Accepted")

    @follows("ChangeConfiguration", V16)
    def on_changed(self, payload: Payload, answer: Payload) -> None:
        """Know the value from now on, where it is one that may be kept."""
        key = canonical(payload["key"]) or payload["key"]
        if key in KNOWN or key in self._not_secret:
            self._know(key, ConfigurationKey(payload["value"], readonly=False))
            self._set_after_reboot(key, answer["status"] == "RebootRequired")
            self.station.remember()

    def _know(self, key: str, known: ConfigurationKey) -> None:
        before = self.keys.get(key)
        self.keys[key] = known
        if before is None or before.readonly is not known.readonly:
            self.changed(Topic.STRUCTURE)
        if before != known:
            self.changed(Topic.CONFIGURATION, key=key)

    def _set_after_reboot(self, key: str, waits: bool) -> None:
        if waits is not (key in self.after_reboot):
            self.after_reboot ^= {key}
            self.changed(Topic.CONFIGURATION, key=key)
            self.station.remember()

    async def reset(self, evse: int = 0) -> None:
        """Restart the station, gently where it lets itself be (B11, B12).

        2.x may put that off until nobody charges, and can restart an EVSE on its own.
        """
        gently, at_once = (v16 if self.speaks_16 else v2).RESETS
        place = {"evseId": evse} if evse else {}
        try:
            await self.command("Reset", {"type": gently} | place)
        except CommandRejected:
            await self.command("Reset", {"type": at_once} | place)

    # --- memory -------------------------------------------------------------------------

    def recall(self, facts: dict[str, Any]) -> None:
        """Take up who the station was."""
        if info := facts.get("info"):
            self.info = StationInfo(**info)
        self.keys = {
            key: ConfigurationKey(value, readonly)
            for key, (value, readonly) in facts.get("keys", {}).items()
        }
        self.after_reboot = set(facts.get("after_reboot", ()))
        self._read_for = facts.get("read_for", 0)
        self._spelled = dict(facts.get("spelled", {}))

    def facts(self) -> dict[str, Any]:
        """Keep who the station is and how it is set up."""
        return {
            "info": vars(self.info) if self.info else None,
            "keys": {key: list(known) for key, known in self.keys.items()},
            "after_reboot": sorted(self.after_reboot),
            "read_for": self._read_for,
            "spelled": self._spelled,
        }

    def shown_keys(self) -> dict[str, str]:
        """Return the configuration without what names a card."""
        return {
            key: known.value
            for key, known in self.keys.items()
            if not is_secret_key(key)
        }
