"""Functional block F: remote control. Start, stop, unlock, and ask for messages."""

from typing import TYPE_CHECKING

from ..errors import CommandFailed, CommandRejected, NotSupported, OcppError
from ..model import Payload
from .block import Block

if TYPE_CHECKING:
    from ..charging_station import ChargingStation


class RemoteControl(Block):
    """What people could do at the charger, done from here."""

    def __init__(self, station: ChargingStation) -> None:
        """Begin with nothing asked for."""
        super().__init__(station)
        # Messages we asked for: a station that is Pending may send these and no others.
        self.asked_for: set[str] = set()

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

    def _default_token(self) -> str:
        """Return the token to start with, which some stations prescribe."""
        # Alfen only starts with the token its own plug-and-charge uses.
        prescribed = self.station.provisioning.value("PlugAndChargeIdentifier")
        return (prescribed or self.station.settings.id_token)[:20]

    async def stop(self, evse: int | None = None) -> None:
        """Ask the station to end the running transaction (F03).

        Raises `NoTransaction` when none runs there, or more than one on the station.
        """
        self.station.check_connected()
        transaction = self.station.transactions.the_running(evse)
        await self.stop_transaction(transaction.id)

    async def stop_transaction(self, transaction_id: str) -> None:
        """Ask the station to end a transaction, also one that nobody here knows of."""
        await self.command(
            "RemoteStopTransaction", {"transactionId": int(transaction_id)}
        )

    async def unlock(self, evse: int) -> None:
        """Release the cable (F05)."""
        await self.command(
            "UnlockConnector",
            {"connectorId": evse},
            # One brand answers "Accepted", which the specification does not have here.
            accepted=frozenset({"Unlocked", "Accepted"}),
        )

    async def trigger(self, message: str, evse: int | None = None) -> None:
        """Ask the station to send a message now (F06)."""
        payload: Payload = {"requestedMessage": message}
        if evse is not None:
            payload["connectorId"] = evse
        # The message can be here before the answer is.
        self.asked_for.add(message)
        await self.command("TriggerMessage", payload)

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
