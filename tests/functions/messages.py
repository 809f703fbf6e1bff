"""Synthetic ORU^R01 messages for the flows' tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shared.partners.model import Partners
from shared.partners.reading import read_partners

PARTNERS: Partners = read_partners(Path(__file__).parents[2] / "partners")


def without_signatures(partners: Partners) -> Partners:
    """Return the partners as if none signed what it posts: for what is about something else."""
    return Partners(
        {
            name: replace(one, sends=replace(one.sends, signing_secret="")) if one.sends else one
            for name, one in partners.by_name.items()
        }
    )


def oru(
    control_id: str = "T-1",
    *,
    mrn: str = "TEST-0001",
    filler: str = "F-1",
    status: str = "F",
    stated: str = "20260314101500-0400",
    flag: str = "N",
    value: str = "4.1",
    version: str = "2.5.1",
    processing_id: str = "P",
    message_type: str = "ORU^R01^ORU_R01",
    observation_status: str | None = None,
) -> bytes:
    """Return a potassium result of an invented patient."""
    segments = (
        f"MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|20260314102000-0400||{message_type}|{control_id}|{processing_id}|{version}",
        f"PID|1||{mrn}^^^HARBOR^MR||TESTPATIENT-ALDER^QUILL||19700102|F",
        f"OBR|1|P-{filler}^HARBOR|{filler}^RIVERSIDE|24320-4^Basic metabolic panel^LN|||20260314093000-0400"
        f"|||||||||||||||{stated}||CH|{status}",
        f"OBX|1|NM|2823-3^Potassium^LN||{value}|mmol/L|3.5-5.1|{flag}|||{observation_status or status}"
        "|||20260314093000-0400",
    )
    return "\r".join(segments).encode() + b"\r"
