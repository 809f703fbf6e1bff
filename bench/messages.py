"""The five classes of messages that conversion is measured on: synthetic, in the sizes that interfaces really send."""

from __future__ import annotations

from collections.abc import Iterator

_PID = (
    "PID|1||T900123^^^HARBOR&2.16.840.1.113883.19.4.27&ISO^MR~X55^^^RIVERSIDE^PI||TESTPATIENT^BENCH^A^^MS^^L"
    "||19840612|F|TESTPATIENT^OLDER^^^^^D|2106-3^White^CDCREC|120 Invented Way^Apt 4^Testville^NY^00000^USA^H"
    "||^PRN^PH^^1^555^5550120|^WPN^PH^^1^555^5550121|ENG^English^ISO639|M|CHR|AC900123^^^HARBOR^AN|||"
    "|2186-5^Not Hispanic or Latino^CDCREC||||||||N"
)
_NK1 = (
    "NK1|1|TESTPATIENT^NEXT^OF^KIN|SPO^Spouse^HL70063|120 Invented Way^^Testville^NY^00000|^PRN^PH^^1^555^5550122"
    "||N^Next-of-Kin^HL70131"
)
_PV1 = (
    "PV1|1|I|W4^12^B^HARBOR^^^^^Ward 4|R|PRE77^^^HARBOR||990001^TESTDOCTOR^ADA^B^^DR^MD^^HARBOR"
    "|990002^TESTDOCTOR^BEN^^^DR^^^HARBOR||MED||||1|||990001^TESTDOCTOR^ADA^B^^DR^MD^^HARBOR|INP"
    "|V000777^^^HARBOR^VN|||||||||||||||||||||||||20260313081500-0400"
)
_ORC = (
    "ORC|RE|P{n}^HARBOR|F{n}^RIVERSIDE|G1^HARBOR|||||20260313090000-0400|||990001^TESTDOCTOR^ADA^B^^DR^MD^^HARBOR"
    "||^WPN^PH^^1^555^5550123|||||||Invented Hospital^^^^^HARBOR^XX^^^H1|1 Example Road^^Testville^NY^00000"
)
_OBR = (
    "OBR|1|P{n}^HARBOR|F{n}^RIVERSIDE|{code}|||20260313091500-0400|||||||||990001^TESTDOCTOR^ADA^B^^DR^MD^^HARBOR"
    "||||||20260313120000-0400||LAB|F"
)
_PRODUCER = (
    "Invented Laboratory^^^^^RIVERSIDE^XX^^^TL-1|1 Example Road^^Testville^NY^00000|990009^TESTDIRECTOR^EVE^^^DR"
)
_BLOOD_COUNT = (
    ("26464-8^Leukocytes^LN", "8.7", "10*3/uL", "4.5-11.0", ""),
    ("26453-1^Erythrocytes^LN", "4.62", "10*6/uL", "4.20-5.40", ""),
    ("20509-6^Hemoglobin^LN", "13.1", "g/dL", "12.0-16.0", ""),
    ("20570-8^Hematocrit^LN", "33.0", "%", "36.0-46.0", "L"),
    ("30428-7^Mean corpuscular volume^LN", "88", "fL", "80-100", ""),
    ("28539-5^Mean corpuscular hemoglobin^LN", "29.5", "pg", "27.0-33.0", ""),
    ("28540-3^Mean corpuscular hemoglobin concentration^LN", "33.2", "g/dL", "32.0-36.0", ""),
    ("30385-9^Erythrocyte distribution width^LN", "13.0", "%", "11.5-14.5", ""),
    ("26515-7^Platelets^LN", "221", "10*3/uL", "150-400", "N"),
    ("26499-4^Neutrophils^LN", "5.1", "10*3/uL", "1.8-7.7", ""),
    ("26474-7^Lymphocytes^LN", "2.2", "10*3/uL", "1.0-4.8", ""),
    ("26484-6^Monocytes^LN", "0.5", "10*3/uL", "0.0-0.8", ""),
    ("26449-9^Eosinophils^LN", "0.2", "10*3/uL", "0.0-0.5", ""),
    ("26444-0^Basophils^LN", "0.0", "10*3/uL", "0.0-0.2", ""),
)


def classes() -> dict[str, bytes]:
    """Return one message per class, each valid HL7 v2.5.1."""
    return {
        "ADT": _written(_admission()),
        "small ORU": _written(_result(_BLOOD_COUNT[:3])),
        "CBC": _written(_panel()),
        "500 OBX": many_results(500),
        "VXU": _written(_immunizations()),
    }


def variants(payload: bytes, count: int = 32) -> list[bytes]:
    """
    Return the message as sent for `count` patients, of the same length: their numbers, names and birth dates differ.

    Who orders, treats and reports is the same in all, as it is on an interface.
    """
    told = (b"T900123", b"X55^", b"TESTPATIENT^BENCH", b"19840612", b"AC900123", b"V000777", b"0001|P|")
    sent = []
    for number in range(count):
        mark = b"%02d" % number
        own = (
            b"T9001" + mark, b"X" + mark + b"^", b"TESTPATIENT^BEN" + mark, b"198406" + b"%02d" % (number % 28 + 1),
            b"AC9001" + mark, b"V0007" + mark, b"00" + mark + b"|P|",
        )  # fmt: skip
        changed = payload
        for before, after in zip(told, own, strict=True):
            changed = changed.replace(before, after)
        sent.append(changed)
    return sent


def many_results(count: int) -> bytes:
    """Return an ORU of `count` numeric results, each with a code of its own."""
    rows = ((f"{10_000 + n}-{n % 10}^Analyte {n}^LN", f"{n % 97}.5", "mg/dL", "3.5-9.5", "N") for n in range(count))
    return _written(_result(rows))


def _written(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\r" for line in lines).encode()


def _header(kind: str) -> str:
    return f"MSH|^~\\&|RIVERLIS|RIVERSIDE|CORRIDOR|HARBOR|20260313120500-0400||{kind}|B{kind[:3]}0001|P|2.5.1"


def _observation(number: int, row: tuple[str, str, str, str, str], more: str = "") -> str:
    code, value, unit, limits, flag = row
    unit = f"{unit}^{unit}^UCUM"
    return f"OBX|{number}|NM|{code}||{value}|{unit}|{limits}|{flag}|||F|||20260313091500-0400{more}"


def _admission() -> Iterator[str]:
    yield _header("ADT^A01^ADT_A01")
    yield "EVN|A01|20260313081500-0400|||990005^TESTCLERK^CLEO|20260313081400-0400"
    yield _PID
    yield "PD1|||Invented Practice^^12345|990003^TESTDOCTOR^CARL^^^DR"
    yield _NK1
    yield _PV1
    yield "PV2||SEMI^Semi-private|I10^Essential hypertension^I10C|||||20260313|20260318|5"
    yield "AL1|1|DA|P-44^Penicillin^L|SV|Hives|20190101"
    yield "DG1|1||I10^Essential hypertension^I10C||20260313|A"
    yield (
        "IN1|1|PLAN1^Invented Plan^L|INS1|Invented Insurance|1 Example Road^^Testville^NY|||GRP1||||20260101|||||"
        "SEL^Self^HL70063"
    )


def _result(rows: object) -> Iterator[str]:
    yield _header("ORU^R01^ORU_R01")
    yield _PID
    yield _PV1
    yield _ORC.format(n=1)
    yield _OBR.format(n=1, code="24323-8^Panel^LN")
    for number, row in enumerate(rows, start=1):  # type: ignore[var-annotated, arg-type]
        yield _observation(number, row)


def _panel() -> Iterator[str]:
    yield _header("ORU^R01^ORU_R01")
    yield _PID
    yield _NK1
    yield _PV1
    for order in (1, 2):
        yield _ORC.format(n=order)
        yield _OBR.format(n=order, code="57021-8^CBC W Auto Differential panel^LN")
        yield "NTE|1|L|Collected at the bedside.~Second tube discarded."
        for number, row in enumerate(_BLOOD_COUNT, start=1):
            yield _observation(number, row, f"|||AUTO^Automated^L||20260313110000-0400||||{_PRODUCER}")
            if number % 7 == 0:
                yield "NTE|1|L|Repeated on a second instrument with the same result."
        taken = "20260313091500-0400|20260313093000-0400"
        yield f"SPM|1|S{order}&HARBOR^S{order}1&RIVERSIDE||BLD^Blood^HL70487|||||||||||||{taken}"


def _immunizations() -> Iterator[str]:
    yield _header("VXU^V04^VXU_V04")
    yield _PID
    yield "PD1|||||||||||02^Reminder any method^HL70215|N|20260313|||A|20260313|20260313"
    yield _NK1
    for number, vaccine in enumerate(("20^DTaP^CVX", "10^IPV^CVX", "94^MMRV^CVX"), start=1):
        yield f"ORC|RE|V{number}^HARBOR|W{number}^RIVERSIDE|||||||990005^TESTCLERK^CLEO||990001^TESTDOCTOR^ADA^B"
        yield (
            f"RXA|0|1|20260313093000-0400|20260313093000-0400|{vaccine}|0.5|mL^milliliter^UCUM||00^New record^NIP001"
            "|990006^TESTNURSE^NINA^^^^RN|^^^HARBOR||||LOT55|20270101|MSD^Merck and Co^MVX|||CP|A"
        )
        yield "RXR|IM^Intramuscular^NCIT|LA^Left arm^HL70163"
        yield f"OBX|1|CE|64994-7^Eligibility^LN|{number}|V03^VFC eligible - uninsured^HL70064||||||F|||20260313"
        yield f"OBX|2|TS|29769-7^Date published^LN|{number}|20240101||||||F|||20260313"
