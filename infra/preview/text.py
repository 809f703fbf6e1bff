"""An examination for people: a tree of components with what becomes of each resource, counts, and findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from infra.engine.resources import STACK_TYPE, Resource, name_of, type_of
from infra.engine.run import Run
from infra.engine.steps import Change, Step
from infra.engine.wire import UNKNOWN, leaves
from infra.preview.examination import Examination
from infra.rules import Severity

_WIDTH = 119
_FATE = {
    Change.CREATE: "to create",
    Change.SAME: "unchanged",
    Change.UPDATE: "to update",
    Change.REPLACE: "to replace",
    Change.DELETE: "to delete",
    Change.FORGET: "to leave to Azure",
}
_SIGN = {
    Change.CREATE: "+",
    Change.SAME: " ",
    Change.UPDATE: "~",
    Change.REPLACE: "±",
    Change.DELETE: "-",
    Change.FORGET: "?",
}


def as_text(examination: Examination) -> str:
    """Return the whole report, a line per component, kind and finding."""
    plan = examination.plan
    parts = [tree(plan), changes(plan), counts(plan), findings(examination)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def tree(plan: Run) -> list[str]:
    """Return the components with their resources, those of one kind and one fate on one line."""
    children: dict[str, list[Resource]] = defaultdict(list)
    for resource in plan.resources:
        children[resource.parent].append(resource)
    fates = {step.urn: step.change for step in plan.steps}
    root = plan.place.root
    return [f"{plan.place.project} {plan.place.stack}", *_branches(root, children, fates, "")]


def changes(plan: Run) -> list[str]:
    """Return what differs in each resource that is neither new nor the same."""
    shown = [step for step in plan.steps if step.change not in (Change.CREATE, Change.SAME) or step.former]
    return [line for step in shown for line in _change(step)]


def counts(plan: Run) -> list[str]:
    """Return how many resources meet which fate, how many there are of each kind, and what is not known yet."""
    fates = Counter(step.change for step in plan.steps if not _is_component(step.urn))
    kinds = Counter(resource.kind for resource in plan.resources if resource.custom)
    unknown = sum(leaf == UNKNOWN for resource in plan.resources for _, leaf in leaves(dict(resource.inputs)))
    said = ", ".join(f"{fates[change]} {_FATE[change]}" for change in Change if fates[change])
    rows = [f"{count:5}  {kind}" for kind, count in sorted(kinds.items())]
    return [f"{sum(kinds.values())} resources: {said}; {unknown} inputs are known only afterwards", *rows]


def findings(examination: Examination) -> list[str]:
    """Return the findings, most severe first, and the verdict."""
    lines = []
    for finding in examination.findings:
        place = " ".join(part for part in (_name(finding.urn), finding.path) if part)
        text = f"{finding.severity:7}  {finding.rule}: {place}: {finding.text}"
        lines += wrap(text, _WIDTH, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False)
    counted = Counter(finding.severity for finding in examination.findings)
    schema = examination.schema
    said = ", ".join(f"{counted[severity]} {severity}s" for severity in Severity)
    total = schema.checked + schema.unchecked
    return [*lines, f"Findings: {said}; {schema.checked} of {total} resources checked against Azure's schemas"]


def _branches(
    urn: str, children: Mapping[str, Sequence[Resource]], fates: Mapping[str, Change], indent: str
) -> Iterator[str]:
    inner = children.get(urn, ())
    grouped: dict[tuple[str, Change], list[str]] = defaultdict(list)
    for resource in inner:
        if resource.custom:
            grouped[resource.kind, fates[resource.urn]].append(resource.name)
    for (kind, change), names in sorted(grouped.items()):
        count = f" ({len(names)})" if len(names) > 1 else ""
        text = f"{indent}  {_SIGN[change]} {kind}{count}  {', '.join(sorted(names))}"
        yield from wrap(
            text, _WIDTH, subsequent_indent=f"{indent}      ", break_long_words=False, break_on_hyphens=False
        )
    for component in (resource for resource in inner if not resource.custom):
        yield f"{indent}  {component.type.rpartition(':')[2]} {component.name}"
        yield from _branches(component.urn, children, fates, f"{indent}  ")


def _change(step: Step) -> Iterator[str]:
    if _is_component(step.urn) and not step.former:
        return
    renamed = f" (was {_name(step.former)})" if step.former else ""
    yield f"{_SIGN[step.change]} {step.change} {_name(step.urn)}{renamed}"
    for path in step.paths:
        yield f"      {path}" + (" cannot be changed in place" if path in step.fixed else "")


def _name(urn: str) -> str:
    if not urn:
        return ""
    kind = type_of(urn)
    return "the stack" if kind == STACK_TYPE else f"{kind.removeprefix('azure-native:')} {name_of(urn)}"


def _is_component(urn: str) -> bool:
    return type_of(urn).startswith(("corridor:", "pulumi:pulumi:"))
