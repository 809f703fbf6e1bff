"""`corridor audit`: prove the audit log against its seals, offline (invariant 11)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.running import data_folder, operator_archive, operator_database_url
from shared.adapters.postgres_audit_book import open_audit_book
from shared.audit.proof import Proof, prove

_SHOWN = 50


@click.group("audit")
def command() -> None:
    """Prove who did what, when and why: the audit log and its seals."""


@command.command("verify")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def verify(data: Path | None, *, as_json: bool) -> None:
    r"""
    Recompute the chain over every sealed row and hold it against the seals in write-once storage.

    Needs the ledger (read only) and the archive, no running Corridor. Names each row that was changed, deleted or
    inserted and each seal that was changed or removed, and says how much is not sealed yet and since when.
    Exit 0 when nothing is found, 1 otherwise. In Azure set CORRIDOR_OPERATOR_DATABASE_URL and CORRIDOR_ARCHIVE_URL.

    \b
    Example:
      corridor audit verify
    """
    folder = data_folder(data)
    archive = operator_archive(folder)
    with open_audit_book(operator_database_url(folder)) as book:
        proof = prove(book, archive.get)
    click.echo(json.dumps(_as_json(proof), indent=2) if as_json else _as_text(proof))
    sys.exit(1 if proof.findings else 0)


def _as_json(proof: Proof) -> dict[str, object]:
    oldest = proof.tail.oldest
    return {
        "sealedRows": proof.rows,
        "batches": proof.batches,
        "root": proof.root.hex(),
        "unsealedRows": proof.tail.rows,
        "unsealedSince": oldest.astimezone(UTC).isoformat() if oldest else None,
        "findings": [{"rule": finding.rule, "subject": finding.subject} for finding in proof.findings],
    }


def _as_text(proof: Proof) -> str:
    lines = [f"  {finding.rule}: {finding.subject}" for finding in proof.findings[:_SHOWN]]
    if len(proof.findings) > _SHOWN:
        lines.append(f"  and {len(proof.findings) - _SHOWN} more")
    verdict = "is NOT what was sealed" if proof.findings else "is what was sealed"
    tail = f"{proof.tail.rows} rows are not sealed yet"
    if proof.tail.oldest is not None:
        age = datetime.now(UTC) - proof.tail.oldest
        tail += f", the oldest for {age.total_seconds():.0f} s"
    return "\n".join(
        [
            *lines,
            f"The audit log {verdict}: {proof.rows} rows in {proof.batches} batches; {tail}.",
            f"Root {proof.root.hex()}",
        ]
    )
