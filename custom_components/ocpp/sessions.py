"""Sessions as people see them: numbers they know, names they gave, rows of a table."""

from collections.abc import Iterable
import csv
from dataclasses import dataclass
from datetime import UTC, datetime
import io
import re
from typing import Any

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .csms.blocks.transactions import UNKNOWN_END
from .csms.id_tokens import IdTokens
from .csms.model import Transaction, utcnow
from .hub import OcppHub

type Row = dict[str, Any]

# The columns of an export, in their order. What people built on them stays true: columns
# may be added at the end, and none is ever renamed, moved or taken away.
COLUMNS = (
    "id",
    "charger",
    "evse",
    "card",
    "start",
    "end",
    "meter_start",
    "meter_stop",
    "energy",
    "duration",
    "cost",
    "currency",
    "stop_reason",
    "complete",
    "energy_export",
)
# What makes a spreadsheet take a text for a formula, the wide forms of it included.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which sessions are meant: all of them where nothing is said.

    `start` and `end` are about when a session began; that of the end is left out.
    """

    station: str | None = None
    evse: int | None = None
    card: str | None = None
    start: datetime | None = None
    end: datetime | None = None


# --- what people read ---------------------------------------------------------------------


def kwh(energy: float | None) -> float | None:
    """Return an energy in kWh, to the Wh."""
    return round(energy / 1000, 3) if energy is not None else None


def amount(cost: float | None) -> float | None:
    """Return an amount of money that can be summed up without losing cents."""
    return round(cost, 4) if cost is not None else None


def duration_of(session: Transaction) -> int:
    """Return how many seconds a session took, or has taken up to now."""
    return round(((session.ended or utcnow()) - session.started).total_seconds())


def card_of(id_tokens: IdTokens, session: Transaction) -> str | None:
    """Return the name of a session's card, else the end of its number."""
    if session.card or not session.id_token:
        return session.card or None
    return id_tokens.label(session.id_token)


def is_complete(session: Transaction) -> bool:
    """Return whether nothing about a session is missing: its end and its price."""
    return (
        session.ended is not None
        and session.stop_reason != UNKNOWN_END
        and session.cost_complete
    )


# --- finding them -------------------------------------------------------------------------


def loaded_hubs(hass: HomeAssistant) -> list[OcppHub]:
    """Return the hubs of all entries that are loaded."""
    return [
        entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]


async def async_find_sessions(
    hass: HomeAssistant, filters: Filters, only: OcppHub | None = None
) -> list[Row]:
    """Return the sessions of all central systems, or of one, by their start.

    Those of chargers that Home Assistant has no more are among them.
    """
    hubs = loaded_hubs(hass)
    people = People(hubs)
    found = []
    for hub in hubs if only is None else [only]:
        sessions = await hub.store.sessions(
            station=filters.station,
            evse=filters.evse,
            start=filters.start,
            end=filters.end,
        )
        # Central systems may keep their sessions in the same place.
        elsewhere = {
            identity
            for other in hubs
            if other is not hub
            for identity in other.chargers
            if identity not in hub.chargers
        }
        found.append([it for it in sessions if it.station not in elsewhere])
    return await hass.async_add_executor_job(_rows, found, people, filters.card)


class People:
    """What people gave names to, and how the running sessions are, at this moment."""

    def __init__(self, hubs: Iterable[OcppHub]) -> None:
        """Ask the hubs."""
        self._chargers: dict[str, str] = {}
        self._cards: list[IdTokens] = []
        # The store is some minutes behind.
        self._running: dict[int, Transaction] = {}
        for hub in hubs:
            self._cards.append(hub.central.shared.id_tokens)
            for identity, charger in hub.chargers.items():
                self._chargers[identity] = charger.name
                transactions = charger.station.transactions
                for session in transactions.unplaced_sessions():
                    self._running[session.number] = session
                for evse in charger.station.evses:
                    if (placed := transactions.session(evse)) and placed.running:
                        self._running[placed.number] = placed

    def present(self, session: Transaction) -> Transaction:
        """Return a stored session as it is by now."""
        running = self._running.get(session.number)
        if running is None or running.station != session.station:
            return session
        return running

    def duration(self, session: Transaction) -> int | None:
        """Return the duration in seconds; unknown where a charger was removed meanwhile."""
        if session.running and session.number not in self._running:
            return None
        return duration_of(session)

    def charger(self, session: Transaction) -> str:
        """Return the name of a session's charger, else its identity."""
        return self._chargers.get(session.station, session.station)

    def card(self, session: Transaction) -> str | None:
        """Return the name of a session's card, else the end of its number."""
        for id_tokens in self._cards:
            if id_tokens.find(session.id_token) is not None:
                return card_of(id_tokens, session)
        return card_of(IdTokens(), session)

    def is_of_card(self, session: Transaction, card: str) -> bool:
        """Return whether a session is of a card, given a name or number in lower case."""
        names = [session.id_token, session.card, self.card(session)]
        # It may be called something else today.
        names += [cards.label(session.id_token) for cards in self._cards]
        return card in (name.casefold() for name in names if name)


def _rows(
    found: Iterable[Iterable[Transaction]], people: People, card: str | None
) -> list[Row]:
    """Return what people are told, each session once."""
    sessions = {
        (session.number, session.station): people.present(session)
        for part in found
        for session in part
    }
    wanted = card.strip().casefold() if card is not None else None
    return [
        _row(session, people)
        for session in sorted(
            sessions.values(), key=lambda session: (session.started, session.number)
        )
        if wanted is None or people.is_of_card(session, wanted)
    ]


def _row(session: Transaction, people: People) -> Row:
    return {
        "id": session.number,
        "charger": people.charger(session),
        "evse": session.evse or None,
        "card": people.card(session),
        "start": _moment(session.started),
        "end": _moment(session.ended),
        "meter_start": kwh(session.meter_start),
        "meter_stop": kwh(session.meter_stop),
        "energy": kwh(session.energy),
        "duration": people.duration(session),
        "cost": amount(session.cost),
        "currency": session.currency,
        "stop_reason": session.stop_reason,
        "complete": is_complete(session),
        "energy_export": kwh(session.exported),
    }


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds")


# --- a table ------------------------------------------------------------------------------


def write_csv(rows: Iterable[Row]) -> str:
    """Return rows as a table that every spreadsheet can read (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    if _FORMULA.match(value):
        # Spreadsheets show it without the apostrophe, and carry nothing out.
        value = f"'{value}"
    return _CONTROL.sub(" ", value)
