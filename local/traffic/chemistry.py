"""Panels of numbers: chemistry, haematology, lipids, HbA1c, troponin; critical ones on demand."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from local.traffic.content import Report, Result, loinc, ucum
from local.traffic.er7 import Components, Value


@dataclass(frozen=True, slots=True)
class Analyte:
    """A measured quantity: its reference range, how far ordinary values stray, and its decimals."""

    code: Components
    unit: str
    low: float
    high: float
    least: float
    most: float
    decimals: int = 0


_SODIUM = Analyte(loinc("2951-2", "Sodium"), "mmol/L", 136, 145, 128, 152)
_POTASSIUM = Analyte(loinc("2823-3", "Potassium"), "mmol/L", 3.5, 5.1, 3.0, 5.9, 1)
_GLUCOSE = Analyte(loinc("2345-7", "Glucose"), "mg/dL", 70, 99, 58, 290)
_BASIC = (
    _SODIUM,
    _POTASSIUM,
    Analyte(loinc("2075-0", "Chloride"), "mmol/L", 98, 107, 92, 112),
    Analyte(loinc("2028-9", "Carbon dioxide, total"), "mmol/L", 22, 29, 18, 33),
    Analyte(loinc("3094-0", "Urea nitrogen"), "mg/dL", 7, 20, 5, 48),
    Analyte(loinc("2160-0", "Creatinine"), "mg/dL", 0.6, 1.2, 0.4, 3.1, 2),
    _GLUCOSE,
    Analyte(loinc("17861-6", "Calcium"), "mg/dL", 8.6, 10.2, 7.6, 11.4, 1),
)
_HAEMOGLOBIN = Analyte(loinc("718-7", "Hemoglobin"), "g/dL", 12.0, 16.0, 8.1, 17.9, 1)
_PLATELETS = Analyte(loinc("777-3", "Platelets"), "10*3/uL", 150, 400, 88, 520)
_COUNTS = (
    Analyte(loinc("6690-2", "Leukocytes"), "10*3/uL", 4.5, 11.0, 2.9, 17.5, 1),
    Analyte(loinc("789-8", "Erythrocytes"), "10*6/uL", 4.2, 5.9, 3.3, 6.3, 2),
    _HAEMOGLOBIN,
    Analyte(loinc("4544-3", "Hematocrit"), "%", 36, 48, 26, 54, 1),
    Analyte(loinc("787-2", "MCV"), "fL", 80, 100, 71, 109),
    _PLATELETS,
)
_LIPIDS = (
    Analyte(loinc("2093-3", "Cholesterol"), "mg/dL", 0, 199, 121, 305),
    Analyte(loinc("2571-8", "Triglyceride"), "mg/dL", 0, 149, 42, 410),
    Analyte(loinc("2085-9", "Cholesterol in HDL"), "mg/dL", 40, 100, 27, 92),
    Analyte(loinc("13457-7", "Cholesterol in LDL, calculated"), "mg/dL", 0, 129, 51, 212),
)
_HBA1C = Analyte(loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total"), "%", 4.0, 5.6, 4.4, 11.8, 1)
_SERUM, _BLOOD = ("SER", "Serum"), ("WB", "Whole blood")
# Northside's own codes; two are translated by its partner file, one brings its LOINC code along, one has none.
_LOCAL_POTASSIUM = Analyte(("K-SER", "Kalium Serum", "L"), "mmol/L", 3.5, 5.1, 3.0, 5.9, 1)
_LOCAL_HAEMOGLOBIN = Analyte(("HGB", "Haemoglobin", "L"), "g/dL", 12.0, 16.0, 8.1, 17.9, 1)
_LOCAL_SODIUM = Analyte(("NA-SER", "Natrium Serum", "L", "2951-2", "Sodium", "LN"), "mmol/L", 136, 145, 128, 152)
_LOCAL_INDEX = Analyte(("NSL-HAEM", "Haemolysis index", "L"), "", 0, 20, 0, 60)


def basic_metabolic(rng: Random) -> tuple[Report, ...]:
    """Return a basic metabolic panel."""
    return (_panel(rng, loinc("24321-2", "Basic metabolic 2000 panel"), "CH", _BASIC, _SERUM),)


def blood_count(rng: Random) -> tuple[Report, ...]:
    """Return a blood count."""
    return (_panel(rng, loinc("58410-2", "CBC panel by Automated count"), "HM", _COUNTS, _BLOOD),)


def two_panels(rng: Random) -> tuple[Report, ...]:
    """Return chemistry and haematology of one draw in one message."""
    return basic_metabolic(rng) + blood_count(rng)


def lipids(rng: Random) -> tuple[Report, ...]:
    """Return a lipid panel, with a remark of the laboratory."""
    notes = ("Fasting state not stated by the ward.", "LDL calculated; not valid with triglycerides > 400 mg/dL.")
    return (_panel(rng, loinc("24331-1", "Lipid 1996 panel"), "CH", _LIPIDS, _SERUM, notes),)


def glycated_haemoglobin(rng: Random) -> tuple[Report, ...]:
    """Return an HbA1c."""
    return (_panel(rng, _HBA1C.code, "CH", (_HBA1C,), _BLOOD),)


def troponin(rng: Random) -> tuple[Report, ...]:
    """Return a troponin, most often below what can be measured: an SN."""
    code = loinc("67151-1", "Troponin T.cardiac, high sensitivity")
    value: Components = ("<", "5") if rng.random() < 0.6 else ("", str(rng.randint(6, 13)))
    result = Result("SN", code, value, ucum("ng/L"), "<14", "N")
    ratio = Result("SN", ("NSL-DIL", "Dilution of the sample", "L"), ("", "1", ":", rng.choice(("2", "4", "8"))))
    return (Report(code, "CH", (result, ratio) if rng.random() < 0.3 else (result,), _SERUM),)


def local_chemistry(rng: Random) -> tuple[Report, ...]:
    """Return Northside's own panel, in its own codes."""
    analytes = (_LOCAL_POTASSIUM, _LOCAL_SODIUM, _LOCAL_HAEMOGLOBIN, _LOCAL_INDEX)
    return (_panel(rng, ("NSL-EL", "Elektrolyte und Hb", "L"), "CH", analytes, _SERUM),)


def flagged_critical(rng: Random) -> tuple[Report, ...]:
    """Return a panel in which the laboratory itself flags two values HH and LL."""
    panel = _panel(rng, loinc("24321-2", "Basic metabolic 2000 panel"), "CH", _BASIC, _SERUM)
    high = _replaced(_POTASSIUM, f"{rng.uniform(6.6, 7.8):.1f}", "HH", "Called to the ward, read back.")
    low = _replaced(_SODIUM, str(rng.randint(108, 118)), "LL")
    return (_with(panel, high, low),)


def local_critical(rng: Random) -> tuple[Report, ...]:
    """Return Northside's own panel with a potassium that it flags HH."""
    (panel,) = local_chemistry(rng)
    return (_with(panel, _replaced(_LOCAL_POTASSIUM, f"{rng.uniform(6.6, 7.8):.1f}", "HH")),)


def unflagged_critical(rng: Random) -> tuple[Report, ...]:
    """Return a blood count beyond the limits that the laboratory flags no more than low."""
    panel = _panel(rng, loinc("58410-2", "CBC panel by Automated count"), "HM", _COUNTS, _BLOOD)
    low = _replaced(_HAEMOGLOBIN, f"{rng.uniform(4.1, 5.8):.1f}", "L")
    return (_with(panel, low, _replaced(_PLATELETS, str(rng.randint(6, 18)), "")),)


def beyond_measure(rng: Random) -> tuple[Report, ...]:
    """Return a glucose above what the meter can tell: an SN with a comparator."""
    value: Components = (">", str(rng.choice((600, 750))))
    result = Result("SN", _GLUCOSE.code, value, ucum("mg/dL"), "70-99", "H", critical=True)
    return (Report(_GLUCOSE.code, "CH", (result,), _BLOOD),)


def no_longer_critical(reports: tuple[Report, ...]) -> tuple[Report, ...]:
    """Return the reports with every critical value measured anew, and unremarkable."""
    return tuple(
        _with(report, *(_remeasured(result) for result in report.results if result.critical)) for report in reports
    )


def _remeasured(result: Result) -> Result:
    analyte = next(one for one in (*_BASIC, *_COUNTS, _LOCAL_POTASSIUM) if one.code == result.code)
    number = f"{(analyte.low + analyte.high) / 2:.{analyte.decimals}f}"
    return Result("NM", analyte.code, number, result.units, result.normal, "N", notes=("Measured again.",))


def _panel(
    rng: Random,
    service: Components,
    section: str,
    analytes: tuple[Analyte, ...],
    specimen: tuple[str, str],
    notes: tuple[str, ...] = (),
) -> Report:
    return Report(service, section, tuple(_measured(rng, one) for one in analytes), specimen, notes)


def _measured(rng: Random, analyte: Analyte) -> Result:
    middle, spread = (analyte.low + analyte.high) / 2, (analyte.high - analyte.low) / 2.5
    number = min(max(rng.gauss(middle, spread), analyte.least), analyte.most)
    text = f"{number:.{analyte.decimals}f}"
    flag = "L" if float(text) < analyte.low else "H" if float(text) > analyte.high else rng.choice(("N", ""))
    return Result("NM", analyte.code, text, _unit(analyte), _range(analyte), flag)


def _replaced(analyte: Analyte, value: str, flag: str, *notes: str) -> Result:
    return Result("NM", analyte.code, value, _unit(analyte), _range(analyte), flag, critical=True, notes=notes)


def _with(report: Report, *results: Result) -> Report:
    """Return the report with these results in the places of those that have their codes."""
    by_code = {result.code: result for result in results}
    kept = tuple(by_code.get(result.code, result) for result in report.results)
    return Report(report.service, report.section, kept, report.specimen, report.notes)


def _unit(analyte: Analyte) -> Value:
    return ucum(analyte.unit) if analyte.unit else ""


def _range(analyte: Analyte) -> str:
    return f"{analyte.low:.{analyte.decimals}f}-{analyte.high:.{analyte.decimals}f}"
