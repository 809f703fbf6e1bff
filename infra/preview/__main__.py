"""
Run the Pulumi program of a stack without Azure and say what it would build, what is wrong with it, what it costs.

Exit codes: 0 nothing stands in the way, 1 an error was found or the program failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.cost import estimate
from infra.engine.run import ProgramError
from infra.engine.stacks import UnknownStackError, program_of
from infra.engine.state import State, StateError, read_state, write_state
from infra.preview.as_json import as_json
from infra.preview.examination import Examination, examine
from infra.preview.text import as_text

_USAGE, _FAILED = 2, 1


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        changes = dict(_pair(each) for each in options.config)
        references = {name: read_state(Path(file)) for name, file in map(_pair, options.reference)}
        prior = read_state(options.state) if options.state else State()
        program = program_of(options.stack, changes, references)
        found = examine(program, prior, options.types)
    except (UnknownStackError, StateError, argparse.ArgumentTypeError) as error:
        return _complain(error, _USAGE)
    except (ProgramError, ValueError) as error:
        return _complain(error, _FAILED)
    try:
        _write(options, found)
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}", _USAGE)
    return 0 if found.clean else _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="corridor infra preview", description="Preview a stack without Azure.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--types", type=Path)
    parser.add_argument("--config", action="append", default=[])
    parser.add_argument("--reference", action="append", default=[])
    return parser


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: write it as NAME=VALUE")
    return key, value


def _write(options: argparse.Namespace, found: Examination) -> None:
    sys.stdout.write(as_text(found))
    if options.cost:
        sys.stdout.write("\n" + estimate.as_text(options.stack, estimate.estimate(found.result.resources)))
    if options.json:
        text = json.dumps(as_json(found.result.resources), indent=1, sort_keys=True)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.save:
        write_state(found.result.state, options.save)


def _complain(error: Exception | str, code: int) -> int:
    sys.stderr.write(f"corridor: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
