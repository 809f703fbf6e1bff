"""
A stack as Azure Policy would see it: what ARM is sent, and what Azure itself adds to it.

    properties.privateEndpointConnections   from the private endpoints that lead to a resource
    Microsoft.Web/sites/config `web`        from the site's own siteConfig
    flow logs                               from what is registered for a network
    Microsoft.Authorization/…/type          a role of ours is a CustomRole
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from infra.policy.expressions import NotEvaluableError
from infra.schema.arm import ArmResource

_SITE, _ENDPOINT = "microsoft.web/sites", "microsoft.network/privateendpoints"
_FLOW_LOG, _GROUP = "microsoft.network/networkwatchers/flowlogs", "microsoft.resources/resourcegroups"
_CONNECTIONS = "privateendpointconnections"
_APPROVED = {"status": "Approved"}
# What Azure works out by itself, and nobody declares: resources of these types, and what is below these paths.
_AZURES_OWN = ("microsoft.security/assessments",)
_AZURES_OWN_PATHS = {"microsoft.network/virtualnetworks": "subnets[*]"}


@dataclass(frozen=True)
class Known:
    """One resource: `body` is what ARM is sent, with what Azure adds; `type` is spelt in lower case."""

    id: str
    type: str
    version: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The last part of its id."""
        return self.id.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The kind that a body may have."""
        return str(self.body.get("kind", ""))

    @property
    def location(self) -> str:
        """The region, nothing where the body has none."""
        return str(self.body.get("location", ""))


class Estate:
    """Every resource of one stack."""

    def __init__(self, rendered: Sequence[ArmResource]) -> None:
        self._rendered = rendered

    @cached_property
    def resources(self) -> tuple[Known, ...]:
        """Every resource, completed."""
        return tuple(
            Known(each.id, each.kind.name.lower(), each.kind.version, self._completed(each)) for each in self._rendered
        )

    @cached_property
    def _by_type(self) -> dict[str, list[Known]]:
        found: dict[str, list[Known]] = {}
        for each in self.resources:
            found.setdefault(each.type, []).append(each)
        return found

    def of(self, kind: str) -> list[Known]:
        """Return the resources of a type, spelt in lower case."""
        return self._by_type.get(kind, [])

    def related(self, resource: Known, kind: str, name: str | None) -> list[Known]:
        """Return the resources of `kind` that belong to `resource`; NotEvaluableError if Azure alone has them."""
        wanted = kind.lower()
        if wanted in _AZURES_OWN:
            raise NotEvaluableError(f"{kind} is Azure's own finding")
        if wanted == f"{resource.type}/{_CONNECTIONS}":
            connections = resource.body.get("properties", {}).get("privateEndpointConnections", [])
            return [Known(f"{resource.id}/{_CONNECTIONS}/0", wanted, "", each) for each in connections]
        if wanted == f"{_SITE}/config":
            return [Known(f"{resource.id}/config/web", wanted, "", {"properties": _site_config(resource)})]
        below = f"{resource.id}/".lower()
        return [each for each in self.of(wanted) if each.id.lower().startswith(below) and name in (None, each.name)]

    def require_known(self, resource: Known, path: str) -> None:
        """Refuse a path below which only Azure knows what is there: NotEvaluableError."""
        own = _AZURES_OWN_PATHS.get(resource.type)
        if own and path.startswith(own):
            raise NotEvaluableError(f"{path} is for Azure to say")

    def answer(self, function: str, resource: Known) -> Any:
        """Return what a function without arguments says; NotEvaluableError if only Azure could."""
        if function == "requestcontext":
            return {"apiVersion": resource.version}
        if function == "resourcegroup":
            group = resource.id.split("/providers/")[0].lower()
            return next((each.body for each in self.of(_GROUP) if each.id.lower() == group), {})
        raise NotEvaluableError(f"{function}() is for Azure to say")

    def _completed(self, each: ArmResource) -> dict[str, Any]:
        said = dict(each.body.get("properties") or {})
        connections = list(self._connections(each.id))
        if connections:
            said["privateEndpointConnections"] = connections
        if each.kind.name.lower() == "microsoft.authorization/roledefinitions":
            said["type"] = "CustomRole"
        logs = [{"id": log.id} for log in self._of(_FLOW_LOG) if _targets(log, each.id)]
        if logs:
            said["flowLogs"] = logs
        return {**each.body, "properties": said}

    def _connections(self, identity: str) -> Iterator[dict[str, Any]]:
        for endpoint in self._of(_ENDPOINT):
            for link in (endpoint.body.get("properties") or {}).get("privateLinkServiceConnections") or ():
                inner = link.get("properties", {})
                if str(inner.get("privateLinkServiceId")).lower() == identity.lower():
                    state = {"privateLinkServiceConnectionState": _APPROVED, "groupIds": inner.get("groupIds", [])}
                    # Aliases name the state both at the connection and below its properties.
                    yield {"id": endpoint.id, "properties": state, **state}

    def _of(self, kind: str) -> Iterator[ArmResource]:
        return (each for each in self._rendered if each.kind.name.lower() == kind)


def _targets(log: ArmResource, identity: str) -> bool:
    return str((log.body.get("properties") or {}).get("targetResourceId")).lower() == identity.lower()


def _site_config(site: Known) -> dict[str, Any]:
    said = site.body.get("properties", {})
    config = dict(said.get("siteConfig") or {})
    # Published aliases put the same settings at the top and below `web`.
    return {**config, "web": config}
