"""A checkout in which the catalogue has one flow more, so that infra can be seen to follow without an edit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.infra.recording import Stack

_ROOT = Path(__file__).parents[2]

SAMPLE_FLOW = """
SAMPLE = Flow(
    name="sample",
    sentence="registry -> Corridor -> register of files -> file that cannot be read becomes a review",
    steps=(
        Step("take-file", Tier.BATCH, FileDrop("registry", Queue("sample-take-file"), prefix="daily/")),
        Step("note-expiry", Tier.OPS, Facts(FactSource.VAULT, ("Microsoft.KeyVault.SecretNearExpiry",))),
        Step("note-outage", Tier.OPS, Facts(FactSource.HEALTH, ("Microsoft.ResourceNotifications.X",))),
        Step("count", Tier.REPORT, Queue("sample-count")),
        Step("follow", Tier.PROCESS, Queue("sample-follow", formerly=("sample-chase",))),
    ),
    owner="registry-desk",
    support="registry-desk@corridor.example",
    sla=timedelta(minutes=30),
    data_class=DataClass.PHI,
    criticality="high",
    retention=CLINICAL_MESSAGE,
)
"""


def copy_with_sample_flow(folder: Path) -> Path:
    """Return `folder`, made into a checkout whose catalogue has the sample flow too; infra is the same, untouched."""
    for name in ("infra", "partners", "tests"):
        (folder / name).symlink_to(_ROOT / name)
    (folder / "shared").mkdir()
    for entry in (_ROOT / "shared").iterdir():
        if entry.name not in {"catalog", "__pycache__"}:
            (folder / "shared" / entry.name).symlink_to(entry)
    shutil.copytree(_ROOT / "shared/catalog", folder / "shared/catalog", ignore=shutil.ignore_patterns("__pycache__"))
    page = folder / "shared/catalog/flows.py"
    text = page.read_text(encoding="utf-8")
    text = text.replace("from shared.catalog.model import (", f"{_IMPORT}\nfrom shared.catalog.model import (", 1)
    head, flows = re.split(r"(?=^FLOWS: )", text, maxsplit=1, flags=re.MULTILINE)
    page.write_text(f"{head}{SAMPLE_FLOW}\n\n{flows.replace('= (', '= (SAMPLE, ', 1)}", encoding="utf-8")
    return folder


def build(root: Path, stack: str, dials: dict[str, str]) -> Stack:
    """Build a stack of the checkout `root` from nothing, with some of its dials set otherwise."""
    finished = subprocess.run(
        [sys.executable, "-c", _BUILD, stack, json.dumps(dials)],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return Stack(stack, finished.stdout)


_BUILD = """
import json, sys
from infra.engine.run import up
from infra.engine.stacks import program_of
from tests.infra.recording import as_stack
print(as_stack(up(program_of(sys.argv[1], json.loads(sys.argv[2])))).output)
"""
_IMPORT = "from shared.catalog.model import Facts, FactSource, FileDrop"
