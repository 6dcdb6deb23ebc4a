"""What energy costs, as people say in the options: a number, or a sensor that knows."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
import math
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HassJob,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import (
    async_call_later,
    async_track_state_change_event,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util

from .const import CONF_PRICE_ENTITY, CONF_PRICE_PER_KWH, CONF_PRICE_PER_SESSION
from .csms.store import Store
from .csms.tariff import Tariff

# After a kill, the last price is believed from when it was kept.
_SAVE_EVERY = timedelta(hours=1)
# In seconds. A new price is kept soon; one that changes all the time, no more often.
_SAVE_AFTER = 1
_SAVE_APART = 10
_PER_KWH = {"kwh": 1.0, "wh": 1000.0, "mwh": 0.001, "gwh": 0.000001}
# What a hundredth of a currency is called.
_HUNDREDTHS = frozenset(
    {
        *("c", "¢", "ct", "cts", "cent", "cents"),
        *("öre", "øre", "ore", "p", "penny", "pence", "gr", "grosz", "groszy"),
        *("hal", "haléř", "fillér", "st", "stotinki", "bani", "sen", "rappen"),
        *("centimes", "centesimi", "centavos", "céntimos", "cêntimos", "kopecks"),
    }
)


class Prices:
    """Tells a tariff what the options of an entry say, also while they change."""

    def __init__(
        self, hass: HomeAssistant, entry_id: str, tariff: Tariff, store: Store
    ) -> None:
        """Prepare; nothing is told before `async_open`."""
        self._hass = hass
        self._tariff = tariff
        self._store = store
        # No charger has such an identity.
        self._kept_as = f"\x1f{entry_id}"
        self._chosen: tuple[Any, ...] | None = None
        self._entity_id: str | None = None
        self._told: float | None = None
        self._saved = -math.inf
        self._stop_saving: Callable[[], None] | None = None
        self._stop_following: Callable[[], None] = lambda: None
        self._stops: list[Callable[[], None]] = []

    async def async_open(self, options: Mapping[str, Any]) -> None:
        """Take up the prices from before a restart, and go on from there."""
        kept = await self._store.load_facts(self._kept_as)
        self._entity_id = kept.get("entity_id")
        self._tariff.recall(kept, told=self._entity_id is None)
        self._tariff.currency = self._hass.config.currency
        self._stops = [
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._on_config),
            async_track_time_interval(
                self._hass, self._on_hour, _SAVE_EVERY, cancel_on_shutdown=True
            ),
        ]
        self.async_follow(options)

    async def async_close(self) -> None:
        """Follow no sensor any more, and keep what was told."""
        if self._chosen is None:
            return
        self._stop_following()
        for stop in self._stops:
            stop()
        if self._stop_saving is not None:
            self._stop_saving()
        await self._save()

    @callback
    def async_follow(self, options: Mapping[str, Any]) -> None:
        """Take over prices that people changed; running sessions go on with them."""
        entity_id = options.get(CONF_PRICE_ENTITY) or None
        per_kwh = options.get(CONF_PRICE_PER_KWH)
        per_session = options.get(CONF_PRICE_PER_SESSION) or 0
        if (chosen := (entity_id, per_kwh, per_session)) == self._chosen:
            return
        self._chosen = chosen
        self._tariff.per_session = per_session
        self._stop_following()
        self._stop_following = lambda: None
        if entity_id is not None:
            state = self._hass.states.get(entity_id)
            since = dt_util.utcnow()
            if state is not None and entity_id == self._entity_id:
                # It was asked before the restart, and may have changed meanwhile.
                since = state.last_changed
            self._told = price_per_kwh(state)
            self._tariff.vary(self._told, since)
            self._stop_following = async_track_state_change_event(
                self._hass, entity_id, self._on_state
            )
        elif per_kwh is not None:
            self._tariff.fix(per_kwh, dt_util.utcnow())
        else:
            self._tariff.free()
        self._entity_id = entity_id
        self._save_soon()

    @callback
    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        if (price := price_per_kwh(event.data["new_state"])) != self._told:
            self._told = price
            self._tariff.vary(price, event.time_fired)
            self._save_soon()

    @callback
    def _on_config(self, _: Event) -> None:
        self._tariff.currency = self._hass.config.currency

    @callback
    def _save_soon(self) -> None:
        """Keep a price that changed, together with what changes until then."""
        if self._stop_saving is None:
            since = self._hass.loop.time() - self._saved
            self._stop_saving = async_call_later(
                self._hass,
                max(_SAVE_AFTER, _SAVE_APART - since),
                HassJob(self._save, "keep a price", cancel_on_shutdown=True),
            )

    async def _on_hour(self, _: datetime) -> None:
        """Keep the prices, and have chargers forget one that is no longer believed."""
        self._tariff.tell()
        await self._save()

    async def _save(self, _: datetime | None = None) -> None:
        """Keep the prices for samples that come late, and for after a restart."""
        if self._stop_saving is not None:
            self._stop_saving()
            self._stop_saving = None
        self._saved = self._hass.loop.time()
        if self._tariff.exists:
            kept = self._tariff.as_dict(dt_util.utcnow())
            kept["entity_id"] = self._entity_id
            await self._store.save_facts(self._kept_as, kept)


def price_per_kwh(state: State | None) -> float | None:
    """Return the price per kWh that an entity shows, or None where it shows none.

    An amount in a hundredth of the currency, or for another amount of energy, is converted
    where the unit says so.
    """
    if state is None:
        return None
    try:
        price = float(state.state)
    except ValueError:
        return None
    if not math.isfinite(price):
        return None
    unit = str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) or "")
    amount, _, energy = unit.casefold().replace(" per ", "/").partition("/")
    if amount.strip(" .") in _HUNDREDTHS:
        price /= 100
    return price * _PER_KWH.get(energy.strip(), 1)
