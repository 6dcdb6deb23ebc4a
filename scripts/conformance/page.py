"""What the pages say."""

from collections.abc import Iterable
from pathlib import Path

from .catalogue import LATER, Case, Catalogue
from .markers import ROOT, Proof

DOCS = ROOT / "docs"

_ABOUT = """\
# Conformance to OCPP {version}

{source}

{counts}

Each row below is one of these cases. Where tests stand in it, they are the proof: they play
the conversation of the case with a simulated charger over a real socket, with Home Assistant
on our side of it, and look at what is to be seen afterwards: the state of an entity, what is
kept of a session, or the error that people get. That a message was sent is not enough. Where
a reason stands in its place, nothing is claimed. None of this is a certificate: that takes
the tool of the Open Charge Alliance and one of its laboratories.
{more}
This page is made from the tests by `python -m scripts.conformance`, and a test fails when it
is out of step. To run all tests that are named here:

```
.venv/bin/python -m pytest -m proves
```
"""
_MORE = """
A use case is proved by tests of its own, or by those of all test cases that go through it;
both stand in its row. The tests in `tests/csms` do without Home Assistant: they look at what
the central system itself knows and keeps, which is what Home Assistant shows.
"""


def page_of(catalogue: Catalogue) -> Path:
    """Return where the page of a version is."""
    return DOCS / f"conformance-{catalogue.version}.md"


class _Page:
    """The page of a version, and what it is made from."""

    def __init__(self, catalogue: Catalogue, proofs: Iterable[Proof]) -> None:
        self.catalogue = catalogue
        self.by_case: dict[str, list[Proof]] = {
            case.id: [] for case in catalogue.everything
        }
        for proof in proofs:
            if proof.version == catalogue.version:
                self.by_case[proof.case].append(proof)
        self.proved = catalogue.proved(
            case for case, tests in self.by_case.items() if tests
        )

    def text(self) -> str:
        """Return all of it."""
        catalogue = self.catalogue
        counts = [self._count(catalogue.cases, "cases")]
        if catalogue.use_cases:
            counts.insert(0, self._count(catalogue.use_cases, "use cases"))
            counts[1] = self._count(catalogue.cases, "test cases")
        about = _ABOUT.format(
            version=catalogue.version,
            source=catalogue.source.strip(),
            counts="\n".join(counts),
            more=_MORE if catalogue.use_cases else "",
        )
        unmet = [case for case in catalogue.everything if case.id not in self.proved]
        parts = [about, *([_not_proved(unmet)] if unmet else [])]
        parts += [self._chapter(name) for name in catalogue.chapters]
        return "\n".join(parts)

    def _count(self, cases: Iterable[Case], what: str) -> str:
        """Say how many of some cases are proved."""
        cases = list(cases)
        unmet = [case for case in cases if case.id not in self.proved]
        later = sum(case.reason == LATER for case in unmet)
        proved, opposed = len(cases) - len(unmet), len(unmet) - later
        text = f"{proved} of the {len(cases)} {what} are proved; {opposed} are not"
        return f"{text}, and {later} not yet." if later else f"{text}."

    def _chapter(self, name: str) -> str:
        """Return what is said of a chapter."""

        def rows(cases: Iterable[Case]) -> str:
            return "\n".join(self._row(case) for case in cases if case.chapter == name)

        title, catalogue = f"## {name}\n\n", self.catalogue
        cases = rows(catalogue.cases)
        if not catalogue.use_cases:
            return f"{title}| Case | | Proved by |\n|---|---|---|\n{cases}\n"
        use_cases = rows(catalogue.use_cases)
        return (
            f"{title}| Use case | | Proved by |\n|---|---|---|\n{use_cases}\n\n"
            f"| Test case | | Proved by |\n|---|---|---|\n{cases}\n"
        )

    def _row(self, case: Case) -> str:
        """Return the row of a case."""
        if case.id in self.proved:
            tests = dict.fromkeys((it.path, it.test) for it in self.by_case[case.id])
            proofs = [_link(path, test) for path, test in tests]
            if through := [
                one.id for one in self.catalogue.of(case.id) if one.id in self.proved
            ]:
                proofs.append(", ".join(through))
            cell = "<br>".join(proofs)
        else:
            cell = f"**Not proved.** {case.reason or 'No test yet.'}"
        note = f" {case.note}" if case.note else ""
        name = case.name
        if case.use_cases:
            name += f" ({', '.join(case.use_cases)})"
        return f"| {case.id} | {name} | {cell}{note and f'<br>{note.strip()}'} |"


def rendered(catalogue: Catalogue, proofs: Iterable[Proof]) -> str:
    """Return the page of a version."""
    return _Page(catalogue, proofs).text()


def _not_proved(unmet: Iterable[Case]) -> str:
    by_reason: dict[str, list[str]] = {}
    for case in unmet:
        by_reason.setdefault(case.reason or "No test yet.", []).append(case.id)
    # What is to come stands last: there is nothing to know about it.
    by_reason |= {LATER: by_reason.pop(LATER)} if LATER in by_reason else {}
    rows = "\n".join(
        f"| {reason} | {len(ids)} | {', '.join(ids)} |"
        for reason, ids in by_reason.items()
    )
    return f"## Not proved\n\n| Why | | Cases |\n|---|---|---|\n{rows}\n"


def _link(path: Path, test: str) -> str:
    words = test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{path.relative_to(ROOT).as_posix()})"
