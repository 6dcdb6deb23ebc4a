"""Charging profiles, and what they amount to."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from ..profiles import Installed
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class SmartCharging:
    """The commands about charging profiles."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ClearChargingProfile": self.clear_charging_profile,
            "GetChargingProfiles": self.get_charging_profiles,
            "GetCompositeSchedule": self.get_composite_schedule,
            "SetChargingProfile": self.set_charging_profile,
        }

    def set_charging_profile(self, payload: Payload) -> Reply:
        """Keep a profile and obey it at once (K01)."""
        station = self._station
        number, profile = payload["evseId"], payload["chargingProfile"]
        if number and number not in station.evses:
            return status("Rejected", why=("UnknownEvse", "no such EVSE"))
        running = station.evses[number].transaction if number else None
        if flaw := station.profiles.flaw(number, profile, running):
            station.event(f"EVSE {number}: profile rejected, {flaw[1]}")
            return status("Rejected", why=flaw)
        station.profiles.install(number, profile, station.clock())
        return status("Accepted", self._obey)

    async def _obey(self) -> None:
        """Tell what the EVSEs may use now, and report what changed."""
        for evse in self._station.evses.values():
            if evse.transaction is not None:
                flow = self._station.flow(evse.id)
                self._station.event(
                    f"EVSE {evse.id}: offers {flow.offered:g} A, "
                    f"car takes {flow.current:g} A on {flow.phases} phases"
                )
        await self._station.refresh()

    def clear_charging_profile(self, payload: Payload) -> Reply:
        """Forget profiles (K10)."""
        criteria = payload.get("chargingProfileCriteria", {})

        def meant(entry: Installed) -> bool:
            profile = entry.profile
            return (
                entry.source == "CSO"
                and payload.get("chargingProfileId", profile["id"]) == profile["id"]
                and criteria.get("evseId", entry.connector) == entry.connector
                and all(
                    profile[name] == criteria[name]
                    for name in ("chargingProfilePurpose", "stackLevel")
                    if name in criteria
                )
            )

        found = [entry for entry in self._station.profiles.installed if meant(entry)]
        if not found or not payload:
            return status("Unknown")
        self._station.profiles.remove(found)
        return status("Accepted", self._obey)

    def get_charging_profiles(self, payload: Payload) -> Reply:
        """Report profiles, one message for each EVSE and source (K09)."""
        station, wanted = self._station, payload["chargingProfile"]

        def meant(entry: Installed) -> bool:
            profile = entry.profile
            return (
                payload.get("evseId", entry.connector) == entry.connector
                and profile["id"] in wanted.get("chargingProfileId", [profile["id"]])
                and entry.source in wanted.get("chargingLimitSource", [entry.source])
                and all(
                    profile[name] == wanted[name]
                    for name in ("chargingProfilePurpose", "stackLevel")
                    if name in wanted
                )
            )

        groups: dict[tuple[int, str], list[Payload]] = {}
        for entry in station.profiles.installed:
            if meant(entry):
                groups.setdefault((entry.connector, entry.source), []).append(
                    entry.profile
                )
        if not groups:
            return status("NoProfiles")

        async def report() -> None:
            for left, ((evse, source), profiles) in zip(
                reversed(range(len(groups))), groups.items(), strict=True
            ):
                await station.call(
                    "ReportChargingProfiles",
                    {
                        "requestId": payload["requestId"],
                        "chargingLimitSource": source,
                        "chargingProfile": profiles,
                        "evseId": evse,
                        "tbc": left > 0,
                    },
                )

        return status("Accepted", report)

    def get_composite_schedule(self, payload: Payload) -> Reply:
        """Tell what all profiles together amount to (K08)."""
        station, number = self._station, payload["evseId"]
        units = station.variables.words("SmartChargingCtrlr.RateUnit")
        unit = payload.get("chargingRateUnit", units[0])
        if number and number not in station.evses:
            return status("Rejected", why=("UnknownEvse", "no such EVSE"))
        if unit not in units:
            return status("Rejected", why=("UnsupportedRateUnit", "no such unit"))
        running = station.evses[number].transaction if number else None
        duration = payload["duration"]
        periods = station.profiles.composite(
            number, station.clock(), duration, unit, running
        )
        schedule = {
            "evseId": number,
            "duration": duration,
            "scheduleStart": station.timestamp(),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": periods,
        }
        return {"status": "Accepted", "schedule": schedule}, None
