"""
MO, and CP whose first component is one -> Money.

    Money.value  MO.1    Money.currency  MO.2, in capitals, where it is a code of three letters (ISO 4217)
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Resource
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal


def money_from_mo(repetition: Repetition) -> Resource | None:
    """Return an MO, None where it has no number."""
    return _money(repetition.component(1), repetition.component(2))[0]


def money_from_cp(repetition: Repetition) -> tuple[Resource | None, bool]:
    """Return the price of a CP, None where it has no number, and whether it holds all of its first component."""
    amount, exact = _money(repetition.subcomponent(1, 1), repetition.subcomponent(1, 2))
    return amount, exact and repetition.subcomponent(1, 3) == ""


def _money(amount: str, currency: str) -> tuple[Resource | None, bool]:
    """Return an amount, None where it is no number, and whether it holds all that was sent."""
    value = decimal(amount)
    if value is None:
        return None, False
    result: Resource = {"value": value}
    if len(currency) == 3 and currency.isascii() and currency.isalpha():
        result["currency"] = currency.upper()
    return result, ("currency" in result) == bool(currency)
