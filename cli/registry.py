"""Every command of `corridor`: its module is imported only when it runs."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a command lives (its module holds it as `command`), and its line in `corridor --help`."""

    module: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "audit": Entry("cli.commands.audit", "Prove the audit log against its seals."),
    "bench": Entry("cli.commands.bench", "Print the performance tables."),
    "convert": Entry("cli.commands.convert", "Convert files or folders of messages, offline."),
    "demo": Entry("cli.commands.demo", "Live through a hospital's day on this machine and judge it."),
    "drop": Entry("cli.commands.drop", "Put a file where a partner would, and see what becomes of it."),
    "halt": Entry("cli.commands.halt", "Halt a partner, a destination or a flow; say what is halted."),
    "infra": Entry("cli.commands.infra", "Preview the landing zone without Azure."),
    "hold": Entry("cli.commands.hold", "Keep what would be disposed of; let it go; say what is held."),
    "quarantine": Entry("cli.commands.quarantine", "See what waits for a decision; release, fix or discard it."),
    "reconcile": Entry("cli.commands.reconcile", "Prove that nothing is lost: both books, in one snapshot."),
    "replay": Entry("cli.commands.replay", "Plan, approve and run what is sent again, or fed to a newcomer."),
    "resume": Entry("cli.commands.resume", "Resume what was halted."),
    "send": Entry("cli.commands.send", "Post messages to a running Corridor as a partner would."),
    "soak": Entry("cli.commands.soak", "Send traffic under faults, and judge it from outside."),
    "test": Entry("cli.commands.test", "Check everything, as CI does."),
    "thresholds": Entry("cli.commands.thresholds", "See and tune the limits that ops watches."),
    "trace": Entry("cli.commands.trace", "Follow one message through every hop, by any id."),
    "up": Entry("cli.commands.up", "Start the whole platform on this machine and stay."),
    "validate": Entry("cli.commands.validate", "Check FHIR resources and bundles, and HL7 v2 messages."),
    "version": Entry("cli.commands.version", "Print the version."),
}
