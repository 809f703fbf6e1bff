"""
The parts of the partners' door, as Application Gateway wants them: each names the others by ids below its own.

    listener   one for the internet, one for hospitals' lines: the same certificate, the same client check
    rewriting  the partner's certificate goes on in a header, whatever the caller put there is overwritten
    backend    the gateway by its own name, probed where it says that it is well
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.apim.policy import CERTIFICATE_HEADER

_INSIDE = "gateway"
_OWN = "own"
_CLIENTS = "partners"
_HTTPS = "https"
_SIDES = ("internet", "lines")
_HEALTH = "/status-0123456789abcdef"  # API Management's own
_LONGEST_CALL = 65  # a little longer than the gateway waits for an app


@dataclass(frozen=True)
class DoorParts:
    """
    The parts of the door with the resource id `door_id`.

    `authorities` are the certificates (PEM) of those who issue partners' certificates, by name; with none, no client
    is asked for one.
    """

    door_id: pulumi.Output[str]
    host: str
    gateway_host: str
    certificate_id: pulumi.Input[str]
    authorities: Mapping[str, bytes]

    def frontends(
        self, subnet_id: pulumi.Input[str], address_id: pulumi.Input[str], private_address: str
    ) -> list[network.ApplicationGatewayFrontendIPConfigurationArgs]:
        """Return the addresses: one for the internet, one in the subnet for lines."""
        internet, lines = _SIDES
        return [
            network.ApplicationGatewayFrontendIPConfigurationArgs(
                name=internet, public_ip_address=network.SubResourceArgs(id=address_id)
            ),
            network.ApplicationGatewayFrontendIPConfigurationArgs(
                name=lines,
                subnet=network.SubResourceArgs(id=subnet_id),
                private_ip_address=private_address,
                private_ip_allocation_method=network.IPAllocationMethod.STATIC,
            ),
        ]

    def ports(self) -> list[network.ApplicationGatewayFrontendPortArgs]:
        """Return the only port."""
        return [network.ApplicationGatewayFrontendPortArgs(name=_HTTPS, port=443)]

    def certificates(self) -> list[network.ApplicationGatewaySslCertificateArgs]:
        """Return the door's own certificate, which is read from the vault."""
        return [network.ApplicationGatewaySslCertificateArgs(name=_OWN, key_vault_secret_id=self.certificate_id)]

    def trusted(self) -> list[network.ApplicationGatewayTrustedClientCertificateArgs]:
        """Return whose certificates a partner may show."""
        return [
            network.ApplicationGatewayTrustedClientCertificateArgs(name=name, data=b64encode(text).decode())
            for name, text in sorted(self.authorities.items())
        ]

    def profiles(self) -> list[network.ApplicationGatewaySslProfileArgs]:
        """Return the check of clients' certificates, where they are asked for one."""
        if not self.authorities:
            return []
        return [
            network.ApplicationGatewaySslProfileArgs(
                name=_CLIENTS,
                client_auth_configuration=network.ApplicationGatewayClientAuthConfigurationArgs(
                    verify_client_cert_issuer_dn=True
                ),
                trusted_client_certificates=[
                    self._part("trustedClientCertificates", name) for name in sorted(self.authorities)
                ],
            )
        ]

    def listeners(self) -> list[network.ApplicationGatewayHttpListenerArgs]:
        """Return the listeners, for the door's host name alone."""
        return [
            network.ApplicationGatewayHttpListenerArgs(
                name=side,
                frontend_ip_configuration=self._part("frontendIPConfigurations", side),
                frontend_port=self._part("frontendPorts", _HTTPS),
                protocol=network.ApplicationGatewayProtocol.HTTPS,
                host_name=self.host,
                require_server_name_indication=True,
                ssl_certificate=self._part("sslCertificates", _OWN),
                ssl_profile=self._part("sslProfiles", _CLIENTS) if self.authorities else None,
            )
            for side in _SIDES
        ]

    def rules(self) -> list[network.ApplicationGatewayRequestRoutingRuleArgs]:
        """Return the ways from listeners to the gateway."""
        return [
            network.ApplicationGatewayRequestRoutingRuleArgs(
                name=side,
                rule_type=network.ApplicationGatewayRequestRoutingRuleType.BASIC,
                priority=100 * number,
                http_listener=self._part("httpListeners", side),
                backend_address_pool=self._part("backendAddressPools", _INSIDE),
                backend_http_settings=self._part("backendHttpSettingsCollection", _INSIDE),
                rewrite_rule_set=self._part("rewriteRuleSets", _CLIENTS),
            )
            for number, side in enumerate(_SIDES, 1)
        ]

    def rewriting(self) -> list[network.ApplicationGatewayRewriteRuleSetArgs]:
        """Return what becomes of headers; an empty value takes one away."""
        shown = "{var_client_certificate}" if self.authorities else ""
        header = network.ApplicationGatewayHeaderConfigurationArgs
        actions = network.ApplicationGatewayRewriteRuleActionSetArgs(
            request_header_configurations=[header(header_name=CERTIFICATE_HEADER, header_value=shown)],
            response_header_configurations=[header(header_name="Server", header_value="")],
        )
        rule = network.ApplicationGatewayRewriteRuleArgs(name=_CLIENTS, rule_sequence=100, action_set=actions)
        return [network.ApplicationGatewayRewriteRuleSetArgs(name=_CLIENTS, rewrite_rules=[rule])]

    def pools(self) -> list[network.ApplicationGatewayBackendAddressPoolArgs]:
        """Return the gateway by its name, which answers with its private address here."""
        address = network.ApplicationGatewayBackendAddressArgs(fqdn=self.gateway_host)
        return [network.ApplicationGatewayBackendAddressPoolArgs(name=_INSIDE, backend_addresses=[address])]

    def backends(self) -> list[network.ApplicationGatewayBackendHttpSettingsArgs]:
        """Return how the gateway is called."""
        return [
            network.ApplicationGatewayBackendHttpSettingsArgs(
                name=_INSIDE,
                port=443,
                protocol=network.ApplicationGatewayProtocol.HTTPS,
                pick_host_name_from_backend_address=True,
                request_timeout=_LONGEST_CALL,
                probe=self._part("probes", _INSIDE),
            )
        ]

    def probes(self) -> list[network.ApplicationGatewayProbeArgs]:
        """Return the question whether the gateway is well."""
        return [
            network.ApplicationGatewayProbeArgs(
                name=_INSIDE,
                protocol=network.ApplicationGatewayProtocol.HTTPS,
                host=self.gateway_host,
                path=_HEALTH,
                interval=30,
                timeout=30,
                unhealthy_threshold=3,
                match=network.ApplicationGatewayProbeHealthResponseMatchArgs(status_codes=["200"]),
            )
        ]

    def _part(self, kind: str, name: str) -> network.SubResourceArgs:
        return network.SubResourceArgs(id=pulumi.Output.concat(self.door_id, f"/{kind}/{name}"))
