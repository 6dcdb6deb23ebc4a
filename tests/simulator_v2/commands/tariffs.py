"""Tariffs that a station of 2.1 counts with (I07 to I11), and payments on web pages."""

from typing import TYPE_CHECKING

from tests.simulator.link import CallError, Handler, Payload, Reply

from .reply import status

if TYPE_CHECKING:
    from ..station import Station


class Tariffs:
    """The commands about tariffs."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "ChangeTransactionTariff": self.change_transaction_tariff,
            "ClearTariffs": self.clear_tariffs,
            "GetTariffs": self.get_tariffs,
            "NotifyWebPaymentStarted": lambda _: ({}, None),
            "SetDefaultTariff": self.set_default_tariff,
        }

    def _check_enabled(self) -> None:
        """Refuse what only a station can do that counts (I07.FR.01, I11.FR.01)."""
        if not self._station.variables.flag("TariffCostCtrlr.Enabled.Tariff"):
            raise CallError("NotSupported", "no local cost calculation")

    def _chosen(self, evse: int) -> list[int]:
        return [evse] if evse else [*self._station.evses]

    def set_default_tariff(self, payload: Payload) -> Reply:
        """Count with a tariff for whoever has none of his own (I07)."""
        self._check_enabled()
        counting, tariff = self._station.counting, payload["tariff"]
        if payload["evseId"] not in (0, *self._station.evses):
            return status("Rejected", why=("UnknownEVSE", "no such EVSE"))
        if tariff["tariffId"] in counting.held():
            return status("DuplicateTariffId")
        if (flaw := counting.flaw(tariff)) is not None:
            return status(flaw)
        for evse in self._chosen(payload["evseId"]):
            counting.defaults[evse] = tariff
        return status("Accepted")

    def get_tariffs(self, payload: Payload) -> Reply:
        """Tell which tariffs there are (I09)."""
        self._check_enabled()
        found: dict[str, Payload] = {}
        for evse in self._chosen(payload["evseId"]):
            if (tariff := self._station.counting.defaults.get(evse)) is not None:
                assignment = found.setdefault(
                    tariff["tariffId"],
                    {
                        "tariffId": tariff["tariffId"],
                        "tariffKind": "DefaultTariff",
                        "evseIds": [],
                    },
                )
                assignment["evseIds"].append(evse)
        if not found:
            return status("NoTariff")
        return {"status": "Accepted", "tariffAssignments": [*found.values()]}, None

    def clear_tariffs(self, payload: Payload) -> Reply:
        """Count with some tariffs no more; running transactions go on with them (I10)."""
        self._check_enabled()
        defaults = self._station.counting.defaults
        wanted = payload.get("tariffIds")
        gone = {
            evse: defaults[evse]["tariffId"]
            for evse in self._chosen(payload.get("evseId", 0))
            if (evse in defaults and wanted in (None, []))
            or (evse in defaults and defaults[evse]["tariffId"] in (wanted or ()))
        }
        for evse in gone:
            del defaults[evse]
        results: list[Payload] = [
            {"tariffId": it, "status": "Accepted"}
            for it in dict.fromkeys(gone.values())
        ]
        return {"clearTariffsResult": results or [{"status": "NoTariff"}]}, None

    def change_transaction_tariff(self, payload: Payload) -> Reply:
        """Go on with another tariff (I11)."""
        self._check_enabled()
        station, tariff = self._station, payload["tariff"]
        evse = station.transaction(payload["transactionId"])
        if evse is None or (transaction := evse.transaction) is None:
            return status("TxNotFound")
        before = station.counting.of(transaction).tariff
        if before is not None and before["currency"] != tariff["currency"]:
            return status("NoCurrencyChange")
        if (flaw := station.counting.flaw(tariff)) is not None:
            return status(flaw)
        station.counting.change(evse, tariff)

        async def tell() -> None:
            await station.transaction_event(transaction, "Updated", "TariffChanged")

        return status("Accepted", tell)
