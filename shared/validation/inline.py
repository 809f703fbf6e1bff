"""
The in-line validator: the errors of a resource, at a price that every message can pay.

A valid resource is accepted by a compiled schema and by visitors; they know no location and stop at the first
doubt. Whatever they do not accept is walked, and the walk alone finds errors. So both give the same verdict as long
as acceptance is no wider than the walk, which the tests hunt for.
"""

from __future__ import annotations

from typing import Final

from shared.errors import Issue
from shared.validation.references import Scope
from shared.validation.visitors import accepts_resource
from shared.validation.walker import validate

NO_SCOPE: Final = Scope({}, "", {}, None)


def find_errors(resource: object) -> tuple[Issue, ...]:
    """
    Return the errors that `validate` finds in a resource, and none of its remarks; empty means valid base R4.

    Never raises on any input. Profiles are checked neither here nor there: see `shared.validation.profiles`.
    """
    if is_accepted(resource):
        return ()
    return tuple(issue for issue in validate(resource) if issue.severity in ("error", "fatal"))


def is_accepted(resource: object) -> bool:
    """Whether a resource is valid base R4 for sure; False decides nothing."""
    try:
        return accepts_resource(resource, NO_SCOPE)
    except (ValueError, TypeError, RecursionError):
        return False  # what the schema library cannot read (a lone surrogate, a key that is no string ...)
