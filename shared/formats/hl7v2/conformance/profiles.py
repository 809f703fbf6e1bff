"""A message against a partner's own rules."""

from __future__ import annotations

from collections.abc import Sequence

from shared.formats.hl7v2.conformance.findings import Findings
from shared.formats.hl7v2.conformance.rules import Rule
from shared.formats.hl7v2.message import MAX_REPETITIONS, Message, Repetition, Segment

# MSH-1 and MSH-2 are made of the separators themselves.
_ENCODING_CHARACTERS = 2
# As text has them, whatever the message declares.
_SEPARATORS = "^& "


def check_rules(message: Message, rules: Sequence[Rule], findings: Findings) -> None:
    """Report where the message breaks a rule; a rule on a field is one on every segment of that name."""
    by_name: dict[str, list[Segment]] = {}
    for segment in message.segments:
        by_name.setdefault(segment.name, []).append(segment)
    for rule in rules:
        segments = by_name.get(rule.segment, [])
        if rule.field:
            for segment in segments:
                _check_field(segment, rule, findings)
        elif rule.usage == "R" and not segments:
            findings.observe("profile-required", rule.place, "The partner's profile requires this segment.")
        elif rule.usage == "X" and segments:
            findings.observe("profile-not-allowed", segments[0].label, "The partner's profile excludes this segment.")


def _check_field(segment: Segment, rule: Rule, findings: Findings) -> None:
    location = segment.location(rule.field, component=rule.component)
    values = _values(segment, rule)
    if rule.usage == "R":
        for number in [number for number, text in values if not text] or ([] if values else [1]):
            place = segment.location(rule.field, number, rule.component)
            findings.observe("profile-required", place, "The partner's profile requires a value.")
    elif rule.usage == "X" and any(text for _, text in values):
        findings.observe("profile-not-allowed", location, "The partner's profile excludes a value.")
    for number, text in values:
        if rule.length is not None and len(text) > rule.length:
            place = segment.location(rule.field, number, rule.component)
            findings.observe("profile-too-long", place, f"The partner's profile allows {rule.length} characters.")


def _values(segment: Segment, rule: Rule) -> list[tuple[int, str]]:
    """
    Return the values by the number of their repetition, as long as they are read: escapes resolved, with separators.

    Repetitions of nothing but separators have none; those without the component that the rule is on have "".
    """
    separator = segment.delimiters.repetition
    raw = segment.raw(rule.field)
    if segment.name == "MSH" and rule.field <= _ENCODING_CHARACTERS:
        return [(1, raw)]
    parts = raw.split(separator, MAX_REPETITIONS) if separator else [raw]
    repetitions = [Repetition(part, segment.delimiters) for part in parts]
    return [
        (number, repetition.component(rule.component) if rule.component else repetition.text())
        for number, repetition in enumerate(repetitions, start=1)
        if repetition.text().strip(_SEPARATORS)
    ]
