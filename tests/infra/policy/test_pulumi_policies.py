"""The checks, asked as the Pulumi CLI would ask them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from infra.engine.resources import Resource
from infra.engine.wire import UNKNOWN, revealed, write_struct
from infra.policy.pulumi_policies import policies
from infra.rules.checks import CHECKS
from tests.infra.recording import Estate
from tests.infra.rules.violations import VIOLATIONS

_ROOT = Path(__file__).parents[3]
_PACK = _ROOT / "infra" / "policy_pack"
_POLICIES = {policy.name: policy for policy in policies()}
Reported = list[tuple[str, str | None]]


@pytest.fixture(scope="module")
def production(estates: dict[str, Estate]) -> Sequence[Resource]:
    return estates["prod"].examination.result.resources


def _options(each: Resource) -> PolicyResourceOptions:
    return PolicyResourceOptions(
        protect=each.protect,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
        parent=each.parent or None,
    )


def _as_sent(values: Mapping[str, Any]) -> Any:
    """What the SDK makes of a message from the command line: floats, and views that raise where a value is unknown."""
    return unknown_checking_proxy(MessageToDict(write_struct(revealed(dict(values)))))


def _registered(each: Resource, parent: PolicyResource | None) -> PolicyResource:
    props = _as_sent({**each.outputs, **each.inputs})
    return PolicyResource(each.type, props, each.urn, each.name, _options(each), None, parent, [], {})


def _ask(policy: Policy, resources: Sequence[Resource]) -> Reported:
    reported: Reported = []

    def report(message: str, urn: str | None = None) -> None:
        reported.append((message, urn))

    if isinstance(policy, StackValidationPolicy):
        known: dict[str, PolicyResource] = {}
        for each in resources:
            known[each.urn] = _registered(each, known.get(each.parent))
        policy.validate(StackValidationArgs(list(known.values())), report)
    elif isinstance(policy, ResourceValidationPolicy):
        for each in resources:
            policy.validate(
                ResourceValidationArgs(each.type, _as_sent(each.inputs), each.urn, each.name, _options(each), None),
                report,
            )
    return reported


def test_every_check_is_a_mandatory_policy_under_its_own_name() -> None:
    assert [check.name for check in CHECKS] == list(_POLICIES)
    assert {EnforcementLevel.MANDATORY} == {policy.enforcement_level for policy in _POLICIES.values()}
    assert "1: a vault of production cannot be purged (AZR-000125, CKV_AZURE_110, 0b60c0b2)" == (
        _POLICIES["vault-purge-protection"].description
    )


def test_what_one_resource_says_is_asked_before_it_is_made() -> None:
    early = {name for name, policy in _POLICIES.items() if isinstance(policy, ResourceValidationPolicy)}

    assert {"vault-roles", "storage-https", "app-tls", "bus-local-auth", "database-entra"} <= early
    assert not early & {"vault-endpoint", "locks", "tags"}


def test_the_pack_passes_production(production: Sequence[Resource]) -> None:
    assert {} == {name: said for name, policy in _POLICIES.items() if (said := _ask(policy, production))}


@pytest.mark.parametrize("name", ["vault-roles", "storage-tls", "app-public", "bus-entities", "locks", "flow-logs"])
def test_the_pack_reports_what_is_seeded(name: str, production: Sequence[Resource]) -> None:
    reported = _ask(_POLICIES[name], VIOLATIONS[name][0].seed(production))

    assert [message for message, _ in reported if message]
    assert all(urn is None or urn.startswith("urn:pulumi:prod::") for _, urn in reported)


@pytest.mark.parametrize("name", ["vault-roles", "bus-entities"])
def test_what_a_preview_cannot_know_is_neither_passed_nor_reported(name: str, production: Sequence[Resource]) -> None:
    seeded = VIOLATIONS[name][0].seed(production)
    planned = [replace(each, inputs={**each.inputs, "tags": {"later": UNKNOWN}}) for each in seeded]

    with pytest.raises(UnknownValueError) as waits:
        _ask(_POLICIES[name], planned)

    assert "tags.later can't be known during preview" in waits.value.message.replace("tags..", "tags.")


def test_the_pack_installs_the_versions_that_were_tested() -> None:
    def pins(file: Path) -> set[str]:
        lines = file.read_text(encoding="utf-8").splitlines()
        return {line.split()[0].lower() for line in lines if "==" in line and not line.startswith("#")}

    description = yaml.safe_load((_PACK / "PulumiPolicy.yaml").read_text(encoding="utf-8"))

    assert "python" == description["runtime"]["name"]
    assert "-e ../.." in (_PACK / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert pins(_ROOT / "infra/requirements.txt") < pins(_PACK / "requirements.txt")
    assert pins(_PACK / "requirements.txt") <= pins(_ROOT / "requirements/infra.txt")
