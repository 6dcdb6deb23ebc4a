"""The test cases there are, as the files beside this one list them."""

from dataclasses import dataclass
from pathlib import Path
import tomllib

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test case for central systems.

    A case has a `reason` where it is not met, or does not apply. A `note` says what to know
    of how it is proved.
    """

    id: str
    name: str
    chapter: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The cases of one version, in the order of their chapters."""

    version: str
    source: str
    cases: tuple[Case, ...]

    @property
    def chapters(self) -> tuple[str, ...]:
        """Return the names of the chapters, in their order."""
        return tuple(dict.fromkeys(case.chapter for case in self.cases))


def read(path: Path) -> Catalogue:
    """Read a catalogue; raises `TypeError` for what no case has, `ValueError` for twins."""
    data = tomllib.loads(path.read_text())
    cases = tuple(
        Case(chapter=chapter["name"], **case)
        for chapter in data["chapter"]
        for case in chapter["case"]
    )
    ids = [case.id for case in cases]
    if twins := {one for one in ids if ids.count(one) > 1}:
        raise ValueError(f"{path.name} has twice: {', '.join(sorted(twins))}")
    return Catalogue(version=data["version"], source=data["source"], cases=cases)


def catalogues() -> tuple[Catalogue, ...]:
    """Return the catalogues of all versions there are."""
    return tuple(read(path) for path in sorted(FOLDER.glob("ocpp_*.toml")))
