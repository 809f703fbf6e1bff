"""Invented people: every name says that it is one, every number lies in a range of its own."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_TREES = (
    "ALDER",
    "BIRCH",
    "CEDAR",
    "DOGWOOD",
    "ELDER",
    "FIR",
    "GORSE",
    "HAZEL",
    "IVY",
    "JUNIPER",
    "KAPOK",
    "LARCH",
)
_GIVEN = ("QUILL", "LANTERN", "THIMBLE", "ANVIL", "BOBBIN", "CANDLE", "DRUM", "EASEL", "FLUTE", "GONG", "HINGE")
# Names that Latin-1 can write, and names that need UTF-8.
_LATIN = (("GRÜNHOLZ", "JÜRGEN"), ("ÉRABLE", "AGNÈS"), ("CARVALHO-ÑANDÚ", "IÑIGO"), ("BJØRK", "SØREN"))
_BEYOND_LATIN = (("ŘEBŘÍK", "ŽOFIE"), ("ŁĄKA", "MIŁOSZ"), ("ΔΕΝΤΡΟ", "ΕΛΕΝΗ"), ("DĄB", "GRAŻYNA"))
_DOCTORS = ("ACKNOWLEDGE", "BUFFER", "CHECKSUM", "DATAGRAM", "ECHO", "FIXTURE")


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient of one laboratory; `family` may need the character set that `charset` names."""

    partner: str
    family: str
    given: str
    middle: str
    born: str
    sex: str
    record: str
    street: str
    phone: str
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Clinician:
    """Who ordered a test."""

    number: str
    family: str
    given: str


def make_patients(rng: Random, count: int, partners: tuple[str, ...], first: int = 0) -> list[Patient]:
    """
    Return `count` patients, three in five of the first partner; one in eight has a name with diacritics.

    Their record numbers begin at that of the patient `first`: two days with other firsts share nobody.
    """
    return [_patient(rng, first + number, partners[0 if number % 5 < 3 else 1]) for number in range(count)]


def make_clinicians() -> tuple[Clinician, ...]:
    """Return the clinicians of the hospital."""
    return tuple(
        Clinician(f"99{number:04d}", f"TESTDOCTOR-{name}", _GIVEN[number]) for number, name in enumerate(_DOCTORS)
    )


def _patient(rng: Random, number: int, partner: str) -> Patient:
    family, given, charset = _TREES[number % len(_TREES)], rng.choice(_GIVEN), ""
    if number % 8 == 3:
        northern = partner == "northside-lab"
        family, given = (_LATIN if northern else _BEYOND_LATIN)[number // 8 % 4]
        charset = "8859/1" if northern else "UNICODE UTF-8"
    return Patient(
        partner=partner,
        family=f"TESTPATIENT-{family}",
        given=given,
        middle=rng.choice(("", "", "A", "T")),
        born=f"{rng.randint(1931, 2019)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
        sex=rng.choice("FMFMFMOU"),
        record=f"T{900000 + number * 37}",
        street=f"{100 + number} Invented & Sons Way",
        phone=f"555-01{number % 100:02d}",
        charset=charset,
    )
