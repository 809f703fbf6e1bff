import subprocess
import sys

import pytest

from cli.registry import COMMANDS


def test_help_lists_every_command_with_its_line(corridor) -> None:
    shown = corridor("--help").output

    assert [] == [name for name, entry in COMMANDS.items() if f"{name} " not in shown or entry.summary not in shown]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(corridor, name: str) -> None:
    shown = corridor(name, "--help")

    assert 0 == shown.exit_code
    assert f"Usage: corridor {name}" in shown.output.replace("application", "corridor")


def test_examples_stand_on_lines_of_their_own(corridor) -> None:
    lines = corridor("infra", "preview", "--help").output.splitlines()

    assert any(line.strip().startswith("corridor infra preview --stack prod --cost") for line in lines)
    assert [] == [name for name in COMMANDS if "\\b" in corridor(name, "--help").output]


def test_help_imports_no_command_and_nothing_heavy() -> None:
    program = (
        "import sys; from cli.application import application\n"
        "try: application(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('azure', 'httpx', 'psycopg', 'orjson', 'yaml', 'cli.commands')\n"
        "print('loaded:', [name for name in sys.modules if name.startswith(heavy)])"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "loaded: []" == run.stdout.splitlines()[-1]


def test_an_unknown_command_is_wrong_usage(corridor) -> None:
    assert 2 == corridor("levitate").exit_code


def test_an_expected_error_is_one_line_and_exit_1(tmp_path) -> None:
    (tmp_path / "result.hl7").write_text("MSH|^~\\&|")
    send = ["send", "--partner", "lab", "--api-url", "http://127.0.0.1:9", "--token-url", "http://127.0.0.1:9"]
    access = ["--scope", "s", "--client-id", "c", "--client-secret", "not-a-secret"]

    run = subprocess.run(
        [sys.executable, "-m", "cli", *send, *access, str(tmp_path / "result.hl7")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == run.returncode
    assert 1 == len(run.stderr.splitlines())
    assert run.stderr.startswith("corridor: not-reachable: http://127.0.0.1:9: ConnectError")
