"""Functional block F: remote control. Start, stop, unlock, and ask for messages."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ..model import Payload, utcnow
from ..versions import V16
from .block import Block, precedes

if TYPE_CHECKING:
    from ..charging_station import ChargingStation

# What a station is asked for by another name than the message has.
_CALLED_OTHERWISE = {"SignChargePointCertificate": "SignCertificate"}

# How long people may take to plug a car in after a start was asked for.
_FOLLOWED_WITHIN = timedelta(minutes=5)


class RemoteControl(Block):
    """What people could do at the charger, done from here."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing asked for."""
        super().__init__(station)
        # Messages we asked for: a station that is Pending may send these and no others.
        self.asked_for: set[str] = set()
        # The tokens of the starts that were asked for, without letter case.
        self._starts: dict[str, datetime] = {}

    async def start(
        self,
        evse: int | None,
        *,
        id_token: str | None = None,
        limit: float | None = None,
    ) -> None:
        """Ask the station to start a transaction (F01, F02).

        Without an EVSE the station chooses. `limit` is in ampere and holds for this
        transaction only. Accepted means that it will try: the transaction is there when
        the station says so.
        """
        payload: Payload = {"idTag": id_token or self._default_token()}
        if evse is not None:
            payload["connectorId"] = evse
        if limit is not None:
            payload["chargingProfile"] = self.station.smart_charging.profile_of_start(
                evse or 0, limit
            )
        try:
            await self.command("RemoteStartTransaction", payload)
        except OcppError:
            self.station.smart_charging.on_start_refused(evse or 0)
            raise

    @precedes("RemoteStartTransaction", V16)
    def on_starting(self, payload: Payload) -> None:
        """Expect the transaction, which can be here before the answer is."""
        self._starts[payload["idTag"].casefold()] = utcnow()

    def _default_token(self) -> str:
        """Return the token to start with, which some stations prescribe."""
        # Alfen only starts with the token its own plug-and-charge uses.
        prescribed = self.station.provisioning.value("PlugAndChargeIdentifier")
        own = self.station.settings.id_token or self.station.options.id_token
        return (prescribed or own)[:20]

    def is_default(self, id_token: str) -> bool:
        """Return whether starts that name no card are done with this token (C05)."""
        return id_token.casefold() == self._default_token().casefold()

    def has_started(self, id_token: str) -> bool:
        """Return whether a start with this token was asked for just now."""
        asked = self._starts.get(id_token.casefold())
        return asked is not None and utcnow() - asked <= _FOLLOWED_WITHIN

    async def stop(self, evse: int | None = None) -> None:
        """Ask the station to end the running transaction (F03).

        Raises `NoTransaction` when none runs there, or more than one on the station.
        """
        self.station.link()
        transaction = self.station.transactions.the_running(evse)
        await self.stop_transaction(transaction.id)

    async def stop_transaction(self, transaction_id: str) -> None:
        """Ask the station to end a transaction, also one that nobody here knows of."""
        await self.command(
            "RemoteStopTransaction", {"transactionId": int(transaction_id)}
        )

    async def unlock(self, evse: int) -> None:
        """Release the cable (F05)."""
        await self.command("UnlockConnector", {"connectorId": evse})

    async def trigger(self, message: str, evse: int | None = None) -> None:
        """Ask the station to send a message now (F06)."""
        payload: Payload = {"requestedMessage": message}
        if evse is not None:
            payload["connectorId"] = evse
        await self.command("TriggerMessage", payload)

    @precedes("TriggerMessage", V16)
    @precedes("ExtendedTriggerMessage", V16)
    def on_asking(self, payload: Payload) -> None:
        """Expect the message, which can be here before the answer is."""
        message: str = payload["requestedMessage"]
        self.asked_for.add(_CALLED_OTHERWISE.get(message, message))

    async def ask_for(self, message: str, evse: int | None = None) -> bool:
        """Ask for a message where the station can be asked; return whether it agreed.

        Raises only what makes asking further pointless: `StationOffline` and
        `CommandTimedOut`.
        """
        if not self.station.provisioning.supports("RemoteTrigger"):
            return False
        try:
            await self.trigger(message, evse)
        except CommandRejected, CommandFailed, NotSupported:
            return False
        return True
