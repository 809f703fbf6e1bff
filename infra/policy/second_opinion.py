"""
checkov's opinion of a landing zone, on the ARM rendering of its resources: a second one, beside our own rules.

checkov reads neither Service Bus nor flexible servers nor Event Grid nor private endpoints nor diagnostics, and
compares words: what it says and is not so, or need not be so, is in `EXEMPT`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.schema.arm import ArmResource, as_template

_SECONDS = 600
_DIAL = "a dial of environments below production"

# What checkov finds in some stack, and why it may.
EXEMPT: Mapping[str, str] = {
    "CKV_AZURE_12": "corridor:flowLogDays says how long; production keeps a year",
    "CKV_AZURE_17": "docs/adr/0018: mutual TLS ends at the first door",
    "CKV_AZURE_36": "trusted services pass a storage firewall only where one writes there by its identity",
    "CKV_AZURE_42": f"purge protection is {_DIAL} (check vault-purge-protection)",
    "CKV_AZURE_78": "Flex Consumption has no ftpsState; FTP takes no password (check app-ftp-password)",
    "CKV_AZURE_87": "false: every other Defender plan is taken for that of Key Vault",
    "CKV_AZURE_110": f"purge protection is {_DIAL} (check vault-purge-protection)",
    "CKV_AZURE_135": "false: the default rule set 2.1 has the rule, checkov knows the older sets alone",
    "CKV_AZURE_166": "the pipeline alone pushes images, its own; quarantine would need a second scanner",
    "CKV_AZURE_173": "false: the text False, which Azure asks for, is taken for a yes",
    "CKV_AZURE_174": "where no other door stands before it, the gateway is the declared public door",
    "CKV_AZURE_206": "code and test data can be made again; the archive of production is GZRS (check storage-zones)",
    "CKV_AZURE_212": "Flex Consumption scales by itself; corridor:alwaysReady keeps instances warm",
    "CKV_AZURE_213": "apps without HTTP are watched by their queues (check app-health)",
    "CKV_AZURE_216": "the firewall's policy says Deny; checkov looks at the firewall itself",
    "CKV_AZURE_222": "where a flow hears facts, Event Grid alone comes in (infra/components/app_doors.py)",
    "CKV_AZURE_225": f"zones are {_DIAL} (check app-zones)",
    "CKV_AZURE_233": f"zones are {_DIAL}",
}
# Of these, what is found as long as some flow gives cause for it.
BY_FLOWS = frozenset({"CKV_AZURE_222"})


def second_opinion(
    checkov: Path, folder: Path, stacks: Mapping[str, Sequence[ArmResource]]
) -> dict[str, tuple[str, ...]]:
    """
    Return what the program `checkov` finds: by the check's id, the resources, as `stack type.name`.

    Templates are written below `folder`. CalledProcessError if checkov does not run, ValueError if it read nothing.
    """
    for stack, rendered in stacks.items():
        template = json.dumps(as_template(list(rendered)), indent=1)
        (folder / f"{stack}.json").write_text(template, encoding="utf-8")
    # It ends with 1 where it finds something: the answer tells.
    options = ("--framework", "arm", "--skip-download", "--output", "json", "--compact", "--quiet", "--soft-fail")
    done = subprocess.run(  # noqa: S603 - the program that our caller names
        [checkov, "--directory", folder, *options], capture_output=True, text=True, check=True, timeout=_SECONDS
    )
    return _found(json.loads(done.stdout))


def _found(answer: Any) -> dict[str, tuple[str, ...]]:
    if "results" not in answer:
        raise ValueError("checkov read no template: is there a resource in it?")
    found: dict[str, list[str]] = {}
    for failed in answer["results"]["failed_checks"]:
        stack = Path(failed["file_path"]).stem
        found.setdefault(failed["check_id"], []).append(f"{stack} {failed['resource']}")
    return {check: tuple(sorted(resources)) for check, resources in sorted(found.items())}
