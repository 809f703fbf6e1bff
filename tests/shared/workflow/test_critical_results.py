"""Which values are critical: our policy, case by case (A17, F04)."""

from __future__ import annotations

import pytest

from shared.formats.hl7v2.parse import parse
from shared.partners.profile import CodeMapping, PartnerProfile
from shared.workflow.critical_results import findings_in, nothing_critical

PROFILE = PartnerProfile(
    "riverside-lab",
    code_maps={
        "OBX-3": {"K-SER": CodeMapping("http://loinc.org", "2823-3"), "ODD": CodeMapping("urn:other", "2823-3")}
    },
)


def message(obx: str) -> bytes:
    header = "MSH|^~\\&|LIS|RIV|||20260301||ORU^R01^ORU_R01|RIV-1|P|2.5.1"
    return "\r".join((header, "PID|1||T^^^A^MR", "OBR|1||F-1|X^X^L", obx)).encode()


def rules(obx: str) -> list[str]:
    parsed = parse(message(obx))
    found = [finding.rule for finding in findings_in(parsed, PROFILE)]
    assert nothing_critical(parsed, PROFILE) == (not found)
    return found


@pytest.mark.parametrize(
    "obx",
    [
        "OBX|1|NM|2823-3^K^LN||7.4|mmol/L|||||F",
        "OBX|1|NM|2823-3^K^LN||2.4|mmol/L|||||F",
        "OBX|1|NM|K-SER^K^L||7.4|mmol/L|||||F",
        "OBX|1|NM|K^K^L^2823-3^Potassium^LN||7.4|mmol/L|||||F",
        "OBX|1|NM|2823-3^K^LN||7.4|mEq/L|||||F",
        "OBX|1|NM|2823-3^K^LN||7.4|^mmol/L|||||F",
        "OBX|1|NM|2823-3^K^LN||4.1~7.9|mmol/L|||||F",
        "OBX|1|NM|2345-7^Glucose^LN||>600|mg/dL|||||F",
        "OBX|1|SN|2345-7^Glucose^LN||>^500|mg/dL|||||F",
        "OBX|1|SN|2345-7^Glucose^LN||>=^500|mg/dL|||||F",
        "OBX|1|SN|2345-7^Glucose^LN||<^40|mg/dL|||||F",
    ],
)
def test_a_value_beyond_the_limits_is_critical_however_it_is_written(obx: str) -> None:
    assert ["beyond-limits"] == rules(obx)


@pytest.mark.parametrize(
    "obx",
    [
        "OBX|1|NM|2823-3^K^LN||6.5|mmol/L|||||F",
        "OBX|1|NM|2823-3^K^LN||7.4|mg/dL|||||F",
        "OBX|1|NM|2823-3^K^L||7.4|mmol/L|||||F",
        "OBX|1|NM|ODD^K^L||7.4|mmol/L|||||F",
        "OBX|1|SN|2345-7^Glucose^LN||<^500|mg/dL|||||F",
        "OBX|1|SN|2345-7^Glucose^LN||>^40|mg/dL|||||F",
        "OBX|1|ST|2823-3^K^LN||high|mmol/L|||||F",
        "OBX|1|NM|2823-3^K^LN||7.4|mmol/L|||||X",
        "OBX|1|NM|2823-3^K^LN||7.4|mmol/L||HH|||W",
    ],
)
def test_what_is_within_void_or_not_comparable_is_not(obx: str) -> None:
    assert [] == rules(obx)


@pytest.mark.parametrize("flag", ["HH", "LL", "AA", "N~HH"])
def test_the_laboratorys_own_word_is_enough(flag: str) -> None:
    assert ["flagged-by-laboratory"] == rules(f"OBX|1|ST|X^X^L||see report|||{flag}|||F")


def test_an_explanation_holds_no_value() -> None:
    (finding,) = findings_in(parse(message("OBX|1|NM|2823-3^K^LN||7.43|mmol/L||HH|||F")), PROFILE)

    assert "7.43" not in str(finding.explanation())
