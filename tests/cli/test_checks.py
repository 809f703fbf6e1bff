import sys
from pathlib import Path

import pytest

from cli.checks import Stage, run_stages, stages


def this_python(stage: Stage) -> Path:
    return Path(sys.executable).parent


def python(program: str) -> tuple[str, ...]:
    return (Path(sys.executable).name, "-c", program)


def test_a_failed_stage_does_not_stop_the_later_ones(capfd: pytest.CaptureFixture[str]) -> None:
    wanted = [
        Stage("first", (python("raise SystemExit(5)"), python("print('never')"))),
        Stage("second", (python("print('still runs')"),)),
    ]

    code = run_stages(wanted, this_python)

    shown = capfd.readouterr().out
    assert 1 == code
    assert (True, False) == ("still runs" in shown, "never" in shown)
    assert "1 stages passed, 1 failed" == shown.splitlines()[-1]


def test_all_passed_is_exit_0(capfd: pytest.CaptureFixture[str]) -> None:
    assert 0 == run_stages([Stage("only", (python("pass"),))], this_python)
    assert "1 stages passed" == capfd.readouterr().out.splitlines()[-1]


def test_no_test_at_all_is_a_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    none = Stage("tests", (("pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", str(tmp_path)),))

    assert 1 == run_stages([none], this_python)
    assert "failed" in capfd.readouterr().out


def test_the_stages_of_ci_in_their_order() -> None:
    names = [stage.name for stage in stages()]

    assert ["ruff check", "ruff format", "mypy", "import floors", "tests", "coverage"] == names[:6]


def test_every_branch_of_the_mappings_is_asked_for_and_nearly_all_others() -> None:
    coverage = next(stage for stage in stages() if stage.name == "coverage")

    assert [
        ("coverage", "report", "--fail-under=95"),
        ("coverage", "report", "--include=shared/mapping/*,shared/terminology/*", "--fail-under=100"),
    ] == list(coverage.commands[1:])


@pytest.mark.parametrize(("everything", "selected"), [(False, False), (True, True)])
def test_long_tests_run_only_when_asked_for(everything: bool, selected: bool) -> None:
    tests = next(stage for stage in stages(everything=everything) if stage.name == "tests")

    assert selected == ("long or not long" in tests.commands[-1])


@pytest.mark.parametrize(("everything", "needs"), [(False, ()), (True, ("checkers",))])
def test_a_second_opinion_on_infra_is_installed_for_the_long_tests_alone(
    everything: bool, needs: tuple[str, ...]
) -> None:
    (infra,) = (stage for stage in stages(everything=everything) if stage.name == "tests infra")

    assert needs == infra.needs
