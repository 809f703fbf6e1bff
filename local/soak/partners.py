"""The partner files of a soak: the repository's own, with shorter windows, and a destination that knows no keys."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from local.soak.disorder import PATIENCE_SECONDS

PLAIN: Final = "legacy-board"
PLAIN_SETTINGS: Final = ("LEGACY_BOARD_URL", "LEGACY_BOARD_TOKEN_URL")

_PLAIN_FILE = """\
# An old engine in the wards: it takes HL7 v2 and acts on whatever comes, as often as it comes.
name: legacy-board
title: Harbor General Hospital Ward Board
contact: boards@harbor.example
receives:
  events: ["encounter.*", patient.merged]
  consent: unless-denied
  endpoint:
    kind: hl7v2
    url-setting: LEGACY_BOARD_URL
    idempotent: false
    timeout-seconds: 5
    credential:
      kind: oauth2
      secret: legacy-board-client-secret
      client-id: corridor-legacy-board
      token-url-setting: LEGACY_BOARD_TOKEN_URL
      scope: api://harbor-ehr/.default
  hl7v2:
    version: "2.3.1"
    sending-application: CORRIDOR
    sending-facility: HARBOR
    receiving-application: BOARD
    receiving-facility: HARBOR
    authorities: { "urn:oid:2.16.840.1.113883.19.4.27": HARBOR }
"""

_WINDOW = re.compile(r"^(\s*coalesce-seconds:) *\d+", re.MULTILINE)
_SHORT_WINDOW_SECONDS = 2
_REORDERING = re.compile(r"^(\s*reorder-seconds:) *\d+", re.MULTILINE)


def write_partners(source: Path, folder: Path) -> Path:
    """
    Write the partner files of a soak into `folder` and return it; what was there before is replaced.

    Updates that may be coalesced wait two seconds at most and what came too early a minute, so that a short soak comes
    to its quiet.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    for file in folder.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        text = _WINDOW.sub(rf"\1 {_SHORT_WINDOW_SECONDS}", text)
        file.write_text(_REORDERING.sub(rf"\1 {PATIENCE_SECONDS}", text), encoding="utf-8")
    (folder / f"{PLAIN}.yaml").write_text(_PLAIN_FILE, encoding="utf-8")
    return folder
