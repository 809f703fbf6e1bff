"""
The application roles of Corridor's API: what a token may carry, and who may be given it.

    people     given to users and groups by whoever keeps the directory, never by the program
    routes     what the catalogue's routes ask for and no person has: given to the clients of partners
    partners   `partner.<name>`: for which partner a client speaks (shared/authorization.py)
    gateway    passes calls on: API Management's own identity has it, and the probe of a release, which calls an
               app from inside the network (shared/authorization.py)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.catalog.model import Route, Step

PEOPLE = {
    "operator": "keeps messages moving: traces, replays, mends what is stuck",
    "steward": "decides about identities, merges and unmapped codes",
    "coordinator": "works the tasks of a clinic or a laboratory",
    "analyst": "reads figures without patient data",
    "auditor": "reads who did what, and changes nothing",
    "developer": "reads what is registered and how it is configured, never a payload",
}
PARTNER = "partner."
GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class AppRole:
    """One role: its value in the token, what it is for, and whether people have it or clients."""

    value: str
    meaning: str
    for_people: bool


def app_roles(steps: Iterable[Step], senders: Iterable[str]) -> tuple[AppRole, ...]:
    """Return every role, each once: of people, of routes, of partners that send, of the gateway."""
    people = [AppRole(value, meaning, for_people=True) for value, meaning in PEOPLE.items()]
    clients = [AppRole(role, f"calls the routes that ask for {role}", for_people=False) for role in route_roles(steps)]
    partners = [AppRole(f"{PARTNER}{name}", f"speaks for the partner {name}", for_people=False) for name in senders]
    gateway = AppRole(GATEWAY, "passes on the calls of partners and people", for_people=False)
    return (*people, *clients, *partners, gateway)


def route_roles(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the roles that routes ask for and no person has, in alphabetical order."""
    asked = {step.inbound.role for step in steps if isinstance(step.inbound, Route)}
    return tuple(sorted(role for role in asked if role and role not in PEOPLE))
