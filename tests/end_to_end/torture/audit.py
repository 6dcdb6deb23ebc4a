"""Holds the store against what the chargers did and were told.

It reads a copy of the database's files, as the kill left them: it must neither repair nor
disturb what Home Assistant finds when it starts again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
import shutil
import sqlite3
from tempfile import TemporaryDirectory
from typing import Any

from .home import Lost
from .ledger import REASONS, Fact, Session

type Row = dict[str, Any]

_UNKNOWN_END = "unknown_end"


def rows(database: Path) -> list[Row]:
    """Return every session in the store, as it is on the disk."""
    with TemporaryDirectory() as directory:
        copy = Path(directory) / database.name
        for suffix in ("", "-wal"):
            part = database.with_name(database.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        if not copy.exists():
            return []
        connection = sqlite3.connect(copy)
        connection.row_factory = sqlite3.Row
        try:
            (sound,) = connection.execute("PRAGMA quick_check").fetchone()
            if sound != "ok":
                raise Lost(f"The database is damaged: {sound}")
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE name = 'transactions'"
            )
            if found.fetchone() is None:
                # Killed before it was made.
                return []
            return [
                dict(row) for row in connection.execute("SELECT * FROM transactions")
            ]
        finally:
            connection.close()


def check(stored: list[Row], sessions: Iterable[Session]) -> None:
    """Raise `Lost` unless every acknowledged message is in the store exactly once."""
    faults = list(_faults(stored, list(sessions)))
    if faults:
        raise Lost("\n".join(faults))


def check_progress(stored: list[Row], sessions: list[Session]) -> None:
    """Raise `Lost` unless what ended in good order wrote how far running sessions are."""
    for session in sessions:
        least = session.acknowledged - session.meter_start
        running = [row for row in stored if row["ended"] is None]
        for row in running:
            if _is_start_of(row, session) and row["energy"] < least:
                raise Lost(f"Less than {least} is saved: {session}: {row}")


def check_finished(stored: list[Row], sessions: list[Session]) -> None:
    """Raise `Lost` unless all there was has an end, when everything is told.

    A session whose charger forgot it ends with the next one of its connector; one that was
    forgotten before that was told is shown to nobody.
    """
    for session in sessions:
        told = session.stop_answered and (session.start_answered or session.gave_up)
        if not told and not session.forgotten:
            raise Lost(f"A charger still waits for an answer: {session}")
    newest = {
        (row["station"], row["evse"]): row["number"]
        for row in sorted(stored, key=lambda row: row["number"])
    }
    for row in stored:
        is_newest = newest[row["station"], row["evse"]] == row["number"]
        if row["ended"] is None and row["evse"] and not is_newest:
            raise Lost(f"A session is running for ever: {row}")


def _faults(stored: list[Row], sessions: list[Session]) -> Iterator[str]:
    numbers = [row["number"] for row in stored]
    if len(set(numbers)) != len(numbers) or any(number <= 0 for number in numbers):
        yield f"Numbers are not unique and positive: {numbers}"
    claimed: set[int] = set()
    for session in sessions:
        mine = [row for row in stored if _is_start_of(row, session)]
        claimed.update(row["number"] for row in mine)
        if len(mine) > 1:
            yield f"A session is there {len(mine)} times: {session}: {mine}"
        if session.start_answered and not mine:
            yield f"An acknowledged start is lost: {session}"
        if mine and not session.start_sent:
            yield f"A start is there before it was sent: {session}"
        for row in mine[:1]:
            yield from _faults_of(row, session)
        if session.gave_up:
            orphans = [row for row in stored if _is_orphan_of(row, session)]
            claimed.update(row["number"] for row in orphans)
            ends = [*orphans, *(row for row in mine if _is_end_of(row, session))]
            if session.stop_answered and len(ends) != 1:
                yield f"A stop without id is there {len(ends)} times: {session}: {ends}"
            if orphans and mine:
                yield f"A stop without id missed its session: {session}: {mine}"
    for row in stored:
        if row["number"] not in claimed:
            yield f"Nobody ever told of this session: {row}"


def _faults_of(row: Row, session: Session) -> Iterator[str]:
    if isinstance(session.id, str):
        yield from _faults_of_start(row, session)
    elif session.ids - {row["number"]} or row["id"] != str(row["number"]):
        yield f"A repeated start got another id: {session}: {row}"
    if session.stop_answered and not session.gave_up and not _is_end_of(row, session):
        yield f"An acknowledged stop is lost: {session}: {row}"
    if _is_end_of(row, session):
        if row["energy"] != session.energy:
            yield f"The energy should be {session.energy}: {session}: {row}"
        return
    if row["ended"] is not None and row["stop_reason"] != _UNKNOWN_END:
        yield f"It ended otherwise: {session}: {row}"
    most = session.energy_told
    if not 0 <= row["energy"] <= most:
        yield f"The energy so far can't be more than {most}: {session}: {row}"


def _faults_of_start(row: Row, session: Session) -> Iterator[str]:
    """Hold what a charger told once, with an id of its own, against the row of that id."""
    registers: set[int | None] = {session.meter_start}
    if Fact.PLACE in session.late:
        # It was not told what the register was at the start.
        registers.add(None)
    if row["meter_start"] not in registers or not _is_at(
        row["started"], session.started, session
    ):
        yield f"An acknowledged start is wrong: {session}: {row}"
    for fact, stored, told, unknown in (
        (Fact.TOKEN, row["id_token"], session.token, ""),
        (Fact.PLACE, row["evse"], session.connector, 0),
    ):
        possible = {told}
        if fact in session.late and fact not in session.answered:
            possible.add(unknown)
            # Of one that has a single EVSE it is known all the same.
            if fact is Fact.TOKEN and fact not in session.sent:
                possible.remove(told)
        if stored not in possible:
            yield f"The {fact.name.lower()} is wrong: {session}: {row}"


def _is_start_of(row: Row, session: Session) -> bool:
    if isinstance(session.id, str):
        return bool(row["station"] == session.station and row["id"] == session.id)
    return (
        row["station"] == session.station
        and row["evse"] == session.connector
        and row["id_token"] == session.token
        and row["meter_start"] == session.meter_start
        and _is_at(row["started"], session.started, session)
    )


def _is_end_of(row: Row, session: Session) -> bool:
    return (
        session.reason is not None
        and session.stop_sent
        and row["ended"] is not None
        and row["meter_stop"] == session.meter_stop
        and row["stop_reason"] == REASONS[session.reason]
        and _is_at(row["ended"], session.ended, session)
    )


def _is_at(stored: str, at: datetime, session: Session) -> bool:
    return not session.dated or datetime.fromisoformat(stored) == at


def _is_orphan_of(row: Row, session: Session) -> bool:
    return (
        row["station"] == session.station
        and row["evse"] == 0
        and row["id"] in ("", str(row["number"]))
        and _is_end_of(row, session)
    )
