"""Models that are treated in another way, and the page that tells of them."""

from dataclasses import fields
import re

import pytest

from custom_components.ocpp.csms.blocks.metering import MEASURANDS, PHASES
from custom_components.ocpp.csms.blocks.smart_charging import Purpose
from custom_components.ocpp.csms.chargers import MODELS, Compatibility, Model, known
from custom_components.ocpp.csms.model import RateUnit, StationInfo
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16
from scripts.chargers import EFFECTS, PAGE, effects, refreshed

ALL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)


def info(vendor: str, model: str = "", firmware: str = "") -> StationInfo:
    """Return what a charger says of itself."""
    return StationInfo(vendor=vendor, model=model, firmware=firmware)


# What chargers were seen to say when they boot.
@pytest.mark.parametrize(
    ("says", "names"),
    [
        (
            info("Wall Box Chargers", "PLP2-M-2-4", "6.6.12"),
            ["Wallbox", "Wallbox, firmware 6"],
        ),
        (
            info("Wall Box Chargers", "PLP1-0-2-4", "5.17.63"),
            ["Wallbox", "Wallbox, firmware 5"],
        ),
        (
            info("ABB", "CDT_TACW22::NET_WIFI", "TAC3Z9119006710273::V1.8.21"),
            ["ABB Terra AC"],
        ),
        (info("TEISON", "TeisonMe@7KW", "V1.5@25238bf+100"), ["Teison"]),
        (info("", "ACChargePoint"), ["Huawei SCharger"]),
        (info("go-e", "go-eCharger_V4", "055.5"), ["go-eCharger"]),
        (info("Alfen BV", "NG910-60023", "6.5.0-4217"), ["Alfen"]),
        (info("Keba AG", "KC-M20-E0LE02-020", "1.18.100"), []),
        (info("ZJBENY", "BCP-B2N-L", "1.0.23"), []),
        (info("Schneider Electric", "EVlink Smart Wallbox", "3.3.0.12"), []),
        (info("chargebyte", "Charge Control C", "0.5.0"), []),
        (info("Metron", "ME3 DYNAMIC OCPP", "1.04"), []),
        (info("Simulator", "Wallbox", "5.1"), []),
        (info("", ""), []),
    ],
    ids=lambda value: (
        f"{value.vendor} {value.model}" if isinstance(value, StationInfo) else None
    ),
)
def test_chargers_are_recognised_by_what_they_say(
    says: StationInfo, names: list[str]
) -> None:
    assert [model.name for model in MODELS if model.fits(says)] == names
    expected = Compatibility()
    for model in MODELS:
        if model.name in names:
            expected = expected.refined_by(model.compatibility)
    assert known(says) == expected


def test_a_later_line_refines_an_earlier_one() -> None:
    new = known(info("Wall Box Chargers", "PLP2", "6.6.12"))
    assert new == Compatibility(start_with_profile=False, profile_kind="Relative")
    assert known(info("Wall Box Chargers", "PLP2", "7.0")) == Compatibility(
        start_with_profile=False
    )


def test_the_reference_charger_is_sent_nothing_that_it_lacks() -> None:
    treated = known(info("go-e", "go-eCharger_V4", "055.5"))
    assert "ChangeAvailability" in treated.never_sent
    assert "SendLocalList" in treated.never_sent
    assert treated.whole_amperes
    assert treated.rate_unit is RateUnit.AMPERE


def test_what_nobody_knows_is_treated_like_any() -> None:
    assert known(info("Acme", "Box", "1.0")) == Compatibility()


@ALL
def test_a_model_says_something_that_can_be_done(model: Model) -> None:
    """All words are those of the specification, and every line has its evidence."""
    treated = model.compatibility
    assert treated != Compatibility()
    assert model.vendor or model.model
    for pattern in (model.vendor, model.model, model.firmware):
        re.compile(pattern)
    assert model.why.endswith(".")
    assert model.sources
    assert all(re.match(r"[\w.-]+/[\w.-]+[#@ ]\S", source) for source in model.sources)
    names = {f"{name}.{phase}" for name in MEASURANDS for phase in (*PHASES, "L1-N")}
    names |= {f"{name}.{phase}-N" for name in MEASURANDS for phase in PHASES}
    assert set(treated.measurands) <= names | set(MEASURANDS)
    assert treated.not_sampled <= set(MEASURANDS)
    assert set(treated.purposes) <= set(Purpose)
    assert treated.profile_kind in ("", "Absolute", "Relative")
    assert len(treated.id_token) <= 20


def test_commands_that_are_not_sent_are_commands() -> None:
    schemas = load_schemas(V16)
    never = {name for model in MODELS for name in model.compatibility.never_sent}
    assert never
    assert [name for name in never if not schemas.knows(name)] == []


def test_every_way_to_treat_a_charger_has_words() -> None:
    assert list(EFFECTS) == [field.name for field in fields(Compatibility)]
    assert effects(Compatibility()) == []
    assert effects(Compatibility(whole_amperes=True, lowest_current=7)) == [
        "whole amperes only",
        "no limit between 0 and 7 A",
    ]


def test_the_page_says_what_the_table_and_the_tests_say() -> None:
    """Otherwise: python -m scripts.chargers."""
    page = PAGE.read_text()
    assert refreshed(page) == page
    for model in MODELS:
        assert model.name in page
        assert model.why in page


@ALL
def test_the_page_says_whose_words_are_only_supposed(model: Model) -> None:
    (row,) = (
        line
        for line in PAGE.read_text().splitlines()
        if line.startswith((f"| {model.name} | vendor", f"| {model.name} | model"))
    )
    assert ("(supposed)" in row) is not model.seen


def test_a_page_without_its_marks_is_not_written() -> None:
    with pytest.raises(ValueError, match="no place for models"):
        refreshed("# Chargers")
