"""
The checks as Pulumi's policies, for `pulumi preview --policy-pack infra/policy_pack`.

What a check says of one resource alone is asked before that resource is made; what it says of several, once all of
them are known. A preview knows no id of what does not exist yet: a finding that may come of that is not reported, and
the command line says instead that the policy waits for the `up`. Nothing here starts a policy pack: that is
`infra/policy_pack`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from pulumi_policy.proxy import UnknownValueError

from infra.engine import azure
from infra.engine.resources import Resource
from infra.engine.wire import UNKNOWN, leaves
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
        for found in _certain(check.findings([resource]), [resource]):
            report(_text(found), args.urn)

    return ResourceValidationPolicy(check.name, _description(check), validate, EnforcementLevel.MANDATORY)


def _stack_policy(check: Check) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_registered(each) for each in args.resources]
        errors = [found for found in check.findings(resources) if found.severity is Severity.ERROR]
        for found in _certain(errors, resources):
            report(_text(found), found.urn or None)

    return StackValidationPolicy(check.name, _description(check), validate, EnforcementLevel.MANDATORY)


def _certain(found: Iterable[Finding], resources: Iterable[Resource]) -> list[Finding]:
    findings = list(found)
    for resource in resources if findings else ():
        unknown = next((path for path, value in leaves(resource.inputs) if value == UNKNOWN), None)
        if unknown is not None:
            raise UnknownValueError(UNKNOWN, [resource.name, unknown])
    return findings


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
    said = _plain(props)
    custom = not kind.startswith(_COMPONENTS)
    identity = str(said.get("id") or azure.resource_id(urn, said)) if custom else ""
    return Resource(urn, kind, name, custom, said, parent=parent, protect=protect, id=identity, outputs=said)


def _plain(value: Any) -> Any:
    # The command line hands over views of its own, which are no lists and raise where a value is unknown.
    if isinstance(value, Mapping):
        return {key: _at(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_at(value, index) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _at(within: Any, key: Any) -> Any:
    try:
        return _plain(within[key])
    except UnknownValueError:
        return UNKNOWN


def _description(check: Check) -> str:
    known = f" ({', '.join(check.ids)})" if check.ids else ""
    return f"{check.number}: {check.sentence}{known}"


def _text(found: Finding) -> str:
    return f"{found.path}: {found.text}" if found.path else found.text
