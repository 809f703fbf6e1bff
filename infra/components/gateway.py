"""
The gateway: API Management, in front of everything that a partner or a person calls.

    StandardV2           partners come through its private endpoint or, where it is the door, its public address;
                         it reaches the function apps through the subnet that is delegated to it
    Developer, Premium   it lives in the subnet itself: with a public address where it is the door, else with
                         a private one alone, which a private zone of its own name answers with

Azure refuses a gateway of the first kind without public access before its endpoint is there: that is closed in the
second phase (docs/adr/0017). The gateway proves itself to the apps by its identity, and knows no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import apimanagement, managedidentity, privatedns

from infra.apim.policy import service_policy
from infra.components.diagnostics import observe
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs

INJECTED_SKUS = frozenset({"Developer", "Premium"})

_LOGGER = "azuremonitor"
_MINIMUM_API = "2021-08-01"
_SECURITY = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security."
_WEAK_CIPHERS = (
    "TripleDes168",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
)
_OLD_PROTOCOLS = ("Protocols.Tls10", "Protocols.Tls11", "Protocols.Ssl30")
_PROPERTIES = {
    **{f"{_SECURITY}{name}": "False" for name in _OLD_PROTOCOLS},
    **{f"{_SECURITY}Backend.{name}": "False" for name in _OLD_PROTOCOLS},
    **{f"{_SECURITY}Ciphers.{name}": "False" for name in _WEAK_CIPHERS},
    "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2": "True",
}


@dataclass(frozen=True)
class GatewayArgs:
    """
    Where the gateway goes, how large it is, and who may reach it.

    `entrance` is the subnet of its endpoint; `subnet_id` the one from which it calls, or in which it lives;
    `network_ids` ask for its private name. `is_door` says that partners on the internet call it, `open_at_first`
    that its endpoint is not there yet, `asks_certificates` that it is the end of mutual TLS; `audience` is that of
    every token.
    """

    place: Place
    entrance: PrivateAccess
    subnet_id: pulumi.Input[str]
    network_ids: Mapping[str, pulumi.Input[str]]
    sku: str
    units: int
    zones: tuple[str, ...]
    contact: str
    is_door: bool
    open_at_first: bool
    asks_certificates: bool
    audience: pulumi.Input[str]
    tags: Mapping[str, str]


class Gateway(pulumi.ComponentResource):
    """The service without its APIs; `principal_id` is the identity by which apps know it, `host` its own name."""

    service_name: pulumi.Output[str]
    service_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]
    host: str
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Gateway", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        own = args.place.names.resource(name)
        self.host = f"{own}.azure-api.net"
        identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=own,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        )
        self.principal_id = identity.principal_id
        service = self._service(name, own, identity)
        self.service_name, self.service_id = service.name, service.id
        values = {"tenant": args.place.tenant_id, "identity": identity.client_id, "audience": args.audience}
        self.ready = [self._named_value(key, value) for key, value in values.items()]
        self._policy()
        self._diagnostics()
        self._way_in(name, service)
        self.register_outputs({"host": self.host})

    def _service(
        self, name: str, own: str, identity: managedidentity.UserAssignedIdentity
    ) -> apimanagement.ApiManagementService:
        args = self._args
        injected = args.sku in INJECTED_SKUS
        kinds = apimanagement.VirtualNetworkType
        return apimanagement.ApiManagementService(
            name,
            service_name=own,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=apimanagement.ApiManagementServiceSkuPropertiesArgs(name=args.sku, capacity=args.units),
            publisher_name="Corridor",
            publisher_email=args.contact,
            identity=_identity(identity),
            # For StandardV2, external means that calls go out through the subnet; it says nothing of calls that come.
            virtual_network_type=kinds.INTERNAL if injected and not args.is_door else kinds.EXTERNAL,
            virtual_network_configuration=apimanagement.VirtualNetworkConfigurationArgs(
                subnet_resource_id=args.subnet_id
            ),
            public_network_access=self._public_access(),
            hostname_configurations=[self._hostname()],
            api_version_constraint=apimanagement.ApiVersionConstraintArgs(min_api_version=_MINIMUM_API),
            configuration_api=apimanagement.ConfigurationApiArgs(legacy_api=apimanagement.LegacyApiState.DISABLED),
            developer_portal_status=apimanagement.DeveloperPortalStatus.DISABLED,
            legacy_portal_status=apimanagement.LegacyPortalStatus.DISABLED,
            custom_properties=_PROPERTIES,
            zones=list(args.zones) if args.zones and args.sku == "Premium" else None,
            tags=args.tags,
            opts=self._options,
        )

    def _public_access(self) -> apimanagement.PublicNetworkAccess:
        args = self._args
        # A gateway that lives in a subnet is closed by having no public address, not by this switch.
        is_open = args.is_door or args.open_at_first or args.sku in INJECTED_SKUS
        access = apimanagement.PublicNetworkAccess
        return access.ENABLED if is_open else access.DISABLED

    def _hostname(self) -> apimanagement.HostnameConfigurationArgs:
        return apimanagement.HostnameConfigurationArgs(
            type=apimanagement.HostnameType.PROXY,
            host_name=self.host,
            certificate_source=apimanagement.CertificateSource.BUILT_IN,
            default_ssl_binding=True,
            negotiate_client_certificate=self._args.asks_certificates,
        )

    def _named_value(self, name: str, value: pulumi.Input[str]) -> apimanagement.NamedValue:
        return apimanagement.NamedValue(
            name,
            named_value_id=name,
            display_name=name,
            value=value,
            secret=False,
            service_name=self.service_name,
            resource_group_name=self._args.place.resource_group,
            opts=self._options,
        )

    def _policy(self) -> None:
        apimanagement.Policy(
            "service",
            policy_id="policy",
            format=apimanagement.PolicyContentFormat.XML,
            value=service_policy(),
            service_name=self.service_name,
            resource_group_name=self._args.place.resource_group,
            opts=self._options,
        )

    def _diagnostics(self) -> None:
        """Log every call without a byte of its body, a header or what the query says."""
        group = self._args.place.resource_group
        logger = apimanagement.Logger(
            _LOGGER,
            logger_id=_LOGGER,
            logger_type=apimanagement.LoggerType.AZURE_MONITOR,
            service_name=self.service_name,
            resource_group_name=group,
            opts=self._options,
        )
        apimanagement.Diagnostic(
            _LOGGER,
            diagnostic_id=_LOGGER,
            logger_id=logger.id,
            always_log=apimanagement.AlwaysLog.ALL_ERRORS,
            sampling=apimanagement.SamplingSettingsArgs(
                sampling_type=apimanagement.SamplingType.FIXED, percentage=100
            ),
            log_client_ip=True,
            frontend=_without_bodies(),
            backend=_without_bodies(),
            service_name=self.service_name,
            resource_group_name=group,
            opts=self._options,
        )

    def _way_in(self, name: str, service: apimanagement.ApiManagementService) -> None:
        args = self._args
        if args.sku not in INJECTED_SKUS:
            door = PrivateServiceArgs(args.place, args.entrance, service.id, "Gateway", args.tags, args.sku)
            PrivateService(name, door, self._options)
            return
        observe(name, service.id, args.entrance.workspace_id, self)
        if not args.is_door:
            self._private_name(name, service)

    def _private_name(self, name: str, service: apimanagement.ApiManagementService) -> None:
        args = self._args
        zone = privatedns.PrivateZone(
            name,
            private_zone_name=self.host,
            resource_group_name=args.place.resource_group,
            location="global",
            tags=args.tags,
            opts=self._options,
        )
        privatedns.PrivateRecordSet(
            name,
            relative_record_set_name="@",
            record_type="A",
            private_zone_name=zone.name,
            resource_group_name=args.place.resource_group,
            ttl=300,
            a_records=service.private_ip_addresses.apply(
                lambda found: [privatedns.ARecordArgs(ipv4_address=address) for address in found]
            ),
            opts=self._options,
        )
        for network, network_id in args.network_ids.items():
            privatedns.VirtualNetworkLink(
                f"{name}-{network}",
                virtual_network_link_name=network,
                private_zone_name=zone.name,
                resource_group_name=args.place.resource_group,
                location="global",
                registration_enabled=False,
                virtual_network=privatedns.SubResourceArgs(id=network_id),
                tags=args.tags,
                opts=self._options,
            )


def _identity(identity: managedidentity.UserAssignedIdentity) -> apimanagement.ApiManagementServiceIdentityArgs:
    return apimanagement.ApiManagementServiceIdentityArgs(
        type=apimanagement.ApimIdentityType.USER_ASSIGNED,
        user_assigned_identities=identity.id.apply(lambda found: {found: apimanagement.UserIdentityPropertiesArgs()}),
    )


def _without_bodies() -> apimanagement.PipelineDiagnosticSettingsArgs:
    hidden = apimanagement.DataMaskingEntityArgs(mode=apimanagement.DataMaskingMode.HIDE, value="*")
    message = apimanagement.HttpMessageDiagnosticArgs(
        body=apimanagement.BodyDiagnosticSettingsArgs(bytes=0),
        headers=[],
        data_masking=apimanagement.DataMaskingArgs(headers=[hidden], query_params=[hidden]),
    )
    return apimanagement.PipelineDiagnosticSettingsArgs(request=message, response=message)
