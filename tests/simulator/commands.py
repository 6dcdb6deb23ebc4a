"""Answers to the core, smart charging and remote trigger calls."""

from typing import TYPE_CHECKING

from . import configuration as config
from .car import Connector
from .configuration import split
from .link import FollowUp, Handler, Payload, Reply

if TYPE_CHECKING:
    from .charger import Charger

_UNITS = {"Current": "A", "Power": "W"}


def status(value: str, follow_up: FollowUp | None = None) -> Reply:
    """Return the most common kind of answer."""
    return {"status": value}, follow_up


class Commands:
    """What the central system may ask of any charger."""

    def __init__(self, charger: Charger) -> None:
        """Obey on behalf of a charger."""
        self._charger = charger
        self.handlers: dict[str, Handler] = {
            "ChangeAvailability": self.change_availability,
            "ChangeConfiguration": self.change_configuration,
            "ClearCache": lambda _: status("Accepted"),
            "ClearChargingProfile": self.clear_charging_profile,
            "DataTransfer": lambda _: status("UnknownVendorId"),
            "GetCompositeSchedule": self.get_composite_schedule,
            "GetConfiguration": self.get_configuration,
            "RemoteStartTransaction": self.remote_start,
            "RemoteStopTransaction": self.remote_stop,
            "Reset": self.reset,
            "SetChargingProfile": self.set_charging_profile,
            "TriggerMessage": self.trigger_message,
            "UnlockConnector": self.unlock_connector,
        }

    # Core

    def get_configuration(self, payload: Payload) -> Reply:
        """List configuration keys."""
        return config.read(self._charger.configuration, payload.get("key", [])), None

    def change_configuration(self, payload: Payload) -> Reply:
        """Set a configuration key."""
        key, value = payload["key"], payload["value"]
        result = config.change(self._charger.configuration, key, value)
        self._charger.event(f"{key} = {value}: {result}")
        return status(result)

    def change_availability(self, payload: Payload) -> Reply:
        """Put connectors in or out of service, after their transactions."""
        number = payload["connectorId"]
        connectors = self._charger.connectors
        if number not in connectors:
            return status("Rejected")
        chosen = list(connectors.values()) if number == 0 else [connectors[number]]
        for connector in chosen:
            connector.operative = payload["type"] == "Operative"

        async def report() -> None:
            for connector in chosen:
                if connector.transaction is None:
                    idle = self._charger.idle_status(connector)
                    # A car that waits has not finished anything.
                    idle = "Preparing" if idle == "Finishing" else idle
                    await self._charger.set_status(connector, idle)

        busy = any(connector.transaction is not None for connector in chosen)
        later = busy and payload["type"] == "Inoperative"
        return status("Scheduled" if later else "Accepted", report)

    def unlock_connector(self, payload: Payload) -> Reply:
        """Unlock a connector, which ends its transaction."""
        connector = self._find(payload)
        if connector is None:
            return status("NotSupported")

        async def unlock() -> None:
            self._charger.event(f"connector {connector.id}: unlocked")
            if connector.transaction is not None:
                await self._charger.stop(connector.id, "UnlockCommand")

        return status("Unlocked", unlock)

    def reset(self, payload: Payload) -> Reply:
        """Restart."""
        return status("Accepted", lambda: self._charger.reset(payload["type"]))

    def remote_start(self, payload: Payload) -> Reply:
        """Start a transaction, if the connector is free."""
        charger = self._charger
        tag, profile = payload["idTag"], payload.get("chargingProfile")
        connector = self._find(payload) if "connectorId" in payload else self._choose()
        if connector is None or not _free_for(connector, tag):
            return status("Rejected")
        if profile is not None and (
            profile["chargingProfilePurpose"] != "TxProfile"
            or charger.profiles.flaw(connector.id, profile, None, starting=True)
        ):
            return status("Rejected")

        async def begin() -> None:
            charger.event(f"connector {connector.id}: remote start by {tag}")
            ask = charger.enabled("AuthorizeRemoteTxRequests")
            if ask and await charger.authorize(tag) != "Accepted":
                return
            connector.profile = profile
            await charger.begin(connector, tag)

        return status("Accepted", begin)

    def remote_stop(self, payload: Payload) -> Reply:
        """Stop a transaction."""
        charger = self._charger
        number = next(
            (
                connector.id
                for connector in charger.connectors.values()
                if connector.transaction is not None
                and connector.transaction.id == payload["transactionId"]
            ),
            None,
        )
        if number is None:
            return status("Rejected")

        async def stop() -> None:
            charger.event(f"connector {number}: remote stop")
            await charger.stop(number, "Remote")

        return status("Accepted", stop)

    # Smart charging

    def set_charging_profile(self, payload: Payload) -> Reply:
        """Keep a profile and obey it at once."""
        charger = self._charger
        number, profile = payload["connectorId"], payload["csChargingProfiles"]
        if number not in charger.connectors:
            return status("Rejected")
        running = charger.connectors[number].transaction
        if flaw := charger.profiles.flaw(number, profile, running):
            charger.event(f"connector {number}: profile rejected, {flaw}")
            return status("Rejected")
        charger.profiles.install(number, profile, charger.clock())
        self._tell_limits()
        return status("Accepted", charger.refresh)

    def clear_charging_profile(self, payload: Payload) -> Reply:
        """Forget profiles."""
        if not self._charger.profiles.clear(payload):
            return status("Unknown")
        self._tell_limits()
        return status("Accepted", self._charger.refresh)

    def get_composite_schedule(self, payload: Payload) -> Reply:
        """Tell what all profiles together amount to."""
        charger = self._charger
        number = payload["connectorId"]
        if number not in charger.connectors:
            return status("Rejected")
        key = charger.configuration.get("ChargingScheduleAllowedChargingRateUnit")
        units = [_UNITS[unit] for unit in split(key.value if key else None)] or ["A"]
        unit = payload.get("chargingRateUnit", units[0])
        if unit not in units:
            return status("Rejected")
        now = charger.clock()
        running = charger.connectors[number].transaction
        schedule = charger.profiles.composite(
            number, now, payload["duration"], unit, running
        )
        return {
            "status": "Accepted",
            "connectorId": number,
            "scheduleStart": charger.timestamp(),
            "chargingSchedule": schedule,
        }, None

    # Remote trigger

    def trigger_message(self, payload: Payload) -> Reply:
        """Send a message, after the answer."""
        charger = self._charger
        number = payload.get("connectorId")
        if number is not None and number not in charger.connectors:
            return status("Rejected")

        async def statuses() -> None:
            for n in charger.connectors if number is None else (number,):
                await charger.status(n)

        async def meters() -> None:
            for n in (
                [n for n in charger.connectors if n] if number is None else [number]
            ):
                await charger.meter_values(n, context="Trigger")

        async def heartbeat() -> None:
            await charger.heartbeat()

        messages: dict[str, FollowUp] = {
            "BootNotification": charger.reboot_now,
            "DiagnosticsStatusNotification": charger.maintenance.report_diagnostics,
            "FirmwareStatusNotification": charger.maintenance.report_firmware,
            "Heartbeat": heartbeat,
            "MeterValues": meters,
            "StatusNotification": statuses,
            # Asked for by ExtendedTriggerMessage only.
            "LogStatusNotification": charger.maintenance.report_log,
            "SignChargePointCertificate": charger.maintenance.sign_certificate,
        }
        message = messages.get(payload["requestedMessage"])
        return status("Accepted" if message else "NotImplemented", message)

    def _find(self, payload: Payload) -> Connector | None:
        """Return the connector named, if it is a real one."""
        number = payload["connectorId"]
        return self._charger.connectors.get(number) if number else None

    def _choose(self) -> Connector | None:
        """Return the connector for a remote start that names none."""
        free = [
            connector
            for connector in self._charger.connectors.values()
            if connector.id and connector.transaction is None and connector.operative
        ]
        free.sort(key=lambda connector: connector.car is None)
        return free[0] if free else None

    def _tell_limits(self) -> None:
        """Print what the connectors may use now."""
        for connector in self._charger.connectors.values():
            if connector.transaction is not None:
                flow = self._charger.flow(connector.id)
                self._charger.event(
                    f"connector {connector.id}: offers {flow.offered:g} A, "
                    f"car takes {flow.current:g} A on {flow.phases} phases"
                )


def _free_for(connector: Connector, tag: str) -> bool:
    """Return if somebody may start on a connector."""
    reservation = connector.reservation
    return (
        connector.operative
        and connector.transaction is None
        and connector.status != "Faulted"
        and (reservation is None or reservation["idTag"].casefold() == tag.casefold())
    )
