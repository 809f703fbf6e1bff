"""The firewall: what leaves the spoke goes through it, to the hosts that the dials name and to no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import network

from infra.address_plan import FIREWALL, FIREWALL_MANAGEMENT, GATEWAY, RUNNER, AddressPlan
from infra.components.diagnostics import observe
from infra.components.network.hub import Hub
from infra.components.network.spoke import public_address
from infra.components.place import Place
from shared.catalog.model import Tier

# Where a release comes from and where it is deployed through.
_RELEASE_HOSTS = ("github.com", "api.github.com", "*.actions.githubusercontent.com", "*.blob.core.windows.net")
_AZURE_HOSTS = ("management.azure.com", "login.microsoftonline.com", "mcr.microsoft.com", "*.data.mcr.microsoft.com")
# What every tier needs of Azure beyond private endpoints; API Management needs two more.
_TIER_TAGS = ("AzureActiveDirectory", "AzureMonitor")
_GATEWAY_TAGS = (*_TIER_TAGS, "AzureKeyVault", "Storage")


@dataclass(frozen=True)
class FirewallArgs:
    """The size (`basic`, `standard`, `premium`) and the URLs to which deliveries go."""

    place: Place
    plan: AddressPlan
    hub: Hub
    size: str
    tiers: Sequence[str]
    destinations: Sequence[str]
    zones: Sequence[str]
    workspace_id: pulumi.Input[str] | None
    tags: Mapping[str, str]


def next_hop(plan: AddressPlan) -> str:
    """Return the firewall's private address: the first that Azure leaves free in its subnet, which it takes."""
    return str(plan.subnets[FIREWALL][4])


class Firewall(pulumi.ComponentResource):
    """Azure Firewall with a policy of named destinations; what no rule names is refused."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Firewall", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        policy = self._policy(name)
        rules = self._rules(name, policy)
        firewall = self._firewall(name, policy, rules)
        observe(name, firewall.id, args.workspace_id, self)
        self.register_outputs({})

    def _policy(self, name: str) -> network.FirewallPolicy:
        args = self._args
        modes = network.AzureFirewallThreatIntelMode
        premium = args.size == "premium"
        return network.FirewallPolicy(
            name,
            firewall_policy_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=network.FirewallPolicySkuArgs(tier=args.size.capitalize()),
            threat_intel_mode=modes.ALERT if args.size == "basic" else modes.DENY,  # basic cannot deny
            intrusion_detection=network.FirewallPolicyIntrusionDetectionArgs(mode="Deny") if premium else None,
            tags=args.tags,
            opts=self._options,
        )

    def _rules(self, name: str, policy: network.FirewallPolicy) -> network.FirewallPolicyRuleCollectionGroup:
        args = self._args
        ranges = [args.plan.range_of(tier) for tier in args.tiers]
        hosts = sorted({urlsplit(url).hostname or "" for url in args.destinations})
        gateway, runner = args.plan.range_of(GATEWAY), args.plan.range_of(RUNNER)
        services = [_to_tags("tiers", ranges, _TIER_TAGS), _to_tags("gateway", [gateway], _GATEWAY_TAGS)]
        names = [_to_hosts("release", runner, (*_RELEASE_HOSTS, *_AZURE_HOSTS))]
        if hosts:
            names.append(_to_hosts("destinations", args.plan.range_of(Tier.DELIVER), hosts))
        return network.FirewallPolicyRuleCollectionGroup(
            name,
            rule_collection_group_name="corridor",
            firewall_policy_name=policy.name,
            resource_group_name=args.place.resource_group,
            priority=200,
            rule_collections=[_collection("services", 200, services), _collection("hosts", 300, names)],
            opts=self._options,
        )

    def _firewall(
        self, name: str, policy: network.FirewallPolicy, rules: network.FirewallPolicyRuleCollectionGroup
    ) -> network.AzureFirewall:
        args = self._args
        basic = args.size == "basic"
        return network.AzureFirewall(
            name,
            azure_firewall_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=network.AzureFirewallSkuArgs(name="AZFW_VNet", tier=args.size.capitalize()),
            firewall_policy=network.SubResourceArgs(id=policy.id),
            ip_configurations=[self._address("firewall", FIREWALL)],
            management_ip_configuration=self._address("firewall-management", FIREWALL_MANAGEMENT) if basic else None,
            zones=list(args.zones) or None,
            tags=args.tags,
            # Without its rules it would refuse everything for a while.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rules]),
        )

    def _address(self, name: str, subnet: str) -> network.AzureFirewallIPConfigurationArgs:
        args = self._args
        address = public_address(name, args.place, args.zones, args.tags, self, args.workspace_id)
        return network.AzureFirewallIPConfigurationArgs(
            name=name,
            subnet=network.SubResourceArgs(id=args.hub.subnet(subnet).id),
            public_ip_address=network.SubResourceArgs(id=address.id),
        )


def _to_tags(name: str, sources: Sequence[str], tags: Sequence[str]) -> network.NetworkRuleArgs:
    return network.NetworkRuleArgs(
        rule_type="NetworkRule",
        name=name,
        ip_protocols=["TCP"],
        source_addresses=list(sources),
        destination_addresses=list(tags),
        destination_ports=["443"],
    )


def _to_hosts(name: str, source: str, hosts: Iterable[str]) -> network.ApplicationRuleArgs:
    return network.ApplicationRuleArgs(
        rule_type="ApplicationRule",
        name=name,
        protocols=[network.FirewallPolicyRuleApplicationProtocolArgs(protocol_type="Https", port=443)],
        source_addresses=[source],
        target_fqdns=list(hosts),
    )


def _collection(
    name: str, priority: int, rules: Sequence[network.NetworkRuleArgs | network.ApplicationRuleArgs]
) -> network.FirewallPolicyFilterRuleCollectionArgs:
    return network.FirewallPolicyFilterRuleCollectionArgs(
        rule_collection_type="FirewallPolicyFilterRuleCollection",
        name=name,
        priority=priority,
        action=network.FirewallPolicyFilterRuleCollectionActionArgs(type="Allow"),
        rules=list(rules),
    )
