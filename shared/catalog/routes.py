"""HTTP operations as the catalogue declares them."""

from __future__ import annotations

from dataclasses import dataclass

# Where the gateway proves that a call came by way of it.
GATEWAY_HEADER = "Corridor-Gateway-Token"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a request's JSON object, by its JSON Schema type."""

    name: str
    type: str = "string"
    required: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """
    An HTTP operation below `/api`.

    `role` is the application role that a caller's token must carry, `public` marks the ones that need none
    (health alone), `version` is the API version in the path. `takes` and `gives` are the media types of the body
    and of a good answer; `asks` has the members of a JSON body, `query` and `headers` what else may be said.
    """

    method: str
    path: str
    role: str | None
    version: str = "v1"
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ("application/json",)
    asks: tuple[Member, ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The route as `function.json` has it, for instance `v1/messages/{id}`."""
        return f"{self.version}/{self.path}"
