"""Which certificates the authority issued, for whom, and which it took back."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from . import files

# Newer ones of a station replace the oldest, which then count no more.
MOST_OF_A_STATION = 10
MOST = 2_000


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate that was issued to a station, which is named without letter case.

    `request` is a hash of what the station asked with.
    """

    serial: int
    station: str
    request: str
    certificate: str
    expires: datetime
    revoked: datetime | None = None


class Register:
    """What was issued, newest last, in a file."""

    def __init__(self, path: Path) -> None:
        """Belong to a file."""
        self._path = path
        self._issued: dict[int, Issued] = {}

    def read(self) -> None:
        """Read the file; raises `AuthorityError` where it can't be."""
        try:
            kept = orjson.loads(self._path.read_bytes())
            self._issued = {
                one.serial: one for one in (_read(it) for it in kept["issued"])
            }
        except FileNotFoundError:
            self._issued = {}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise files.AuthorityError(self._path.name) from error

    def get(self, serial: int) -> Issued | None:
        """Return what was issued under a number."""
        return self._issued.get(serial)

    def answer_to(self, station: str, request: str) -> Issued | None:
        """Return the newest certificate that counts and was asked for in this way."""
        return next(
            (
                one
                for one in reversed(self._issued.values())
                if one.station == station
                and one.request == request
                and one.revoked is None
            ),
            None,
        )

    def add(self, issued: Issued, *, used: int | None = None) -> None:
        """Keep a certificate, and forget the oldest where there are too many.

        But not the one that the station uses, by its number.
        """
        of_the_same = [
            one.serial
            for one in self._issued.values()
            if one.station == issued.station and one.serial != used
        ]
        for serial in of_the_same[: len(of_the_same) - MOST_OF_A_STATION + 1]:
            del self._issued[serial]
        while len(self._issued) >= MOST:
            del self._issued[next(it for it in self._issued if it != used)]
        self._issued[issued.serial] = issued
        self._write()

    def revoke(self, station: str, at: datetime, *, but: int | None = None) -> bool:
        """Take back everything that a station was issued; return whether anything was.

        But not what was issued under one number.
        """
        counting = [
            one
            for one in self._issued.values()
            if one.station == station and one.revoked is None and one.serial != but
        ]
        for one in counting:
            self._issued[one.serial] = replace(one, revoked=at)
        if counting:
            self._write()
        return bool(counting)

    def revoked(self) -> list[tuple[int, datetime]]:
        """Return the numbers of what was taken back, and when."""
        return [
            (one.serial, one.revoked)
            for one in self._issued.values()
            if one.revoked is not None
        ]

    def _write(self) -> None:
        kept = [
            vars(one) | {"serial": f"{one.serial:x}"} for one in self._issued.values()
        ]
        files.write(self._path, orjson.dumps({"issued": kept}))


def _read(kept: dict[str, Any]) -> Issued:
    revoked = kept["revoked"]
    return Issued(
        serial=int(kept["serial"], 16),
        station=kept["station"],
        request=kept["request"],
        certificate=kept["certificate"],
        expires=datetime.fromisoformat(kept["expires"]),
        revoked=datetime.fromisoformat(revoked) if revoked else None,
    )
