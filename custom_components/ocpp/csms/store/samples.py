"""Samples and uses of cards: many and small, so they are gathered before they are written."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, Table, func, insert, select
from sqlalchemy.dialects import postgresql

from .allowance import MOST_SAMPLES, Allowance
from .records import Sample
from .tables import id_token_uses, samples

_MINUTE = timedelta(minutes=1)
# Sessions whose last sample is remembered.
_MOST_TRACKS = 1000
# Samples that are written of a session: more than two months of minutes.
MOST_OF_SESSION = 100_000
# No database takes any number of them in a query.
_NUMBERS_AT_ONCE = 1_000


class KeptSample(NamedTuple):
    """A sample that is to be written.

    `unless` another of its minute is there already: what was written before a restart is
    not known any more.
    """

    number: int
    sample: Sample
    unless: bool


class _Track:
    """The minute of a session that has its sample, and what came after that."""

    __slots__ = ("last", "since", "until")

    def __init__(self, since: datetime) -> None:
        self.since = since
        self.until = since + _MINUTE
        self.last: tuple[datetime, float, float | None] | None = None


class Sampler:
    """Thins samples out: the first of each minute is kept, and the last of a session."""

    def __init__(self, station_of: Callable[[int], str]) -> None:
        """Begin with none; `station_of` says whose a session is."""
        self.kept: list[KeptSample] = []
        self._tracks: dict[int, _Track] = {}
        self._station_of = station_of
        self._allowance = Allowance("samples", MOST_SAMPLES)

    def add(
        self, number: int, at: datetime, energy: float, power: float | None
    ) -> bool:
        """Take a sample; return whether it is one to write."""
        track = self._tracks.get(number)
        if track is not None and track.since <= at < track.until:
            track.last = (at, energy, power)
            return False
        sample = Sample(at, energy, power)
        if track is not None and at < track.since:
            # It was held back, and belongs into a minute that is over.
            return self._keep(KeptSample(number, sample, True))
        if track is None and len(self._tracks) >= _MOST_TRACKS:
            del self._tracks[next(iter(self._tracks))]
        self._tracks[number] = _Track(at.replace(second=0, microsecond=0))
        return self._keep(KeptSample(number, sample, track is None))

    def _keep(self, sample: KeptSample) -> bool:
        """Have a sample written, unless the station tells too many of them."""
        allowed = self._allowance.take(self._station_of(sample.number))
        if allowed:
            self.kept.append(sample)
        return allowed

    def finish(self, number: int) -> bool:
        """Keep the last sample of a session; return whether there is one to write."""
        track = self._tracks.pop(number, None)
        if track is None or track.last is None:
            return False
        return self._keep(KeptSample(number, Sample(*track.last), False))

    def take(self) -> list[KeptSample]:
        """Return what is to be written, once."""
        kept, self.kept = self.kept, []
        return kept


def write_samples(connection: Connection, kept: Sequence[KeptSample]) -> None:
    """Write samples; those that are there already stay as they are.

    Of a session that has as many as there may be, no more are.
    """
    query = _insert_missing(connection, samples)
    rows: list[dict[str, Any]] = []
    room = _room(connection, {it.number for it in kept})
    for number, sample, unless in kept:
        if room[number] <= 0:
            continue
        room[number] -= 1
        row = {"number": number, **sample._asdict()}
        if not unless:
            rows.append(row)
            continue
        if rows:
            connection.execute(query, rows)
            rows = []
        if not _has_sample(connection, number, sample.at):
            rows.append(row)
    if rows:
        connection.execute(query, rows)


def _room(connection: Connection, numbers: Collection[int]) -> dict[int, int]:
    """Return how many more samples of some sessions are written."""
    room = dict.fromkeys(numbers, MOST_OF_SESSION)
    columns = samples.c
    query = select(columns.number, func.count()).group_by(columns.number)
    for some in batched(room, _NUMBERS_AT_ONCE, strict=False):
        for number, there in connection.execute(query.where(columns.number.in_(some))):
            room[number] -= there
    return room


def _has_sample(connection: Connection, number: int, at: datetime) -> bool:
    minute = at.replace(second=0, microsecond=0)
    query = select(samples.c.number).where(
        samples.c.number == number,
        samples.c.at >= minute,
        samples.c.at < minute + _MINUTE,
    )
    return connection.execute(query.limit(1)).first() is not None


def write_uses(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write uses of cards; one that is there already is the same."""
    connection.execute(_insert_missing(connection, id_token_uses), list(rows))


def _insert_missing(connection: Connection, table: Table) -> Insert:
    """Insert what is not there yet, in the words of the database."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    query = insert(table).prefix_with("OR IGNORE", dialect="sqlite")
    for dialect in ("mysql", "mariadb"):
        query = query.prefix_with("IGNORE", dialect=dialect)
    return query
