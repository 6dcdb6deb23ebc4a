"""Cards: who may charge, what each of them charged, and what becomes of one presented."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from homeassistant.components.tag import async_scan_tag
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, SUBENTRY_ID_TOKEN
from .csms.charging_station import ChargingStation
from .csms.events import CardPresented, Event, SessionEnded, SessionStarted
from .csms.id_tokens import IdToken, token_key
from .csms.model import Part, Topic, Transaction
from .csms.shared import Shared
from .csms.store import StoreUnavailable
from .deleted_sessions import Charged, DeletedSessions
from .settings import evse_identifier, read_id_token

# In seconds. Meters tell of every few Wh; a card's total need not follow each of them.
_WRITE_EVERY = 10
_NOTHING = (0.0, 0)


@dataclass(eq=False, kw_only=True)
class Card:
    """A card that people listed, as Home Assistant knows it.

    `energy` is in Wh; it and `sessions` are None as long as the store did not tell them.
    """

    subentry_id: str
    identifiers: set[tuple[str, str]]
    id_token: IdToken
    energy: float | None = None
    sessions: int | None = None
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def watch(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever the totals changed; return how to stop that."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


class Held(NamedTuple):
    """A card that somebody held to a charger, by the identity of that.

    `type` is named as OCPP 2.x does, and empty where the charger did not say.
    """

    token: str
    charger: str
    type: str = ""


@dataclass(eq=False, kw_only=True)
class _Running:
    """A session that goes on, and what it has charged in Wh."""

    station: ChargingStation
    session: Transaction
    energy: float
    stop: Callable[[], None]
    # When it was last counted up for its card, by the clock of the event loop.
    counted: float = 0

    def look(self) -> None:
        """Take over how far the session is."""
        evse = self.session.evse
        now = self.station.transactions.running(evse)
        if now is not None and now.number == self.session.number:
            self.energy = self.station.transactions.energy(evse) or 0


class Cards:
    """Mirrors the cards of a config entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, shared: Shared) -> None:
        """Begin without any."""
        self._hass = hass
        self._entry = entry
        self._shared = shared
        self.known: dict[str, Card] = {}
        # The same by token without letter case, which several can have.
        self._by_key: dict[str, list[Card]] = {}
        self._new_card: list[Callable[[Card], None]] = []
        self._stations: list[ChargingStation] = []
        # What the sessions that are over come to, by token without letter case, also those
        # that were deleted; and the sessions that run, by number.
        self._totals: dict[str, Charged] | None = None
        self._running: dict[int, _Running] = {}
        self._events = 0
        self._waiting: set[asyncio.Future[Held | None]] = set()
        # The tag component can't take one new tag twice at a time.
        self._scanning = asyncio.Lock()

    # --- who may charge -----------------------------------------------------------------

    @callback
    def async_sync(self, central_device_id: str) -> None:
        """Have exactly the cards that the entry's subentries say; no charger notices."""
        listed = {
            subentry.subentry_id: read_id_token(subentry)
            for subentry in self._entry.get_subentries_of_type(SUBENTRY_ID_TOKEN)
        }
        self._shared.id_tokens.replace(listed.values())
        for subentry_id in self.known.keys() - listed.keys():
            # Home Assistant removes its device by itself.
            del self.known[subentry_id]
        for subentry_id, id_token in listed.items():
            card = self.known.get(subentry_id)
            if card is not None and card.id_token == id_token:
                continue
            if card is None:
                card = self.known[subentry_id] = Card(
                    subentry_id=subentry_id,
                    # No charger can have it for an identity; nor does it tell the number.
                    identifiers={(DOMAIN, f"{self._entry.entry_id}\x1f{subentry_id}")},
                    id_token=id_token,
                )
                self._show(card, central_device_id)
                self._count_up(card)
                for add in self._new_card:
                    add(card)
            else:
                card.id_token = id_token
                self._show(card, central_device_id)
                self._count_up(card)
        self._by_key = {}
        for card in self.known.values():
            self._by_key.setdefault(token_key(card.id_token.token), []).append(card)
        self._tell_names()

    def _show(self, card: Card, central_device_id: str) -> None:
        """Have the card's device, called as the card is."""
        registry = dr.async_get(self._hass)
        device = registry.async_get_or_create(
            config_entry_id=self._entry.entry_id,
            config_subentry_id=card.subentry_id,
            identifiers=card.identifiers,
            entry_type=dr.DeviceEntryType.SERVICE,
            via_device_id=central_device_id,
        )
        registry.async_update_device(
            device.id, model=card.id_token.type, name=card.id_token.name
        )

    def _tell_names(self) -> None:
        """Have the sessions that run shown with the present names of their cards."""
        for running in self._running.values():
            running.station.changed(Part(Topic.TRANSACTION, running.session.evse))
            running.station.flush()

    @callback
    def async_on_card(self, add: Callable[[Card], None]) -> Callable[[], None]:
        """Call with every card, now and as more are listed; return how to stop that."""
        self._new_card.append(add)
        for card in self.known.values():
            add(card)
        return lambda: self._new_card.remove(add)

    def has_device(self, device: dr.AnyDeviceEntry) -> bool:
        """Return whether a device is one of a card."""
        return any(
            card.identifiers & device.identifiers for card in self.known.values()
        )

    def _cards_of(self, token: str) -> Sequence[Card]:
        return self._by_key.get(token_key(token), ())

    # --- what happens at the chargers ---------------------------------------------------

    @callback
    def async_follow(
        self, station: ChargingStation, device_id: str
    ) -> Callable[[], None]:
        """Follow what happens at a charger; return how to stop that."""
        self._stations.append(station)
        unfollow = station.follow(partial(self._on_event, station, device_id))

        def stop() -> None:
            unfollow()
            self._stations.remove(station)
            for number, running in list(self._running.items()):
                if running.station is station:
                    self._run_no_more(number)

        return stop

    @callback
    def _on_event(self, station: ChargingStation, device_id: str, event: Event) -> None:
        match event:
            case CardPresented():
                self._on_presented(station, device_id, event)
            case SessionStarted(transaction=session):
                self._events += 1
                if session.number not in self._running:
                    self._run(station, session)
                    self._count_up_token(session.id_token)
            case SessionEnded(transaction=session) if session.token_info.accepted:
                self._events += 1
                self._on_ended(session)

    def _on_presented(
        self, station: ChargingStation, device_id: str, event: CardPresented
    ) -> None:
        listed = self._shared.id_tokens.find(event.id_token)
        # Chargers spell one card in several ways, and automations compare letters.
        tag = event.id_token.upper() if listed is None else listed.token
        registry = dr.async_get(self._hass)
        evse = registry.async_get_child_device_by_identifier(
            (DOMAIN, evse_identifier(station.identity, event.evse)),
            self._entry.entry_id,
        )
        device = evse.id if evse is not None else device_id
        self._hass.async_create_task(self._async_scan(tag, device))
        held = Held(event.id_token, station.identity, event.type)
        self._tell_waiting(held)

    async def _async_scan(self, tag: str, device_id: str) -> None:
        async with self._scanning:
            await async_scan_tag(self._hass, tag, device_id)

    async def async_next(self, patience: float) -> Held | None:
        """Wait so many seconds for the next card that somebody holds to any charger."""
        held: asyncio.Future[Held | None] = self._hass.loop.create_future()
        self._waiting.add(held)
        try:
            async with asyncio.timeout(patience):
                return await held
        except TimeoutError:
            return None
        finally:
            self._waiting.discard(held)

    @callback
    def async_close(self) -> None:
        """Have nobody wait for a card any more."""
        self._tell_waiting(None)

    def _tell_waiting(self, held: Held | None) -> None:
        for waiting in self._waiting:
            # One that nobody waits for any more may not have noticed yet.
            if not waiting.done():
                waiting.set_result(held)
        self._waiting.clear()

    # --- what each of them charged ------------------------------------------------------

    @property
    def counted(self) -> bool:
        """Return whether the store told what was charged up to now."""
        return self._totals is not None

    async def async_count(self) -> None:
        """Count the sessions of all cards anew."""
        store = self._shared.store
        while True:
            before = self._events
            running = self._find_running()
            deleted = await DeletedSessions.load(store)
            left_out = running.keys() | deleted.going.keys()
            try:
                totals = await store.token_totals(without=left_out)
            except StoreUnavailable:
                return
            # What started or ended meanwhile would be counted twice, or not at all.
            if before == self._events:
                break
        for number in list(self._running):
            self._run_no_more(number)
        self._totals = deleted.add_to(totals)
        for station, session in self._find_running().values():
            self._run(station, session)
        for card in self.known.values():
            self._count_up(card)

    def _find_running(self) -> dict[int, tuple[ChargingStation, Transaction]]:
        return {
            session.number: (station, session)
            for station in self._stations
            for evse in station.evses
            if (session := station.transactions.running(evse)) is not None
        }

    def _run(self, station: ChargingStation, session: Transaction) -> None:
        number = session.number
        running = self._running[number] = _Running(
            station=station,
            session=session,
            energy=0,
            stop=station.watch(
                Part(Topic.ENERGY, session.evse), lambda: self._on_energy(number)
            ),
        )
        running.look()

    def _run_no_more(self, number: int) -> _Running:
        running = self._running.pop(number)
        running.stop()
        return running

    @callback
    def _on_energy(self, number: int) -> None:
        now = self._hass.loop.time()
        running = self._running[number]
        if now - running.counted >= _WRITE_EVERY:
            running.counted = now
            self._count_up_token(running.session.id_token)

    def _on_ended(self, session: Transaction) -> None:
        if session.number not in self._running or self._totals is None:
            # Its end had been guessed, and came after all.
            self._entry.async_create_task(
                self._hass, self.async_count(), "count the sessions of cards"
            )
            return
        self._run_no_more(session.number)
        key = token_key(session.id_token)
        energy, sessions = self._totals.get(key, _NOTHING)
        self._totals[key] = energy + session.energy, sessions + 1
        self._count_up_token(session.id_token)

    def _count_up_token(self, token: str) -> None:
        for card in self._cards_of(token):
            self._count_up(card)

    def _count_up(self, card: Card) -> None:
        """Sum up a card and tell who shows it."""
        if self._totals is None:
            return
        key = token_key(card.id_token.token)
        card.energy, card.sessions = self._totals.get(key, _NOTHING)
        for running in self._running.values():
            if token_key(running.session.id_token) == key:
                running.look()
                card.energy += running.energy
                card.sessions += 1
        for listener in tuple(card.listeners):
            listener()
