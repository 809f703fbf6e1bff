"""Names of Azure resources: the same on every run, unique per environment, within Azure's limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

# The longest environment that leaves room for prefix and purpose in the 24 characters of a vault or an account.
_ENVIRONMENT = 7
_DIGEST = 3


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one environment. Entities inside a namespace are not here: the catalogue names them."""

    prefix: str
    environment: str

    def __post_init__(self) -> None:
        """Refuse a prefix or a stack from which some name could not be built."""
        if not re.fullmatch(r"[a-z][a-z0-9]{1,9}", self.prefix):
            raise ValueError("corridor:prefix: set it to 2 to 10 lower-case letters and digits, a letter first")
        if not re.fullmatch(r"[a-z](-?[a-z0-9]+)*", self.environment):
            raise ValueError(f"stack {self.environment}: name it in lower-case letters, digits and single hyphens")

    @property
    def short(self) -> str:
        """
        The environment as it stands in names, at most seven characters.

        A longer one is cut to four, and three of its hash tell it from others that begin alike.
        """
        if len(self.environment) <= _ENVIRONMENT:
            return self.environment
        start = self.environment[: _ENVIRONMENT - _DIGEST].rstrip("-")
        return start + sha256(self.environment.encode()).hexdigest()[:_DIGEST]

    def resource(self, purpose: str) -> str:
        """Return the name of what must be unique in the world; ValueError if it is too long for the shortest limit."""
        return _within(24, f"{self.prefix}-{self.short}-{purpose}")

    def in_group(self, purpose: str) -> str:
        """Return the name of what is unique within its resource group: networks, endpoints, locks, groups."""
        return _within(64, f"{self.prefix}-{self.short}-{purpose}")

    def function_app(self, tier: str) -> str:
        """Return the name of a tier's function app, plan and identity; the host tells apps apart by 32 characters."""
        return _within(32, f"{self.prefix}-{self.short}-{tier}")

    def storage_account(self, purpose: str) -> str:
        """Return a storage account's name: letters and digits alone."""
        return _within(24, f"{self.prefix}{self.short.replace('-', '')}{purpose}")

    def role_assignment(self, principal: str, role: str, target: str) -> str:
        """Return a role assignment's name, a UUID that depends on who may do what to which entity."""
        return str(uuid5(NAMESPACE_URL, "/".join((self.prefix, self.environment, principal, role, target))))

    def app_role(self, value: str) -> str:
        """Return the id of an application role in the directory, a UUID that depends on what the role is called."""
        return str(uuid5(NAMESPACE_URL, "/".join((self.prefix, self.environment, "app-role", value))))


def _within(limit: int, name: str) -> str:
    if len(name) > limit:
        raise ValueError(f"{name}: {len(name)} characters, Azure allows {limit}; shorten corridor:prefix or the stack")
    return name
