"""What each stage of the pipeline has used so far: CPU of its function in the host, bytes that it stored or sent."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.platform import BenchPlatform

_STAGES = {
    "accept": ("intake_receive_hl7v2", "payloads archived"),
    "process": ("lab_results_process", "bundles and coverage"),
    "deliver": ("delivery_send", "bodies archived and sent"),
}
_CONVERSIONS = """
    SELECT coalesce(sum(octet_length(bundle) + pg_column_size(coverage) + pg_column_size(issues)), 0) FROM conversion
"""
_LOG = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
_DATABASE = "SELECT pg_database_size(current_database())"


@dataclass(frozen=True, slots=True)
class Stages:
    """Counters: CPU milliseconds and calls per function, bytes per kind."""

    cpu: Counter[str]
    calls: Counter[str]
    stored: Counter[str]

    def __sub__(self, before: Stages) -> Stages:
        """Return what was used since `before`."""
        return Stages(self.cpu - before.cpu, self.calls - before.calls, self.stored - before.stored)

    def rows(self, messages: int) -> list[dict[str, object]]:
        """Return one row per stage, and one for the ledger as a whole, per message."""
        rows: list[dict[str, object]] = [
            {
                "stage": stage,
                "function CPU ms": round(self.cpu[function] / messages, 2),
                "calls": round(self.calls[function] / messages, 2),
                "bytes": round(self.stored[stage] / messages),
                "of": kind,
            }
            for stage, (function, kind) in _STAGES.items()
        ]
        for kind in ("write-ahead log", "ledger, indexes included"):
            empty = {"function CPU ms": "", "calls": ""}
            rows.append({"stage": "ledger", **empty, "bytes": round(self.stored[kind] / messages), "of": kind})
        return rows


def stages(platform: BenchPlatform) -> Stages:
    """Read the host's log, the archive's folders and the ledger's sizes."""
    cpu: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    layout = platform.platform.layout
    for call in _calls(layout.folder("logs") / "functions-host.log"):
        cpu[call["function"]] += call["cpu_ms"]
        calls[call["function"]] += 1
    archive = layout.folder("archive")
    stored = Counter(
        {
            "accept": _bytes_below(archive / "received"),
            "process": _number(platform, _CONVERSIONS),
            "deliver": _bytes_below(archive / "sent"),
            "write-ahead log": _number(platform, _LOG),
            "ledger, indexes included": _number(platform, _DATABASE),
        }
    )
    return Stages(cpu, calls, stored)


def _calls(log: Path) -> list[dict[str, Any]]:
    with log.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if '"message":"Executed"' in line]


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _number(platform: BenchPlatform, statement: str) -> int:
    return int(platform.query(statement)[0][0])
