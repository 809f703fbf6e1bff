"""Everything that is found out about a stack without Azure: the plan, what it leads to, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.engine.run import Program, Run, preview, up
from infra.engine.state import State
from infra.engine.steps import Change, Step
from infra.rules import Finding, Severity, findings_of
from infra.schema.verdict import Verdict, authorities, judge


@dataclass(frozen=True)
class Examination:
    """
    One stack's preview: `plan` ran with unknowns, `result` as an `up` that ends well would.

    `findings` are ordered by severity; the preview is clean when none of them is an error.
    """

    plan: Run
    result: Run
    schema: Verdict
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Tell whether nothing stands in the way of an `up`."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def examine(program: Program, prior: State | None = None, types: Path | None = None) -> Examination:
    """Run the program both ways, against the state `prior`, and judge it; ProgramError if it fails."""
    state = prior or State()
    with ThreadPoolExecutor(2) as both:
        planned, done = both.submit(preview, program, state), both.submit(up, program, state)
        plan, result = planned.result(), done.result()
    schema = judge(result.resources, authorities(types))
    found = [*_unplanned(plan, result), *_guarded(plan.steps), *schema.findings, *findings_of(result.resources)]
    order = list(Severity)
    found.sort(key=lambda each: (order.index(each.severity), each.rule, each.urn, each.path, each.text))
    return Examination(plan, result, schema, tuple(found))


def _unplanned(plan: Run, result: Run) -> Iterator[Finding]:
    shown = {resource.urn for resource in plan.resources}
    for resource in result.resources:
        if resource.urn not in shown:
            text = "is registered inside an apply: no preview can show it"
            yield Finding("unplanned", Severity.ERROR, resource.urn, "", text)


def _guarded(steps: Sequence[Step]) -> Iterator[Finding]:
    for step in steps:
        if step.guarded and step.change in (Change.DELETE, Change.REPLACE):
            because = f" ({', '.join(step.fixed)} cannot be changed in place)" if step.fixed else ""
            text = f"is protected and would be {step.change}d{because}: keep it, or remove the protection first"
            yield Finding("protected", Severity.ERROR, step.urn, "", text)
