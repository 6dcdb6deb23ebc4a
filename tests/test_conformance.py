"""What the pages of conformance say is what the tests prove."""

import ast
from importlib.resources import files
from pathlib import Path

import pytest

from custom_components.ocpp.csms.commands import COMMANDS
from custom_components.ocpp.csms.versions import V21
from scripts.conformance.catalogue import LATER, Case, Catalogue, catalogues, read
from scripts.conformance.markers import MarkerError, Proof, of_module, proofs
from scripts.conformance.page import page_of, rendered

CATALOGUES = pytest.mark.parametrize(
    "catalogue", catalogues(), ids=lambda catalogue: catalogue.version
)
PROOFS = proofs()


def marked(catalogue: Catalogue) -> set[str]:
    """Return the cases of a version that tests are marked with."""
    return {proof.case for proof in PROOFS if proof.version == catalogue.version}


@CATALOGUES
def test_the_page_is_in_step(catalogue: Catalogue) -> None:
    """Run python -m scripts.conformance after changing a marker or a catalogue."""
    assert page_of(catalogue).read_text() == rendered(catalogue, PROOFS)


@CATALOGUES
def test_every_case_is_proved_or_says_why_not(catalogue: Catalogue) -> None:
    open_cases = {case.id for case in catalogue.everything if not case.reason}
    assert open_cases - catalogue.proved(marked(catalogue)) == set()


@CATALOGUES
def test_nothing_is_claimed_that_is_said_not_to_be_met(catalogue: Catalogue) -> None:
    unmet = {case.id for case in catalogue.everything if case.reason}
    assert unmet & marked(catalogue) == set()


def test_every_marker_names_a_case() -> None:
    known = {
        (catalogue.version, case.id)
        for catalogue in catalogues()
        for case in catalogue.everything
    }
    assert {(proof.version, proof.case) for proof in PROOFS} - known == set()


def catalogue_of(version: str) -> Catalogue:
    """Return the catalogue of a version."""
    return next(one for one in catalogues() if one.version == version)


@pytest.mark.parametrize(
    ("version", "messages", "use_cases", "cases"),
    [("1.6", 0, 0, 77), ("2.0.1", 0, 119, 250), ("2.1", 91, 0, 132)],
)
def test_all_cases_are_listed(
    version: str, messages: int, use_cases: int, cases: int
) -> None:
    catalogue = catalogue_of(version)
    assert len(catalogue.messages) == messages
    assert (len(catalogue.use_cases), len(catalogue.cases)) == (use_cases, cases)


def test_all_messages_of_2_1_are_listed_on_their_side() -> None:
    listed: dict[str, set[str]] = {}
    for message in catalogue_of("2.1").messages:
        listed.setdefault(message.chapter, set()).add(message.id)
    names = {
        path.name.removesuffix(".json").removesuffix("Request")
        for path in (files("ocpp.v21") / "schemas").iterdir()
        if path.name.endswith(".json") and not path.name.endswith("Response.json")
    }
    assert set.union(*listed.values()) == names
    receives, sends, both = listed.values()
    commands = {one.action for one in COMMANDS.values() if V21 in one.fields}
    assert sends | both == commands
    assert (len(receives | both), len(sends | both)) == (37, 55)


def markers(source: str) -> list[tuple[str, str, str]]:
    """Return what the tests of a module prove."""
    path = Path("test_module.py")
    return [
        (proof.version, proof.case, proof.test)
        for proof in of_module(path, ast.parse(source))
    ]


def test_tests_and_their_parameters_are_marked() -> None:
    assert markers("""
@pytest.mark.proves("A")
@pytest.mark.proves("B", ocpp="2.0.1")
def test_one(): ...

class TestTwo:
    @pytest.mark.parametrize("x", [
        pytest.param(1, marks=pytest.mark.proves("C")),
        pytest.param(2, marks=mark.proves("D")),
    ])
    async def test_two(self, x): ...
""") == [
        ("1.6", "A", "test_one"),
        ("2.0.1", "B", "test_one"),
        ("1.6", "C", "test_two"),
        ("1.6", "D", "test_two"),
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('pytestmark = pytest.mark.proves("A")', "only tests"),
        ('@pytest.mark.proves("A")\nclass TestOne: ...', "only tests"),
        ('@pytest.mark.proves("A")\ndef helper(): ...', "helper is no test"),
        ('@pytest.mark.proves("A")\n@pytest.mark.skip\ndef test_a(): ...', "may fail"),
        (
            '@pytest.mark.xfail\n@pytest.mark.proves("A")\ndef test_a(): ...',
            "may fail",
        ),
        ("@pytest.mark.proves(CASE)\ndef test_a(): ...", "plain text"),
        ('@pytest.mark.proves("A", "B")\ndef test_a(): ...', "plain text"),
        ('@pytest.mark.proves("A", version="1.6")\ndef test_a(): ...', "plain text"),
    ],
)
def test_a_marker_that_proves_nothing_is_an_error(source: str, message: str) -> None:
    with pytest.raises(MarkerError, match=message):
        markers(source)


def test_a_catalogue_has_no_case_twice(tmp_path: Path) -> None:
    path = tmp_path / "ocpp_x.toml"
    chapter = '[[chapter]]\nname = "One"\n'
    case = '[[chapter.case]]\nid = "A"\nname = "A case"\n'
    path.write_text(f'version = "x"\nsource = "Nobody."\n{chapter}{case}')
    assert read(path).cases == (Case(id="A", name="A case", chapter="One"),)
    path.write_text(f'version = "x"\nsource = "Nobody."\n{chapter}{case}{case}')
    with pytest.raises(ValueError, match="twice: A"):
        read(path)


def test_test_cases_go_through_use_cases_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "ocpp_x.toml"
    chapter = '[[chapter]]\nname = "One"\n'
    case = '[[chapter.case]]\nid = "{}"\nname = "A case"\n'
    through = chapter + case.format("A") + 'use_cases = ["U1"]\n'
    path.write_text(f'version = "x"\nsource = "Nobody."\n{through}')
    with pytest.raises(ValueError, match="not list: U1"):
        read(path)
    beside = tmp_path / "use_cases_x.toml"
    beside.write_text(chapter + case.format("U1"))
    catalogue = read(path)
    assert catalogue.use_cases == (Case(id="U1", name="A case", chapter="One"),)
    assert [one.id for one in catalogue.of("U1")] == ["A"]
    beside.write_text(chapter + case.format("A"))
    with pytest.raises(ValueError, match="twice: A"):
        read(path)


def used(reason: str = "", *, other: str = "") -> Catalogue:
    """Return two use cases, one of them with two test cases."""
    return Catalogue(
        version="x",
        source="Nobody tests.",
        use_cases=(
            Case(id="U1", name="Charge", chapter="One", reason=reason),
            Case(id="U2", name="Stop", chapter="One", reason=LATER),
        ),
        cases=(
            Case(id="A", name="First", chapter="One", use_cases=("U1",)),
            Case(id="B", name="Second", chapter="One", use_cases=("U1",), reason=other),
        ),
    )


def test_a_use_case_is_proved_by_itself_or_by_all_of_its_test_cases() -> None:
    assert used().proved([]) == set()
    assert used().proved(["A"]) == {"A"}
    assert used().proved(["A", "B"]) == {"A", "B", "U1"}
    assert used().proved(["U1"]) == {"U1"}
    assert used(other="Not there yet.").proved(["A"]) == {"A"}
    assert used("Not there yet.").proved(["A", "B"]) == {"A", "B"}
    # One without test cases takes a test of its own.
    assert "U2" not in used().proved(["A", "B"])


def test_a_page_tells_of_use_cases() -> None:
    path = Path(__file__)
    proofs = [Proof("x", case, path, f"test_{case}") for case in ("A", "B", "U1")]
    page = rendered(used(), proofs)
    assert "1 of the 2 use cases are proved; 0 are not, and 1 not yet." in page
    assert "2 of the 2 test cases are proved; 0 are not." in page
    link = "[U1](../tests/test_conformance.py)"
    assert f"| U1 | Charge | {link}<br>A, B |" in page
    assert f"| U2 | Stop | **Not proved.** {LATER} |" in page
    assert "| A | First (U1) | [A](../tests/test_conformance.py) |" in page
    assert f"| {LATER} | 1 | U2 |" in page


def test_a_page_tells_of_messages_and_requirements() -> None:
    catalogue = Catalogue(
        version="x",
        source="Nobody tests.",
        one="requirement",
        messages=(Case(id="Knock", name="Somebody is there", chapter="Received"),),
        cases=(
            Case(id="A.1", name="Open", chapter="Doors"),
            Case(id="A.2", name="Ask", chapter="Doors", reason=LATER),
        ),
    )
    proofs = [Proof("x", case, Path(__file__), "test_a") for case in ("Knock", "A.1")]
    page = rendered(catalogue, proofs)
    assert "1 of the 1 messages are proved; 0 are not." in page
    assert "1 of the 2 requirements are proved; 0 are not, and 1 not yet." in page
    assert "one of these messages and requirements" in page
    received, doors = page.split("## Received")[1].split("## Doors")
    assert "| Message | | Proved by |" in received
    assert "| Knock | Somebody is there | [a]" in received
    assert "| Requirement | | Proved by |" in doors
    assert "| A.1 | Open | [a]" in doors
    assert "| Message |" not in doors


def test_a_page_counts_what_is_proved() -> None:
    cases = (
        Case(id="A", name="First", chapter="One", note="By hand."),
        Case(id="B", name="Second", chapter="One", reason="Not there yet."),
        Case(id="C", name="Third", chapter="Two"),
    )
    catalogue = Catalogue(version="x", source="Nobody tests.", cases=cases)
    path = Path(__file__)
    page = rendered(catalogue, [Proof("x", "A", path, "test_it_does_it")])
    assert "1 of the 3 cases are proved; 2 are not." in page
    link = "[it does it](../tests/test_conformance.py)"
    assert f"| A | First | {link}<br>By hand. |" in page
    assert "| Not there yet. | 1 | B |" in page
    assert "| B | Second | **Not proved.** Not there yet. |" in page
    assert "| C | Third | **Not proved.** No test yet. |" in page
    assert "## One" in page and "## Two" in page
