"""Offline conversion of files: one file at a time, a failure never stops the others, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.fhir_to_hl7v2 import written_messages
from cli.files import Source, detect_format, write_bytes, write_result
from cli.hl7v2_validation import in_message
from cli.parallel import on_all_cores
from shared.errors import IntegrationError, Issue

if TYPE_CHECKING:
    from shared.conversion import Conversion
    from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
    from shared.partners.hl7v2_writing import WritingPreferences
    from shared.partners.profile import PartnerProfile

# For a file that states no time of its own: plainly not a time at which anything was received.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

# Where MSH-7 lies among the split fields (MSH-1 is the separator itself), and MSH-2's first character in the header.
_MSH_7, _MSH_2 = 6, 4

SUPPORTED = (("hl7v2", "fhir"), ("fhir", "hl7v2"))


@dataclass(frozen=True, slots=True)
class Job:
    """How to convert: from which format (None: detect), to which, by which partner's conventions, where to."""

    source: str | None
    to: str
    profile: PartnerProfile | None
    coverage: bool
    out: Path | None
    bundle: BundleKind = "transaction"
    receiver: WritingPreferences | None = None
    message_type: str = ""


@dataclass(frozen=True, slots=True)
class Converted:
    """
    What became of one file.

    `content` is what came out of it; `outcome` the OperationOutcome of what did not, and `error` the same in a line.
    A batch may have both. `remark` is what the conversion warns of, in a line. `skipped` names the format of a file
    that was left alone.
    """

    source: Source
    content: Any = None
    coverage: Any = None
    outcome: Any = None
    error: str = ""
    remark: str = ""
    skipped: str = ""


def convert_all(files: Sequence[Source], job: Job) -> Iterator[Converted]:
    """Convert files on all cores, writing results to `job.out`; yield what became of each, in order."""
    return on_all_cores(partial(convert_to_folder, job=job), files)


def format_of(file: Source, wanted: str | None) -> str | None:
    """Return the format to read a file as: what was asked for, unless it lies in a folder and plainly is another."""
    detected = detect_format(file.path)
    return wanted if wanted and (file.is_named or detected in (None, wanted)) else detected


def convert_to_folder(file: Source, job: Job) -> Converted:
    """Convert one file of many and write the result, or the OperationOutcome, to its place."""
    source = format_of(file, job.source)
    # A folder of samples also holds read-me files and expected results: what is no message is not a failure.
    if source is None or (source, job.to) not in SUPPORTED:
        return Converted(file, skipped=source or "unknown")
    result = convert_file(file, source, job)
    assert job.out is not None  # noqa: S101 - several files always have a folder to go to
    if isinstance(result.content, bytes):
        write_bytes(job.out, file.name, ".hl7", result.content)
        result = replace(result, content=None)
    parts = {".json": result.content, ".coverage.json": result.coverage, ".error.json": result.outcome}
    for suffix, part in parts.items():
        if part is not None:
            write_result(job.out, file.name, suffix, part)
    return Converted(file, error=result.error, remark=result.remark)


def convert_file(file: Source, source: str, job: Job) -> Converted:
    """Return what one file converts to, and the OperationOutcome of what in it does not."""
    if source == "fhir":
        return _fhir_file(file, job)
    # Imported here: `corridor convert --help` and its usage errors need no mapping.
    from shared.formats.hl7v2.batch import read_batch
    from shared.validation import outcome

    assert (source, job.to) in SUPPORTED  # noqa: S101 - refused or skipped before
    conversions: list[Conversion] = []
    issues: list[Issue] = []
    remarks: list[Issue] = []
    try:
        batch = read_batch(file.path.read_bytes())
        messages = [item.payload for item in batch.items]
        for issue in batch.issues:
            (issues if issue.severity == "error" else remarks).append(issue)
    except (IntegrationError, OSError) as error:
        messages, issues = [], [*_issues_of(error)]
    for number, message in enumerate(messages, start=1):
        try:
            conversions += (made := list(_convert_message(message, job)))
        except Exception as error:  # noqa: BLE001 - one message must not stop the others
            issues += in_message(number, _issues_of(error)) if len(messages) > 1 else _issues_of(error)
        else:
            found = [issue for conversion in made for issue in conversion.issues]
            remarks += in_message(number, found) if len(messages) > 1 else found
    # A batch that says that it is empty converts to nothing, and well.
    is_something = bool(conversions) or not issues
    accounts = [_account_of(conversion) for conversion in conversions] if job.coverage and is_something else None
    bundles = [conversion.bundle for conversion in conversions] if is_something else None
    return Converted(
        file,
        content=bundles[0] if bundles and len(messages) == 1 else _collection(bundles),
        coverage=accounts[0] if accounts and len(messages) == 1 else accounts,
        outcome=outcome(issues) if issues else None,
        error=_in_a_line(issues),
        remark=_warnings_in_a_line(remarks),
    )


def _account_of(conversion: Conversion) -> dict[str, Any]:
    """Return what became of every field of a message, and what its conversion has to say."""
    account = conversion.coverage
    issues = [issue.as_fhir() for issue in conversion.issues]
    return {**account.counts(), "entries": account.as_dicts(), "issues": issues}


def _fhir_file(file: Source, job: Job) -> Converted:
    """Return the HL7 v2 messages of a FHIR file; its coverage is what they could not carry."""
    from shared.validation import outcome

    try:
        content, left = written_messages(file.path.read_bytes(), job.receiver, job.message_type)
    except Exception as error:  # noqa: BLE001 - one file must not stop the others
        issues = list(_issues_of(error))
        return Converted(file, outcome=outcome(issues), error=_in_a_line(issues))
    coverage = outcome(left) if job.coverage else None
    return Converted(file, content=content, coverage=coverage, remark=_warnings_in_a_line(left))


def _convert_message(message: bytes, job: Job) -> Iterator[Conversion]:
    from shared.conversion import convert

    received = stated_time(message)
    return convert(message, source="hl7v2", partner=job.profile, received=received, bundle=job.bundle)


def stated_time(payload: bytes) -> datetime:
    """
    Return the time that a message states for itself (MSH-7), as the instant of its receipt.

    An offline conversion has no receipt, and the same bytes must give the same bytes: neither the clock nor the
    file's own date may enter. A time without a zone counts as UTC; no time at all is 1970.
    """
    from shared.formats.hl7v2.times import read_moment

    start = payload.find(b"MSH")
    header = payload[start:].replace(b"\n", b"\r").split(b"\r", 1)[0].decode("latin-1") if start >= 0 else ""
    fields = header.split(header[3]) if len(header) > _MSH_2 else []
    text = fields[_MSH_7].split(header[_MSH_2])[0] if len(fields) > _MSH_7 else ""
    moment = read_moment(text) if text else None
    if moment is None:
        return NO_TIME
    clock = f"{moment.hour or '00'}:{moment.minute or '00'}:{min(moment.second or '00', '59')}"
    return datetime.fromisoformat(
        f"{moment.year}-{moment.month or '01'}-{moment.day or '01'}T{clock}{moment.zone or '+00:00'}"
    )


def _collection(bundles: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """Return the bundles of a batch as the entries of one collection, which has none where nothing was sent."""
    if bundles is None:
        return None
    entries = {"entry": [{"resource": bundle} for bundle in bundles]} if bundles else {}
    return {"resourceType": "Bundle", "type": "collection", **entries}


def _issues_of(error: Exception) -> tuple[Issue, ...]:
    if isinstance(error, IntegrationError):
        own = Issue("error", "processing", error.code, error.location, error.text)
        return getattr(error, "issues", ()) or (own,)
    # The text of an unforeseen error may hold patient data: its type and place must do.
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return (Issue("fatal", "exception", "unexpected-error", "", f"{type(error).__name__}{place}"),)


def _in_a_line(issues: list[Issue]) -> str:
    if not issues:
        return ""
    first = ": ".join(part for part in (issues[0].code, issues[0].location, issues[0].text) if part)
    return f"{first} (and {len(issues) - 1} more)" if len(issues) > 1 else first


def _warnings_in_a_line(issues: list[Issue]) -> str:
    return _in_a_line([issue for issue in issues if issue.severity != "information"])
