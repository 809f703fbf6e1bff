"""The consent decision point: may this patient's data go to this destination? (requirement C14)."""

from __future__ import annotations

from typing import Literal

Rule = Literal["unless-denied", "if-permitted"]


def may_disclose(rule: Rule, recorded: str | None) -> bool:
    """
    Decide by the destination's rule and the recorded decision (`permit`, `deny` or None).

    A recorded decision always wins. Without one, treatment partners (`unless-denied`) receive, others do not.
    """
    if recorded is not None:
        return recorded == "permit"
    return rule == "unless-denied"
