"""Showing something under repairs as long as it lasts."""

from collections.abc import Callable, Iterable, Mapping

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

# Has something called whenever what is told may have changed; returns how to stop that.
type Watch = Callable[[Callable[..., None]], Callable[[], None]]


@callback
def async_tell(
    hass: HomeAssistant,
    key: str,
    of: str,
    words: Mapping[str, str] | None,
    *,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    group: str = "",
    fixed_with: Mapping[str, str] | None = None,
) -> None:
    """Tell people of something, with the words of its text; without any, no more.

    `of` is whose it is. Of a `group` one is told at a time. `fixed_with` is what its repair
    has to know, where there is one.
    """
    issue = f"{group or key}_{of}"
    if words is None:
        ir.async_delete_issue(hass, DOMAIN, issue)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        data=dict(fixed_with) if fixed_with is not None else None,
        is_fixable=fixed_with is not None,
        severity=severity,
        translation_key=key,
        translation_placeholders=dict(words),
    )


@callback
def async_tell_while(
    hass: HomeAssistant,
    key: str,
    of: str,
    words: Callable[[], Mapping[str, str] | None],
    *watches: Watch,
) -> Callable[[], None]:
    """Tell people of something as long as there are words for it.

    Return how to stop that, and to tell them no more.
    """

    @callback
    def look(*_: object) -> None:
        async_tell(hass, key, of, words())

    watched = [watch(look) for watch in watches]
    look()

    @callback
    def stop() -> None:
        async_stop(watched)
        async_tell(hass, key, of, None)

    return stop


@callback
def async_stop(watched: Iterable[Callable[[], None]]) -> None:
    """Watch no more."""
    for unwatch in watched:
        unwatch()
