"""
The checks as Pulumi's policies, for `pulumi preview --policy-pack infra/policy_pack`.

What a check says of one resource alone is asked before that resource is made; what it says of several, once all of
them are known. Nothing here starts a policy pack: that is `infra/policy_pack`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from infra.engine import azure
from infra.engine.resources import Resource
from infra.rules import Finding, Severity
from infra.rules.checks import CHECKS
from infra.rules.checks.check import Check

_COMPONENTS = ("corridor:", "pulumi:")


def policies() -> list[Policy]:
    """Return a mandatory policy for each check, in the order of their numbers."""
    return [_resource_policy(check) if check.is_about_each else _stack_policy(check) for check in CHECKS]


def _resource_policy(check: Check) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = _resource(args.urn, args.resource_type, args.name, args.props, protect=args.opts.protect)
        for found in check.findings([resource]):
            report(_text(found), args.urn)

    return ResourceValidationPolicy(check.name, _description(check), validate, EnforcementLevel.MANDATORY)


def _stack_policy(check: Check) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for found in check.findings([_registered(each) for each in args.resources]):
            if found.severity is Severity.ERROR:
                report(_text(found), found.urn or None)

    return StackValidationPolicy(check.name, _description(check), validate, EnforcementLevel.MANDATORY)


def _registered(each: PolicyResource) -> Resource:
    return _resource(
        each.urn,
        each.resource_type,
        each.name,
        each.props,
        protect=each.opts.protect,
        parent=each.parent.urn if each.parent else "",
    )


def _resource(
    urn: str, kind: str, name: str, props: Mapping[str, Any], *, protect: bool, parent: str = ""
) -> Resource:
    said = dict(props)
    custom = not kind.startswith(_COMPONENTS)
    identity = str(said.get("id") or azure.resource_id(urn, said)) if custom else ""
    return Resource(urn, kind, name, custom, said, parent=parent, protect=protect, id=identity, outputs=said)


def _description(check: Check) -> str:
    known = f" ({', '.join(check.ids)})" if check.ids else ""
    return f"{check.number}: {check.sentence}{known}"


def _text(found: Finding) -> str:
    return f"{found.path}: {found.text}" if found.path else found.text
