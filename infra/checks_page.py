"""
`docs/infra-checks.md`, made from the checks, their exemptions and the verdicts on Azure's policies.

    python -m infra.checks_page > docs/infra-checks.md
"""

from __future__ import annotations

import sys

from infra.policy.second_opinion import EXEMPT
from infra.policy.verdicts import VERDICTS, Verdict
from infra.rules.checks import CHECKS
from infra.rules.checks.check import Check
from infra.rules.checks.exemptions import EXEMPTIONS, Exemption

_HEAD = """# Checks of the landing zone

78 checks that others have found worth making, each a named rule of `infra/rules/checks`. `corridor infra preview` \
runs them on every stack; `infra/policy_pack` offers the same list to the Pulumi CLI (`pulumi preview --policy-pack \
infra/policy_pack`). A test seeds a violation of each and sees it found. This page is made by `python -m \
infra.checks_page > docs/infra-checks.md`, and a test compares it.

The ids are those of PSRule for Azure (AZR), of checkov (CKV) and, as eight hex digits, the beginning of an Azure \
Policy definition's id. A check without one is ours alone. Where a wider rule of `infra/rules` finds it already, the \
preview says it once, under that rule's name.
"""

_EXEMPT = """
## Exemptions

Where a check need not hold (`infra/rules/checks/exemptions.py`). One that nothing needs any more fails a test.
"""

_VERDICTS = """
## Azure's own policies

What Corridor makes of the built-in definitions in the initiatives HITRUST/HIPAA, HITRUST CSF v11.3 and Microsoft \
cloud security benchmark (v1, v2) that are about resources like ours. Where the definitions lie beside the checkout, \
a test evaluates each on what every stack would send (`infra/policy`): *enforced* ones find nothing in any stack, \
*exempt* ones find something in one at least. It is a signal, and no evidence of compliance: aliases are followed by \
a heuristic, and most policies about web apps leave function apps out.
"""


_SECOND = """
## What checkov finds

`./corridor test --all` asks checkov too, on the ARM rendering of every stack, in an environment of its own. What it \
finds, in some stack, and why it may (`infra/policy/second_opinion.py`); anything else fails the test.
"""


def render_page() -> str:
    """Return the page: checks, exemptions, verdicts, and what a second opinion says."""
    checks = [_check(check) for check in CHECKS]
    exempt = [_exemption(each) for each in EXEMPTIONS]
    verdicts = [_verdict(each) for each in sorted(VERDICTS, key=lambda each: (each.outcome, each.id))]
    parts = [
        _HEAD,
        *("| # | check | what holds | known as |", "|---|---|---|---|", *checks),
        _EXEMPT,
        *("| check | resource | where | why |", "|---|---|---|---|", *exempt),
        _VERDICTS,
        *("| definition | outcome | about | why |", "|---|---|---|---|", *verdicts),
        _SECOND,
        *("| check | why |", "|---|---|", *(f"| {check} | {reason} |" for check, reason in EXEMPT.items())),
    ]
    return "\n".join([*parts, ""])


def _check(check: Check) -> str:
    return f"| {check.number} | `{check.name}` | {check.sentence} | {' '.join(check.ids)} |"


def _exemption(each: Exemption) -> str:
    where = "everywhere" if each.everywhere else "below production"
    return f"| `{each.check}` | `{each.resource}` | {where} | {each.reason} |"


def _verdict(each: Verdict) -> str:
    outcome = f"{each.outcome} when {each.when}" if each.when else each.outcome
    return f"| `{each.id[:8]}` | {outcome} | {each.about} | {each.reason} |"


if __name__ == "__main__":
    sys.stdout.write(render_page())
