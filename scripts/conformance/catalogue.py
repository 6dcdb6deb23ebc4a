"""What there is to prove of each version, as the files beside this one list it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
import tomllib
from typing import Any

FOLDER = Path(__file__).resolve().parent
# The reason of what nothing stands against.
LATER = "Not proved yet."


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test case for central systems, or a use case, requirement or message.

    A case has a `reason` where it is not met, does not apply or is not proved yet. A `note`
    says what to know of how it is proved. `use_cases` are those that a test case goes
    through.
    """

    id: str
    name: str
    chapter: str
    reason: str = ""
    note: str = ""
    use_cases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What there is to prove of one version, in the order of the chapters.

    `one` is what a case of it is called.
    """

    version: str
    source: str
    cases: tuple[Case, ...]
    use_cases: tuple[Case, ...] = ()
    messages: tuple[Case, ...] = ()
    one: str = "case"

    @property
    def everything(self) -> tuple[Case, ...]:
        """Return all that can be proved."""
        return (*self.messages, *self.use_cases, *self.cases)

    @property
    def chapters(self) -> tuple[str, ...]:
        """Return the names of the chapters, in their order."""
        return tuple(dict.fromkeys(case.chapter for case in self.everything))

    def of(self, use_case: str) -> tuple[Case, ...]:
        """Return the test cases that go through a use case."""
        return tuple(case for case in self.cases if use_case in case.use_cases)

    def proved(self, marked: Iterable[str]) -> set[str]:
        """Return what is proved where tests are marked with these.

        A use case is proved by tests that are marked with it, or by those of its test
        cases, if all of them are proved.
        """
        done = {case.id for case in self.everything if not case.reason} & set(marked)
        for use_case in self.use_cases:
            ids = {case.id for case in self.of(use_case.id)}
            if ids and ids <= done and not use_case.reason:
                done.add(use_case.id)
        return done


def read(path: Path) -> Catalogue:
    """Read a catalogue; raises `TypeError` for what no case has, `ValueError` for twins.

    It raises `ValueError` also where a test case goes through a use case there is not.
    """
    data = tomllib.loads(path.read_text())
    cases = _cases(data["chapter"])
    use_cases, messages = _beside(path, "use_cases"), _beside(path, "messages")
    ids = [case.id for case in (*messages, *use_cases, *cases)]
    if twins := {one for one in ids if ids.count(one) > 1}:
        raise ValueError(f"{path.name} has twice: {', '.join(sorted(twins))}")
    known = {case.id for case in use_cases}
    if strange := {one for case in cases for one in case.use_cases} - known:
        raise ValueError(f"{path.name} does not list: {', '.join(sorted(strange))}")
    return Catalogue(
        version=data["version"],
        source=data["source"],
        cases=cases,
        use_cases=use_cases,
        messages=messages,
        one=data.get("one", "case"),
    )


def _beside(path: Path, what: str) -> tuple[Case, ...]:
    """Return what a file beside a catalogue lists, nothing without one."""
    beside = path.with_name(f"{what}_{path.stem.removeprefix('ocpp_')}.toml")
    return (
        _cases(tomllib.loads(beside.read_text())["chapter"]) if beside.exists() else ()
    )


def _cases(chapters: list[dict[str, Any]]) -> tuple[Case, ...]:
    return tuple(
        Case(
            chapter=chapter["name"],
            use_cases=tuple(case.get("use_cases", ())),
            **{key: value for key, value in case.items() if key != "use_cases"},
        )
        for chapter in chapters
        for case in chapter["case"]
    )


def catalogues() -> tuple[Catalogue, ...]:
    """Return the catalogues of all versions there are."""
    return tuple(read(path) for path in sorted(FOLDER.glob("ocpp_*.toml")))
