"""
The conformance report of a message: what breaks the standard, what it only advises against, what was not checked.

Checked are the reading itself, the structure (segments, groups, cardinality, order), required and repeating fields and
components, the forms of numbers and times, the codes of tables, and a partner's own rules. Not checked are lengths
(unless a partner's rules state them), conditions that the standard has in words only, and tables before 2.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.batch import read_batch
from shared.formats.hl7v2.conformance.fields import FieldChecker
from shared.formats.hl7v2.conformance.findings import Findings
from shared.formats.hl7v2.conformance.placement import check_structure
from shared.formats.hl7v2.conformance.profiles import check_rules
from shared.formats.hl7v2.conformance.rules import Rule
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import DEFAULT_LIMITS, Limits, parse
from shared.formats.hl7v2.structures import FALLBACK_VERSION, Definitions, definitions_of, structure_of


def check_payload(
    payload: bytes,
    *,
    default_charset: str | None = None,
    rules: Sequence[Rule] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[tuple[int, tuple[Issue, ...]]]:
    """
    Yield item number and report of every message in a file; what concerns the batch itself comes last, as item 0.

    A message that cannot be read has one fatal issue; the others go on. RejectedError `too-large` and
    `too-many-messages` when the file as a whole is beyond the limits.
    """
    batch = read_batch(payload, limits=limits)
    for item in batch.items:
        try:
            message = parse(item.payload, default_charset=default_charset, limits=limits)
            yield item.number, check(message, rules)
        except RejectedError as error:
            yield item.number, (Issue("fatal", "structure", error.code, error.location, error.text),)
    if batch.issues:
        yield 0, batch.issues


def check(message: Message, rules: Sequence[Rule] = ()) -> tuple[Issue, ...]:
    """Return the conformance report of one message; RejectedError `too-many-repetitions` when it is absurd."""
    findings = Findings()
    findings.issues += message.issues
    definitions = _definitions(message, findings)
    _structure(message, definitions, findings)
    checker = FieldChecker(definitions, findings)
    for segment in message.segments:
        checker.check(segment)
    check_rules(message, rules, findings)
    found = Findings()
    if not any(rule.length for rule in rules):
        found.observe("lengths-not-checked", "", "Lengths are not checked: the tables of the versions state none.")
    if not definitions.has_tables:
        text = f"Codes are not checked: no tables are known for version {definitions.version}."
        found.observe("tables-not-checked", "", text)
    return findings.closed() + found.closed()


def _definitions(message: Message, findings: Findings) -> Definitions:
    definitions = definitions_of(message.version)
    if definitions is None:
        if message.version:
            text = f"No such version is known; checked against {FALLBACK_VERSION}."
            findings.observe("version-unknown", "MSH-12", text)
        definitions = definitions_of(FALLBACK_VERSION)
    assert definitions is not None  # noqa: S101 - the fallback is one of the versions
    return definitions


def _structure(message: Message, definitions: Definitions, findings: Findings) -> None:
    sent = message.header.text(9, 3)
    expected = structure_of(message.code, message.event, version=definitions.version)
    name = sent if definitions.has_structure(sent) else expected
    grammar = definitions.structure(name)
    if grammar is None:
        text = f"Version {definitions.version} defines no structure for this message type; its segments are checked."
        findings.observe("structure-unknown", "MSH-9", text)
        return
    if sent and sent != expected and definitions.has_structure(expected):
        findings.observe("structure-differs", "MSH-9.3", f"Version {definitions.version} gives this event {expected}.")
    check_structure(message.segments, grammar, definitions, findings)
