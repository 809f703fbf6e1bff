"""Where a release's image lies: a registry without keys and without a public door, read by the jobs alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry

from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs


@dataclass(frozen=True)
class RegistryArgs:
    """Where it lies, the door to it, and whether it survives the loss of a zone."""

    place: Place
    access: PrivateAccess
    zone_redundant: bool
    tags: Mapping[str, str]


class Registry(pulumi.ComponentResource):
    """`host` is what an image's name begins with. Images come in by `az acr import`, through Azure's own control."""

    host: pulumi.Output[str]
    registry_id: pulumi.Output[str]
    registry_name: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Registry", name, None, opts)
        self._args = args
        registry = self._registry(name)
        self.registry_id, self.registry_name = registry.id, registry.name
        self.host = pulumi.Output.concat(registry.name, ".azurecr.io")
        service = PrivateServiceArgs(
            args.place, args.access, registry.id, "registry", args.tags, sku=containerregistry.SkuName.PREMIUM
        )
        PrivateService(name, service, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"host": self.host})

    def _registry(self, name: str) -> containerregistry.Registry:
        args = self._args
        zones = containerregistry.ZoneRedundancy
        return containerregistry.Registry(
            name,
            registry_name=args.place.names.storage_account("images"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=containerregistry.SkuArgs(name=containerregistry.SkuName.PREMIUM),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access=containerregistry.PublicNetworkAccess.DISABLED,
            network_rule_bypass_options=containerregistry.NetworkRuleBypassOptions.AZURE_SERVICES,
            zone_redundancy=zones.ENABLED if args.zone_redundant else zones.DISABLED,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
