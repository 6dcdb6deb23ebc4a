"""Functional block I: the prices as tariffs on stations that count with them (I07 to I12)."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, override

from ...errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
    NotSupported,
    OcppError,
)
from ...model import Part, Payload, RegistrationStatus, Topic, Transaction, utcnow
from ...retries import Retries
from ...variables import Place
from ...versions import V21
from ..block import Block, follows
from .held import HeldTariffs
from .local import LocalCost, LocalCosts
from .structure import is_ours, tariff_of

if TYPE_CHECKING:
    from ...charging_station import ChargingStation

_COMPONENT, _TARIFF = "TariffCostCtrlr", "Tariff"
_NEEDED = (
    Place(_COMPONENT, "Available", instance=_TARIFF),
    Place(_COMPONENT, "Enabled", instance=_TARIFF),
    Place(_COMPONENT, "Available", instance="Cost"),
    Place(_COMPONENT, "Enabled", instance="Cost"),
    Place(_COMPONENT, "MaxElements", instance=_TARIFF),
    Place(_COMPONENT, "ConditionsSupported", instance=_TARIFF),
)
SHOWN = Part(Topic.CONFIGURATION, 0, "tariff")
# In seconds: how soon a new price is told, and how far apart prices are told that change all
# the time.
_SOON = 2.0
_APART = 60.0


class Tariffs(Block):
    """Has stations count with the prices that hold here, and hears what they counted.

    A tariff that people gave a station by themselves is left alone until it is gone.
    """

    def __init__(self, station: ChargingStation) -> None:
        """Begin without knowing what the station holds."""
        super().__init__(station)
        self._held = HeldTariffs()
        self._local = LocalCosts()
        # One that was not made of the prices here, but was sent from here.
        self._of_people = ""
        # The tariff that the station did not take, since it booted.
        self._refused = ""
        self._given_up = False
        self._prepared_on: object = None
        self._one_at_a_time = asyncio.Lock()
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._retries = Retries(self._begin)
        self._unwatch = station.tariff.watch(self.refresh)

    # --- what is shown ------------------------------------------------------------------

    @property
    def known(self) -> bool:
        """Return whether the station ever told which tariffs it holds, or took one."""
        return self._held.known

    @property
    def held(self) -> list[str]:
        """Return the default tariffs that the station holds, as far as is known."""
        return [*self._held]

    def local_cost(self, number: int) -> LocalCost | None:
        """Return what the station counted that a session costs."""
        return self._local.costs.get(number)

    def counts(self, transaction: Transaction) -> bool:
        """Return whether the station counts the cost of a session by itself."""
        return transaction.id in self._local.tariffs

    # --- when it is brought up to date --------------------------------------------------

    def _can(self) -> bool:
        """Return whether the station counts with tariffs, as far as is known.

        Ours have one price of each kind, and no conditions.
        """
        flag = self.station.device_model.flag
        number = self.station.device_model.number
        return (
            self.station.version is V21
            and not self._given_up
            and self.sends("SetDefaultTariff")
            and flag(_COMPONENT, "Available", instance=_TARIFF) is True
            and flag(_COMPONENT, "Enabled", instance=_TARIFF) is not False
            and number(_COMPONENT, "MaxElements", instance=_TARIFF) != 0
        )

    def _may_be_sent(self) -> bool:
        return (
            self.station.connected
            and not self.station.options.quiet
            and self.station.registration is RegistrationStatus.ACCEPTED
            and self._prepared_on is self.station.connected_at
        )

    @override
    async def prepare(self, *, booted: bool) -> None:
        """Find out which tariffs the station holds, and give it the one that holds."""
        if booted:
            self._given_up, self._refused = False, ""
        if self.station.version is not V21:
            return
        model = self.station.device_model
        if booted or all(model.find(place) is None for place in _NEEDED):
            await model.read_all(_NEEDED)
        self._prepared_on = self.station.connected_at
        self._retries.begin_anew()
        if not self._can():
            return
        try:
            await self.command("GetTariffs", {"evseId": 0})
        except CommandRejected, CommandFailed, NotSupported:
            self.station.note("GetTariffs: refused")
        except CommandTimedOut:
            self._try_again_later()
            raise
        await self._bring_up_to_date()

    def refresh(self) -> None:
        """Follow a new price, soon, and no more often than once a minute.

        It does not wait until an older one is tried again.
        """
        self._retries.stop()
        self._look_soon()

    def _look_soon(self) -> None:
        waits = self._timer is not None or self._retries.waits
        if not waits and self._may_be_sent() and self._can():
            loop = asyncio.get_running_loop()
            soon = max(_SOON, self._told_at + _APART - loop.time())
            self._timer = loop.call_later(soon, self._begin)

    def _stop_timers(self) -> None:
        self._retries.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._stop_timers()
        if self._may_be_sent():
            self.station.spawn(self._refresh())

    async def _refresh(self) -> None:
        try:
            await self._bring_up_to_date()
        except OcppError as error:
            self.station.note(f"tariff: {type(error).__name__}")
        self.station.flush()

    def stop(self) -> None:
        """Follow no price any more."""
        self._unwatch()
        self._unwatch = lambda: None
        self._stop_timers()

    # --- bringing it up to date ---------------------------------------------------------

    def wanted(self) -> Payload | None:
        """Return the tariff that holds now; none where no price is known."""
        tariff = self.station.tariff
        if not tariff.exists or (per_kwh := tariff.price(utcnow())) is None:
            return None
        return tariff_of(
            per_kwh,
            tariff.per_session,
            tariff.currency,
            self.station.tariff_cost.texts(),
        )

    async def _bring_up_to_date(self) -> None:
        """Have the station hold the tariff that it should; raises `OcppError`."""
        async with self._one_at_a_time:
            if not self._can():
                return
            self._told_at = asyncio.get_running_loop().time()
            try:
                if (tariff := self.wanted()) is None or self._of_people:
                    # At an EVSE that has no other, an old price would be wrong, too.
                    await self._clear_ours()
                else:
                    await self._give(tariff)
                    await self._change_running(tariff)
            except NotSupported:
                self._given_up = True
                self.station.note("SetDefaultTariff: not supported")
            except CommandFailed, CommandTimedOut:
                self._try_again_later()
                raise
            else:
                self._retries.begin_anew()

    def _try_again_later(self) -> None:
        if self._timer is None:
            self._retries.later()

    async def _give(self, tariff: Payload) -> None:
        """Have the station use a tariff for whoever has none of his own (I07)."""
        tariff_id = tariff["tariffId"]
        if tariff_id == self._refused:
            await self._clear_ours()
            return
        if self._is_held_everywhere(tariff_id):
            return
        # Those of other operators could come into force later than ours (I07.FR.20).
        await self._clear(it for it in self.held if not is_ours(it))
        try:
            await self._set_default(tariff)
        except CommandRejected as error:
            self._refused = tariff_id
            self.station.note(f"SetDefaultTariff: {error.status}")
            await self._clear_ours()

    def _is_held_everywhere(self, tariff_id: str) -> bool:
        evses = self._held.evses_of(tariff_id)
        return 0 in evses or {*self.station.evses} <= evses

    async def _set_default(self, tariff: Payload) -> None:
        request = {"evseId": 0, "tariff": tariff}
        try:
            await self.command("SetDefaultTariff", request)
        except CommandRejected as error:
            if error.status != "DuplicateTariffId":
                raise
            # It has it at some of its EVSEs, or for a session that goes on.
            await self.command("ClearTariffs", {"tariffIds": [tariff["tariffId"]]})
            await self.command("SetDefaultTariff", request)

    async def _clear_ours(self) -> None:
        """Have the station count with none of our prices: they are over."""
        await self._clear(filter(is_ours, self.held))

    async def _clear(self, tariff_ids: Iterable[str]) -> None:
        """Have the station use some default tariffs no more (I10)."""
        if gone := [*tariff_ids]:
            await self.command("ClearTariffs", {"tariffIds": gone})

    async def _change_running(self, tariff: Payload) -> None:
        """Have sessions that run with our prices go on with the new ones (I11)."""
        if tariff["tariffId"] == self._refused:
            return
        for evse in self.station.evses:
            session = self.station.transactions.running(evse)
            if session is None:
                continue
            used = self._local.tariffs.get(session.id, "")
            if not is_ours(used) or used == tariff["tariffId"]:
                continue
            try:
                await self.command(
                    "ChangeTransactionTariff",
                    {"transactionId": session.id, "tariff": tariff},
                )
            except (CommandRejected, NotSupported) as error:
                self.station.note(f"ChangeTransactionTariff: {type(error).__name__}")

    # --- what the station accepted ------------------------------------------------------

    @follows("SetDefaultTariff", V21)
    def on_default_set(self, payload: Payload, answer: Payload) -> None:
        """Know a default tariff, whoever sent it."""
        tariff_id: str = payload["tariff"]["tariffId"]
        self._of_people = "" if is_ours(tariff_id) else tariff_id
        if self._of_people:
            self.refresh()
        evse: int = payload["evseId"]
        evses = {evse} if evse else {0, *self.station.evses}
        self._update(
            lambda: self._held.hold(
                tariff_id, evses, later="validFrom" in payload["tariff"]
            )
        )

    @follows("GetTariffs", V21)
    def on_told(self, payload: Payload, answer: Payload) -> None:
        """Know the default tariffs that the station says it holds (I09)."""
        self._update(lambda: self._held.take_told(answer, payload["evseId"]))

    @follows("ClearTariffs", V21)
    def on_cleared(self, payload: Payload, answer: Payload) -> None:
        """Know which default tariffs are gone, whoever had them cleared (I10)."""
        self._update(lambda: self._held.take_cleared(payload, answer))

    def _update(self, take: Callable[[], None]) -> None:
        if not self._held.known:
            self.changed(Topic.STRUCTURE)
        take()
        if self._of_people and self._of_people not in self._held:
            self._of_people = ""
            self.refresh()
        self.station.changed(SHOWN)
        self.station.remember()

    # --- what sessions tell -------------------------------------------------------------

    def take(self, transaction: Transaction, payload: Payload) -> None:
        """Take up what an event says of the tariff and the cost (I11, I12)."""
        if not self._local.are_told(payload):
            return
        self._local.take(transaction, payload)
        if transaction.running:
            # Its tariff may be an older one.
            self._look_soon()
            self.changed(Topic.ENERGY, transaction.evse)
        else:
            self.changed(Topic.TRANSACTION, transaction.evse)
        transactions, evses = self.station.transactions, (0, *self.station.evses)
        self._local.forget_others(
            [
                transaction,
                *filter(None, map(transactions.session, evses)),
                *filter(None, map(transactions.ended.get, evses)),
            ]
        )
        self.station.remember()

    # --- memory -------------------------------------------------------------------------

    @override
    def recall(self, facts: dict[str, Any]) -> None:
        """Take up what the station held, and counted."""
        self._held.recall(facts.get("held"))
        self._of_people = facts.get("of_people", "")
        self._local.recall(facts)

    @override
    def facts(self) -> dict[str, Any]:
        """Keep what the station holds, and counted."""
        if not (self._held.known or self._local.tariffs or self._local.costs):
            return {}
        return {
            "held": self._held.kept(),
            "of_people": self._of_people,
            **self._local.kept(),
        }
