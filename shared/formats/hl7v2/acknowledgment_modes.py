"""
Which acknowledgments a sender asked for (chapter 2, processing rules), and their codes (table 0008).

    original mode   MSH-15 and MSH-16 empty: one answer, AA AE AR
    enhanced mode   either of them valued: an accept acknowledgment (CA CE CR) says that the message is kept, an
                    application acknowledgment (AA AE AR) what became of it, each under its condition (table 0155)

    AL always       NE never       ER only errors and rejects       SU only success       empty: as NE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shared.formats.hl7v2.envelope import Envelope

AckCode = Literal["AA", "AE", "AR", "CA", "CE", "CR"]

_ACCEPT: dict[AckCode, AckCode] = {"AA": "CA", "AE": "CE", "AR": "CR", "CA": "CA", "CE": "CE", "CR": "CR"}
_SUCCESS = frozenset({"AA", "CA"})


def is_enhanced(envelope: Envelope) -> bool:
    """Tell whether the sender speaks the enhanced mode."""
    return bool(envelope.accept_condition or envelope.application_condition)


def accept_code(envelope: Envelope, code: AckCode) -> AckCode:
    """Return the code that says whether a message was taken: `code` in original mode, its CA, CE or CR in enhanced."""
    return _ACCEPT[code] if is_enhanced(envelope) else code


def wants_accept(envelope: Envelope, code: AckCode) -> bool:
    """Tell whether the sender wants to hear that its message was taken, or not; always in original mode."""
    return not is_enhanced(envelope) or _is_met(envelope.accept_condition, code)


def wants_application(envelope: Envelope, code: AckCode) -> bool:
    """Tell whether the sender wants an answer of the application besides; in original mode the one answer is both."""
    return is_enhanced(envelope) and _is_met(envelope.application_condition, code)


def answer_code(envelope: Envelope, code: AckCode) -> AckCode | None:
    """
    Return the code of the one answer that follows the receipt, None where the sender asked for none.

    Policy: the accept acknowledgment where its condition is met; else the application acknowledgment where that one's
    is: what becomes of a message later is told by its status and by tasks, not by a further ACK.
    """
    if wants_accept(envelope, code):
        return accept_code(envelope, code)
    return code if wants_application(envelope, code) else None


def _is_met(condition: str, code: AckCode) -> bool:
    match condition:
        case "AL":
            return True
        case "ER":
            return code not in _SUCCESS
        case "SU":
            return code in _SUCCESS
    return False
