"""Names of Azure resources: the same on every run, unique per environment, within Azure's limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

_STORAGE_ENVIRONMENT = 4  # characters; a storage account has 24 for prefix, environment and purpose together


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one environment. Entities inside a namespace are not here: the catalogue names them."""

    prefix: str
    environment: str

    def __post_init__(self) -> None:
        """Refuse a prefix from which some name could not be built."""
        if not re.fullmatch(r"[a-z][a-z0-9]{1,9}", self.prefix):
            raise ValueError("corridor:prefix: set it to 2 to 10 lower-case letters and digits, a letter first")

    def resource(self, purpose: str) -> str:
        """Return the name of a resource that takes hyphens; ValueError if it is too long for the shortest limit."""
        return _within(24, f"{self.prefix}-{self.environment}-{purpose}")

    def function_app(self, tier: str) -> str:
        """Return the name of a tier's function app, plan and identity."""
        return _within(60, f"{self.prefix}-{self.environment}-{tier}")

    def storage_account(self, purpose: str) -> str:
        """Return a storage account's name: letters and digits alone."""
        return _within(24, f"{self.prefix}{self.environment[:_STORAGE_ENVIRONMENT]}{purpose}")

    def role_assignment(self, principal: str, role: str, target: str) -> str:
        """Return a role assignment's name, a UUID that depends on who may do what to which entity."""
        return str(uuid5(NAMESPACE_URL, "/".join((self.prefix, self.environment, principal, role, target))))


def _within(limit: int, name: str) -> str:
    if len(name) > limit:
        raise ValueError(f"{name}: {len(name)} characters, Azure allows {limit}; shorten corridor:prefix or the stack")
    return name
