"""
The door before a private gateway: Application Gateway with a web application firewall, for partners on the internet.

    outside   the public address and, for hospitals' lines, a private one in the same subnet; one certificate of ours
    between   the end of mutual TLS (docs/adr/0018): the chain is checked here, and the certificate goes on in a
              header that nobody else can bring, because this subnet alone reaches the gateway
    inside    the gateway by its own name, over TLS again

The firewall does not look into bodies: HL7's delimiters look like attacks, and its log would hold what it matched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, network

from infra.components.diagnostics import observe
from infra.components.door_parts import DoorParts
from infra.components.grants import Grant, Role, assign
from infra.components.network.spoke import public_address
from infra.components.place import Place

CERTIFICATE = "partner-door"
"""The certificate of the door's host name, in the vault: operators put it there before the second phase."""

_CALLS_PER_MINUTE = 3000
_MOST_INSTANCES = 10
_MOST_AUTHORITIES = 100
_RULE_SET, _RULE_SET_VERSION = "Microsoft_DefaultRuleSet", "2.1"


@dataclass(frozen=True)
class PartnerDoorArgs:
    """
    Where the door stands and what is behind it.

    `private_address` is the one for hospitals' lines; `authorities` are the certificates (PEM) of those who issue
    partners' certificates, none where partners are not asked for one. ValueError for more of them than Azure takes.
    """

    place: Place
    subnet_id: pulumi.Input[str]
    private_address: str
    host: str
    gateway_host: str
    vault_id: pulumi.Input[str]
    vault_url: pulumi.Input[str]
    authorities: Mapping[str, bytes]
    zones: Sequence[str]
    workspace_id: pulumi.Input[str] | None
    tags: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse more authorities than one door holds."""
        if len(self.authorities) > _MOST_AUTHORITIES:
            raise ValueError(
                f"partners: {len(self.authorities)} authorities issue their certificates, and a door takes "
                f"{_MOST_AUTHORITIES}: let several share one"
            )


class PartnerDoor(pulumi.ComponentResource):
    """The one public address of an environment: the DNS record of the door's host name holds `address`."""

    address: pulumi.Output[str | None]

    def __init__(self, name: str, args: PartnerDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PartnerDoor", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._own = args.place.names.in_group(name)
        identity = self._identity(name)
        secret = pulumi.Output.concat(args.vault_id, f"/secrets/{CERTIFICATE}")
        reads = assign(
            Grant(Role.SECRETS_READER, CERTIFICATE, secret), name, identity.principal_id, args.place, parent=self
        )
        address = public_address(name, args.place, args.zones, args.tags, self, args.workspace_id)
        self.address = address.ip_address
        door = network.ApplicationGateway(
            name,
            self._shape(name, identity, address),
            # It reads its certificate as it is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[reads]),
        )
        observe(name, door.id, args.workspace_id, self)
        self.register_outputs({"address": self.address})

    def _identity(self, name: str) -> managedidentity.UserAssignedIdentity:
        args = self._args
        return managedidentity.UserAssignedIdentity(
            name,
            resource_name_=self._own,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        )

    def _firewall(self, name: str) -> network.WebApplicationFirewallPolicy:
        args = self._args
        rules = network.ManagedRuleSetArgs(rule_set_type=_RULE_SET, rule_set_version=_RULE_SET_VERSION)
        return network.WebApplicationFirewallPolicy(
            name,
            policy_name=self._own,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            policy_settings=network.PolicySettingsArgs(
                state=network.WebApplicationFirewallEnabledState.ENABLED,
                mode=network.WebApplicationFirewallMode.PREVENTION,
                request_body_check=False,
                request_body_enforcement=False,
            ),
            managed_rules=network.ManagedRulesDefinitionArgs(managed_rule_sets=[rules]),
            custom_rules=[_calls_per_address()],
            tags=args.tags,
            opts=self._options,
        )

    def _parts(self) -> DoorParts:
        args = self._args
        own_id = pulumi.Output.concat(
            "/subscriptions/",
            args.place.subscription_id,
            "/resourceGroups/",
            args.place.resource_group,
            f"/providers/Microsoft.Network/applicationGateways/{self._own}",
        )
        # Without a version: the door takes up a renewed certificate by itself.
        certificate = pulumi.Output.concat(args.vault_url, f"secrets/{CERTIFICATE}")
        return DoorParts(own_id, args.host, args.gateway_host, certificate, args.authorities)

    def _shape(
        self, name: str, identity: managedidentity.UserAssignedIdentity, address: network.PublicIPAddress
    ) -> network.ApplicationGatewayArgs:
        args, parts = self._args, self._parts()
        subnet = network.SubResourceArgs(id=args.subnet_id)
        return network.ApplicationGatewayArgs(
            application_gateway_name=self._own,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=network.ApplicationGatewaySkuArgs(
                name=network.ApplicationGatewaySkuName.WA_F_V2, tier=network.ApplicationGatewayTier.WA_F_V2
            ),
            autoscale_configuration=network.ApplicationGatewayAutoscaleConfigurationArgs(
                min_capacity=2 if args.zones else 1, max_capacity=_MOST_INSTANCES
            ),
            identity=network.ManagedServiceIdentityArgs(
                type=network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
            ),
            firewall_policy=network.SubResourceArgs(id=self._firewall(name).id),
            enable_http2=True,
            ssl_policy=network.ApplicationGatewaySslPolicyArgs(
                policy_type=network.ApplicationGatewaySslPolicyType.PREDEFINED,
                policy_name=network.ApplicationGatewaySslPolicyName.APP_GW_SSL_POLICY20220101_S,
            ),
            gateway_ip_configurations=[network.ApplicationGatewayIPConfigurationArgs(name="own", subnet=subnet)],
            frontend_ip_configurations=parts.frontends(args.subnet_id, address.id, args.private_address),
            frontend_ports=parts.ports(),
            ssl_certificates=parts.certificates(),
            trusted_client_certificates=parts.trusted(),
            ssl_profiles=parts.profiles(),
            http_listeners=parts.listeners(),
            request_routing_rules=parts.rules(),
            rewrite_rule_sets=parts.rewriting(),
            backend_address_pools=parts.pools(),
            backend_http_settings_collection=parts.backends(),
            probes=parts.probes(),
            zones=list(args.zones) or None,
            tags=args.tags,
        )


def _calls_per_address() -> network.WebApplicationFirewallCustomRuleArgs:
    # Every address but one that nobody has: Azure wants a condition.
    anyone = network.MatchConditionArgs(
        match_variables=[network.MatchVariableArgs(variable_name="RemoteAddr")],
        operator="IPMatch",
        negation_conditon=True,
        match_values=["255.255.255.255/32"],
    )
    by_address = network.GroupByVariableArgs(variable_name="ClientAddr")
    return network.WebApplicationFirewallCustomRuleArgs(
        name="CallsPerAddress",
        priority=10,
        rule_type="RateLimitRule",
        rate_limit_duration="OneMin",
        rate_limit_threshold=_CALLS_PER_MINUTE,
        group_by_user_session=[network.GroupByUserSessionArgs(group_by_variables=[by_address])],
        match_conditions=[anyone],
        action="Block",
    )
