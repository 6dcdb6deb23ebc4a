"""What a config entry is at run time: the central system, its chargers and their devices."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigSubentry,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    device_registry as dr,
    discovery_flow,
    entity_registry as er,
)
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval

from .cards import Cards
from .charger import Charger
from .const import (
    CONF_DB_URL,
    CONF_IDENTITY,
    CONF_KEEP_SAMPLES,
    DEFAULT_KEEP_SAMPLES,
    DOMAIN,
    SUBENTRY_CHARGER,
)
from .csms.authority import AuthorityError
from .csms.central_system import CentralSystem
from .csms.charging_station import ChargingStation
from .csms.model import Part, StationSettings, Topic
from .csms.store import Store, StoreUnavailable, database_url
from .csms.tls import TlsError
from .issues import FOLLOWED, async_show_set_aside, async_show_store_trouble
from .newcomers import discovery_id, may_adopt, may_show
from .passwords import async_follow_password
from .prices import Prices
from .settings import evse_identifier, new_charger, read_options, read_settings
from .tls import TLS_OPTIONS, Encryption

if TYPE_CHECKING:
    from .entity import OcppEntity

type OcppConfigEntry = ConfigEntry[OcppHub]

_DATABASE = "ocpp.db"
# Not just once a day: some restart that often.
_PURGE_EVERY = timedelta(hours=6)


class OcppHub:
    """Mirrors the chargers of one config entry into Home Assistant."""

    def __init__(self, hass: HomeAssistant, entry: OcppConfigEntry) -> None:
        """Prepare the central system of an entry."""
        self.hass = hass
        self.entry = entry
        self.store = Store(
            database_url(entry.options.get(CONF_DB_URL), hass.config.path(_DATABASE))
        )
        self.store.on_trouble = partial(async_show_store_trouble, hass, entry)
        self.encryption = Encryption(hass, entry)
        self.central = CentralSystem(
            host=entry.data[CONF_HOST],
            port=entry.data[CONF_PORT],
            store=self.store,
            options=read_options(entry.options),
            tls=self.encryption.tls,
        )
        self.central.on_visitor = self._on_visitor
        self.central.on_introduced = self._on_introduced
        self.prices = Prices(
            hass, entry.entry_id, self.central.shared.tariff, self.store
        )
        self.cards = Cards(hass, entry, self.central.shared)
        self.chargers: dict[str, Charger] = {}
        self._reloaded_for = self._needs_reload_for()
        # Subentries change while those before them are being set up.
        self._syncing = asyncio.Lock()
        self._new_entities: list[Callable[[Charger], None]] = []
        self._device_id = ""
        self._closed = False

    # --- life ---------------------------------------------------------------------------

    async def async_open(self) -> None:
        """Open the store, take the port and set up the chargers people have.

        Raises `StoreError`, `OSError`, `TlsError` and `AuthorityError`, after which nothing
        is left open.
        """
        await self.store.open()
        async_show_store_trouble(self.hass, self.entry, None)
        async_show_set_aside(self.hass, self.entry, self.store.set_aside)
        await self.prices.async_open(self.entry.options)
        try:
            await self.central.open()
            await self.encryption.async_prepare()
            await self.central.bind()
        except OSError, TlsError, AuthorityError:
            await self.async_close()
            raise
        self._device_id = (
            dr.async_get(self.hass)
            .async_get_or_create(
                config_entry_id=self.entry.entry_id,
                identifiers={(DOMAIN, self.entry.entry_id)},
                entry_type=dr.DeviceEntryType.SERVICE,
                name=self.entry.title,
                translation_key="central_system",
            )
            .id
        )
        self.cards.async_sync(self._device_id)
        await self.async_sync_chargers()
        self.encryption.async_follow()
        self.entry.async_on_unload(
            async_track_time_interval(
                self.hass, self.async_purge, _PURGE_EVERY, cancel_on_shutdown=True
            )
        )

    async def async_purge(self, now: datetime) -> None:
        """Forget the details of sessions that people do not want to keep any more.

        And look after certificates of chargers, which is due as seldom.
        """
        for charger in self.chargers.values():
            charger.station.security.look_after()
        days = self.entry.options.get(CONF_KEEP_SAMPLES, DEFAULT_KEEP_SAMPLES)
        # While the database is away there is always another day.
        with suppress(StoreUnavailable):
            await self.store.purge(now - timedelta(days=days))

    def _needs_reload_for(self) -> tuple[object, ...]:
        """Return what can't change while it is used."""
        options = self.entry.options
        return (
            dict(self.entry.data),
            options.get(CONF_DB_URL),
            [options.get(key) for key in TLS_OPTIONS],
        )

    async def async_close(self, *_: object) -> None:
        """Close every connection and the store; when Home Assistant stops, or before."""
        if self._closed:
            return
        self._closed = True
        for charger in self.chargers.values():
            charger.unwatch()
        self.cards.async_close()
        await self.central.close()
        await self.prices.async_close()
        await self.store.close()
        async_show_store_trouble(self.hass, self.entry, None)

    async def async_update(self) -> None:
        """Follow changes of the config entry without disturbing anybody it can leave be."""
        if self._needs_reload_for() != self._reloaded_for:
            self.hass.config_entries.async_schedule_reload(self.entry.entry_id)
            return
        self.central.apply_options(read_options(self.entry.options))
        self.prices.async_follow(self.entry.options)
        self.cards.async_sync(self._device_id)
        await self.async_sync_chargers()
        self.central.follow_cards()
        # Sessions may have a cost now.
        for charger in self.chargers.values():
            self._add_entities(charger)

    # --- chargers -----------------------------------------------------------------------

    async def async_sync_chargers(self) -> None:
        """Have exactly the chargers that the entry's subentries say."""
        async with self._syncing:
            before = set(self.chargers)
            wanted = {
                subentry.data[CONF_IDENTITY]: subentry
                for subentry in self.entry.get_subentries_of_type(SUBENTRY_CHARGER)
            }
            for identity in [known for known in self.chargers if known not in wanted]:
                charger = self.chargers.pop(identity)
                charger.unwatch()
                await self.central.remove_station(identity)
            for identity, subentry in wanted.items():
                settings = read_settings(subentry.data)
                if (known := self.chargers.get(identity)) is None:
                    await self._async_add_charger(identity, subentry, settings)
                else:
                    self._rename(known, subentry.title)
                    if known.station.settings != settings:
                        known.station.apply_settings(settings)
                        self.central.recheck(known.station)
            if set(self.chargers) != before or not self.cards.counted:
                await self.cards.async_count()

    async def _async_add_charger(
        self, identity: str, subentry: ConfigSubentry, settings: StationSettings
    ) -> None:
        station = await self.central.add_station(identity, settings)
        if subentry.subentry_id not in self.entry.subentries:
            # Removed again meanwhile.
            await self.central.remove_station(identity)
            return
        device = dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self.entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, identity)},
            name=subentry.title,
            via_device_id=self._device_id,
        )
        charger = Charger(
            station=station,
            subentry_id=subentry.subentry_id,
            device_id=device.id,
            name=subentry.title,
        )
        charger.watched = [
            station.watch(Part(Topic.INFO), lambda: self._show_info(charger)),
            station.watch(Part(Topic.STRUCTURE), lambda: self._add_entities(charger)),
            self.cards.async_follow(station, device.id),
            async_follow_password(self.hass, self.entry, station, subentry.subentry_id),
            *(
                follow(self.hass, station, subentry.subentry_id, subentry.title)
                for follow in FOLLOWED
            ),
        ]
        self.chargers[identity] = charger
        self._show_info(charger)
        self._add_entities(charger)
        self._drop_discovery(identity)

    def charger_of_device(
        self, device: dr.AnyDeviceEntry
    ) -> tuple[Charger, int] | None:
        """Return the charger of a device, and the EVSE where the device is one."""
        for domain, identifier in device.identifiers:
            for charger in self.chargers.values():
                identity = charger.station.identity
                if domain != DOMAIN:
                    continue
                if identifier == identity:
                    return charger, 0
                for evse in charger.station.evses:
                    if identifier == evse_identifier(identity, evse):
                        return charger, evse
        return None

    @callback
    def _rename(self, charger: Charger, name: str) -> None:
        if charger.name != name:
            charger.name = name
            dr.async_get(self.hass).async_update_device(charger.device_id, name=name)

    @callback
    def _show_info(self, charger: Charger) -> None:
        """Show who the charger says it is on its device."""
        if (info := charger.station.provisioning.info) is None:
            return
        dr.async_get(self.hass).async_update_device(
            charger.device_id,
            manufacturer=info.vendor or None,
            model=info.model or None,
            serial_number=info.serial or None,
            sw_version=info.firmware or None,
        )

    # --- entities -----------------------------------------------------------------------

    @callback
    def async_setup_platform(
        self,
        async_add_entities: AddConfigEntryEntitiesCallback,
        entities_of: Callable[[Charger], Iterable[OcppEntity]],
    ) -> None:
        """Add a platform's entities for every charger, now and as more show up."""
        known: WeakKeyDictionary[Charger, set[str]] = WeakKeyDictionary()

        @callback
        def add(charger: Charger) -> None:
            before = known.setdefault(charger, set())
            new = {
                entity.key: entity
                for entity in entities_of(charger)
                if entity.key not in before
            }
            before.update(new)
            if new:
                async_add_entities(
                    list(new.values()), config_subentry_id=charger.subentry_id
                )

        self._new_entities.append(add)
        self.entry.async_on_unload(lambda: self._new_entities.remove(add))
        for charger in self.chargers.values():
            add(charger)

    @callback
    def _add_entities(self, charger: Charger) -> None:
        """Add what the charger turned out to have."""
        self._move_to_child_devices(charger)
        for add in self._new_entities:
            add(charger)

    def _move_to_child_devices(self, charger: Charger) -> None:
        """Give the first EVSE a device of its own once there is a second."""
        identity = charger.station.identity
        if charger.station.the_only_evse is not None:
            return
        entities = er.async_get(self.hass)
        for evse in charger.station.evses:
            device = dr.async_get(self.hass).async_get_or_create_child(
                config_entry_id=self.entry.entry_id,
                config_subentry_id=charger.subentry_id,
                identifiers={(DOMAIN, evse_identifier(identity, evse))},
                parent_device_id=charger.device_id,
                translation_key="evse",
                translation_placeholders={"number": str(evse)},
            )
            for entity in er.async_entries_for_device(
                entities, charger.device_id, include_disabled_entities=True
            ):
                if entity.unique_id.startswith(f"{identity}-{evse}-"):
                    entities.async_update_entity(entity.entity_id, device_id=device.id)

    # --- unknown chargers ---------------------------------------------------------------

    @callback
    def _on_visitor(self, station: ChargingStation) -> None:
        """Adopt an unknown charger when people want that of all of them."""
        if self.central.options.unknown_chargers != "adopt" or not may_adopt(
            self.entry
        ):
            return
        self.hass.config_entries.async_add_subentry(
            self.entry, new_charger(station.identity, {CONF_NAME: station.identity})
        )

    @callback
    def _on_introduced(self, station: ChargingStation) -> None:
        """Show a card for an unknown charger."""
        if not may_show(self.hass, self.entry, station.identity):
            return
        info = station.provisioning.info
        discovery_flow.async_create_flow(
            self.hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={
                "entry_id": self.entry.entry_id,
                CONF_IDENTITY: station.identity,
                "vendor": info.vendor if info else "",
                "model": info.model if info else "",
                "serial": info.serial if info else "",
            },
            discovery_key=discovery_flow.DiscoveryKey(
                domain=DOMAIN, key=station.identity, version=1
            ),
        )

    @callback
    def _drop_discovery(self, identity: str) -> None:
        """Take back the card of a charger that was added by hand meanwhile."""
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN):
            context = flow["context"]
            if context.get("source") == SOURCE_INTEGRATION_DISCOVERY and context.get(
                "unique_id"
            ) == discovery_id(self.entry.entry_id, identity):
                flows.async_abort(flow["flow_id"])
