"""Results that are not numbers: cultures and susceptibilities, urinalysis, pathology in words, a report as PDF."""

from __future__ import annotations

import base64
from random import Random

from local.traffic.content import Report, Result, loinc, snomed, ucum
from local.traffic.er7 import Components

_CULTURE = loinc("600-7", "Bacteria identified in Blood by Culture")
_SUSCEPTIBILITY = loinc("50545-3", "Bacterial susceptibility panel by MIC")
_ORGANISMS = (snomed("112283007", "Escherichia coli"), snomed("3092008", "Staphylococcus aureus"))
_NO_GROWTH = snomed("264868006", "No growth")
_ANTIBIOTICS = (
    loinc("18864-9", "Ampicillin [Susceptibility]"),
    loinc("18906-8", "Ciprofloxacin [Susceptibility]"),
    loinc("18928-2", "Gentamicin [Susceptibility]"),
)
_BLOOD, _URINE, _TISSUE = ("BLD", "Whole blood"), ("UR", "Urine"), ("TISS", "Tissue")


def quiet_culture(rng: Random) -> tuple[Report, ...]:
    """Return a blood culture in which nothing grew."""
    days = rng.choice((2, 3, 5))
    result = Result("CWE", _CULTURE, _NO_GROWTH, flag="N", sub_id="1", notes=(f"No growth after {days} days.",))
    drawn = Result("DTM", loinc("19151-0", "Specimen drawn [Date and time]"), "202603120815")
    return (Report(_CULTURE, "MB", (result, drawn), _BLOOD),)


def positive_culture(rng: Random) -> tuple[Report, ...]:
    """Return a culture positive in two bottles, flagged AA, with susceptibilities in an OBR of their own."""
    organism = rng.choice(_ORGANISMS)
    bottles = tuple(
        Result("CWE", _CULTURE, organism, flag="AA", sub_id=bottle, critical=True, notes=notes)
        for bottle, notes in (("1", ("Gram stain reported by phone.",)), ("2", ()))
    )
    tested = tuple(_susceptibility(rng, antibiotic) for antibiotic in _ANTIBIOTICS)
    return (
        Report(_CULTURE, "MB", bottles, _BLOOD),
        Report(_SUSCEPTIBILITY, "MB", tested, _BLOOD, parent=True),
    )


def urinalysis(rng: Random) -> tuple[Report, ...]:
    """Return a urinalysis: words, codes, ranges, a number."""
    negative, trace = snomed("260385009", "Negative"), snomed("260405006", "Trace")
    results = (
        Result("ST", loinc("5778-6", "Color of Urine"), rng.choice(("Yellow", "Straw", "Amber"))),
        Result("ST", loinc("5767-9", "Appearance of Urine"), rng.choice(("Clear", "Slightly cloudy")), normal="Clear"),
        Result("NM", loinc("5811-5", "Specific gravity of Urine"), f"1.0{rng.randint(5, 29):02d}", "", "1.005-1.030"),
        Result("NM", loinc("5803-2", "pH of Urine"), f"{rng.uniform(5, 8):.1f}", ucum("[pH]"), "5.0-8.0"),
        Result("CWE", loinc("5802-4", "Nitrite [Presence] in Urine"), negative, flag="N"),
        Result("CWE", loinc("5799-2", "Leukocyte esterase [Presence] in Urine"), rng.choice((negative, trace))),
        Result("SN", loinc("5821-4", "Leukocytes [#/area] in Urine sediment"), ("", "0", "-", "5"), ucum("/[HPF]")),
    )
    return (Report(loinc("24356-8", "Urinalysis complete panel"), "CH", results, _URINE),)


def pathology(rng: Random) -> tuple[Report, ...]:
    """Return a pathology report: a text in lines of its own, another in one field with line breaks."""
    block = rng.choice("ABC")
    gross = loinc("22634-0", "Pathology report gross observation")
    diagnosis = loinc("22637-3", "Pathology report final diagnosis")
    words = f"Colon, polyp {block}:\nTubular adenoma; margins ^free^.\n\nNo high-grade dysplasia."
    results = (
        Result("TX", gross, "Received in formalin: one fragment, 4 x 3 x 2 mm,"),
        Result("TX", gross, f"tan & firm; all of it in cassette {block}|1."),
        Result("FT", diagnosis, words),
        Result("DT", ("SPX-DATE", "Date of excision", "L"), "20260312"),
    )
    notes = ("Synthetic report, for tests only.", "Second reader: TESTDOCTOR-ECHO.")
    return (Report(loinc("11526-1", "Pathology study"), "SP", results, _TISSUE, notes),)


def report_as_pdf(rng: Random) -> tuple[Report, ...]:
    """Return a report whose result is a small PDF."""
    code = loinc("11502-2", "Laboratory report")
    value: Components = (
        "",
        "AP",
        "PDF",
        "Base64",
        base64.b64encode(_pdf(rng.randint(1000, 9999))).decode("ascii"),
    )
    words = Result("TX", loinc("8251-1", "Service comment"), "The report is attached.")
    return (Report(code, "LAB", (Result("ED", code, value), words), _BLOOD),)


def _susceptibility(rng: Random, antibiotic: Components) -> Result:
    if rng.random() < 0.4:
        return Result("SN", antibiotic, ("<=", "0.5"), ucum("ug/mL"), flag="S")
    resistant = rng.random() < 0.4
    return Result("NM", antibiotic, "16" if resistant else "1", ucum("ug/mL"), flag="R" if resistant else "S")


def _pdf(number: int) -> bytes:
    text = f"BT /F1 12 Tf 40 100 Td (Synthetic laboratory report {number}) Tj ET"
    return (
        "%PDF-1.4\n"
        "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 144]/Contents 4 0 R"
        "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>>>>>endobj\n"
        f"4 0 obj<</Length {len(text)}>>stream\n{text}\nendstream endobj\n"
        "trailer<</Root 1 0 R>>\n%%EOF\n"
    ).encode("ascii")
