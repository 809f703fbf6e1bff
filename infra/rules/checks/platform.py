"""Data, networks and what is watched: checks 74 to 76."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.rules import Finding, Rule
from infra.rules.checks.check import Check, Held, departure, equal, every, in_production, missing
from infra.rules.private_doors import no_service_has_a_public_door
from infra.rules.production import production_takes_no_development_dial
from infra.rules.reading import items, of_kinds, same_id, value
from infra.rules.watching import (
    everything_reports_to_the_workspace,
    private_telemetry_is_private,
    telemetry_takes_no_key,
)

_SERVER = "dbforpostgresql:Server"
_TLS = ("TLSV1.2", "TLSV1.3")
_ANYBODY = {"*", "0.0.0.0/0", "::/0", "Any", "Internet"}


def _servers_without_tls(resources: Sequence[Resource]) -> Iterator[Finding]:
    for server in of_kinds(resources, _SERVER):
        said = {
            value(each, "configurationName"): str(value(each, "value")).upper()
            for each in of_kinds(resources, "dbforpostgresql:Configuration")
            if value(each, "serverName") == value(server, "serverName")
        }
        if said.get("require_secure_transport") != "ON":
            yield departure(server, "", "set its configuration require_secure_transport to on")
        if said.get("ssl_min_protocol_version") not in _TLS:
            yield departure(server, "", "set its configuration ssl_min_protocol_version to TLSv1.2")


def _subnets_without_a_group(resources: Sequence[Resource]) -> Iterator[Finding]:
    for subnet in of_kinds(resources, "network:Subnet"):
        if not value(subnet, "networkSecurityGroup.id"):
            yield departure(subnet, "networkSecurityGroup", "name one that denies what nobody asked for")


def _rules_that_let_anybody_in(resources: Sequence[Resource]) -> Iterator[Finding]:
    for group in of_kinds(resources, "network:NetworkSecurityGroup"):
        for index, rule in enumerate(items(group, "securityRules")):
            if rule.get("direction") == "Inbound" and rule.get("access") == "Allow" and _sources(rule) & _ANYBODY:
                yield departure(group, f"securityRules[{index}]", "lets anybody in: name the source")


def _sources(rule: Any) -> set[str]:
    return {str(rule.get("sourceAddressPrefix")), *(rule.get("sourceAddressPrefixes") or ())}


def _networks_without_flow_logs(resources: Sequence[Resource]) -> Iterator[Finding]:
    logs = [each for each in of_kinds(resources, "network:FlowLog") if value(each, "enabled") is True]
    for network in of_kinds(resources, "network:VirtualNetwork"):
        if not any(same_id(value(log, "targetResourceId"), network.id) for log in logs):
            yield departure(network, "", "nobody keeps what flows through it: give it a flow log")


def _production_without_a_scope(resources: Sequence[Resource]) -> Iterator[Finding]:
    if in_production(resources) and not of_kinds(resources, "monitor:PrivateLinkScope"):
        yield from missing(resources, "no private link scope: telemetry of production would be public")


def _production_dial(kind: str, path: str) -> Rule:
    return Held(production_takes_no_development_dial, "production-dial", (kind,), path)


CHECKS = (
    Check(74, "database-entra", "Entra alone opens the database", ("fa498b91",),
          every(equal(_SERVER, "authConfig.activeDirectoryAuth", "Enabled"),
                equal(_SERVER, "authConfig.passwordAuth", "Disabled"))),
    Check(74, "database-public", "the database has no public door", ("5e1de0e3",),
          Held(no_service_has_a_public_door, "public-door", (_SERVER,))),
    Check(74, "database-tls", "the database takes TLS 1.2 or newer", ("a43d5475",), _servers_without_tls),
    Check(74, "database-geo-backup", "a backup of production survives its region", ("AZR-000326",),
          _production_dial(_SERVER, "backup.geoRedundantBackup")),
    Check(74, "database-zones", "the database of production survives the loss of a zone", (),
          _production_dial(_SERVER, "highAvailability.mode")),
    Check(75, "subnet-security-group", "a subnet has a security group", ("AZR-000263", "e71308d3"),
          _subnets_without_a_group),
    Check(75, "open-inbound", "no rule of a security group lets anybody in",
          ("AZR-000137", "CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_160"), _rules_that_let_anybody_in),
    Check(75, "flow-logs", "what flows through a network is kept", ("4c3c6c5f",), _networks_without_flow_logs),
    Check(76, "telemetry-workspace-based", "Application Insights keeps its data in the workspace", ("AZR-000069",),
          Held(telemetry_takes_no_key, "telemetry-workspace")),
    Check(76, "telemetry-local-auth", "no key opens telemetry", ("199d5677",),
          Held(telemetry_takes_no_key, "telemetry-key")),
    Check(76, "telemetry-public", "telemetry of production has no public door", ("6c53d030", "1bc02227"),
          every(Held(private_telemetry_is_private, "telemetry-door"),
                Held(private_telemetry_is_private, "telemetry-scope"), _production_without_a_scope)),
    Check(76, "diagnostic-settings", "everything that can report does", (),
          Held(everything_reports_to_the_workspace, "diagnostics")),
)  # fmt: skip
