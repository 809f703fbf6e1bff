from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.application import application

Corridor = Callable[..., Result]

ORU = (
    "MSH|^~\\&|LAB|RIVERSIDE|CORRIDOR|HUB|20240501103000-0500||ORU^R01^ORU_R01|{control_id}|P|2.5.1\r"
    "PID|1||TEST-0001^^^RIVERSIDE^MR||Example^Invented||19700101|F\r"
    "OBR|1||F-1^LAB|718-7^Hemoglobin^LN|||20240501100000|||||||||||||||20240501102900|||F\r"
    "OBX|1|NM|718-7^Hemoglobin^LN||13.5|g/dL^^UCUM|12-16|N|||F|||20240501100000\r"
)


@pytest.fixture
def corridor() -> Corridor:
    """The command line in this process: `corridor("convert", path)` returns exit code and output."""

    def run(*arguments: object, **environ: str) -> Result:
        return CliRunner().invoke(application, [str(argument) for argument in arguments], env=environ)

    return run


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "result.hl7"
    path.write_text(ORU.format(control_id="C-1"), newline="")
    return path
