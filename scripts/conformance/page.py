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

Each row below is one of these {ones}. Where tests stand in it, they are the proof: they play
the conversation of the {row} with a simulated charger over a real socket, with Home Assistant
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
_USE_CASES = """
A use case is proved by tests of its own, or by those of all test cases that go through it;
both stand in its row. The tests in `tests/csms` do without Home Assistant: they look at what
the central system itself knows and keeps, which is what Home Assistant shows.
"""
_MESSAGES = """
A message that stations send is proved by tests in which one sends it and is answered, and one
that the central system sends by tests in which it arrives and its answer is made use of; what
goes either way is held against the schemas of the specification. The tests in `tests/csms` do
without Home Assistant: they look at what the central system itself knows and keeps.
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
        counts = [self._count(cases, f"{one}s") for one, cases in self._kinds()]
        one = "case" if catalogue.use_cases else catalogue.one
        about = _ABOUT.format(
            version=catalogue.version,
            source=catalogue.source.strip(),
            counts="\n".join(counts),
            row="row" if catalogue.messages else one,
            ones=f"messages and {one}s" if catalogue.messages else f"{one}s",
            more=(_MESSAGES if catalogue.messages else "")
            + (_USE_CASES if catalogue.use_cases else ""),
        )
        unmet = [case for case in catalogue.everything if case.id not in self.proved]
        which = "Which" if catalogue.messages else f"{one.capitalize()}s"
        parts = [about, *([_not_proved(unmet, which)] if unmet else [])]
        parts += [self._chapter(name) for name in catalogue.chapters]
        return "\n".join(parts)

    def _kinds(self) -> list[tuple[str, tuple[Case, ...]]]:
        """Return the kinds of what there is to prove, and what one is called."""
        catalogue = self.catalogue
        kinds = [
            ("message", catalogue.messages),
            ("use case", catalogue.use_cases),
            ("test case" if catalogue.use_cases else catalogue.one, catalogue.cases),
        ]
        return [(one, cases) for one, cases in kinds if cases]

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
        tables = []
        for one, cases in self._kinds():
            rows = [self._row(case) for case in cases if case.chapter == name]
            if rows:
                head = f"| {one.capitalize()} | | Proved by |\n|---|---|---|"
                tables.append("\n".join([head, *rows, ""]))
        return "\n".join([f"## {name}\n", *tables])

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


def _not_proved(unmet: Iterable[Case], which: str) -> str:
    by_reason: dict[str, list[str]] = {}
    for case in unmet:
        by_reason.setdefault(case.reason or "No test yet.", []).append(case.id)
    # What is to come stands last: there is nothing to know about it.
    by_reason |= {LATER: by_reason.pop(LATER)} if LATER in by_reason else {}
    rows = "\n".join(
        f"| {reason} | {len(ids)} | {', '.join(ids)} |"
        for reason, ids in by_reason.items()
    )
    return f"## Not proved\n\n| Why | | {which} |\n|---|---|---|\n{rows}\n"


def _link(path: Path, test: str) -> str:
    words = test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{path.relative_to(ROOT).as_posix()})"
