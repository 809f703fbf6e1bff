import sys
from pathlib import Path

import pytest

from cli.checks import Stage, run_stages, stages
from cli.launcher.progress import SetupError


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


@pytest.mark.parametrize(("cores", "together"), [(1, True), (2, False)])
def test_two_stages_run_side_by_side_when_each_keeps_one_core_busy(
    tmp_path: Path, cores: int, together: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    # Each leaves its mark, and then looks for the other's: both see one only if neither waits for the other's end.
    meet = (
        f"import pathlib, time; room = pathlib.Path({str(tmp_path)!r}); (room / '{{}}').touch()\n"
        f"seen = [time.sleep(0.02) for _ in range({250 if together else 5}) if len(list(room.iterdir())) < 2]\n"
        "raise SystemExit(len(list(room.iterdir())) < 2)"
    )
    wanted = [Stage(name, (python(meet.format(name)),), cores=cores) for name in ("left", "right")]

    assert (0 if together else 1) == run_stages(wanted, this_python)
    assert f"left   {'passed' if together else 'failed'}" in capfd.readouterr().out


def test_a_stage_waits_for_the_one_whose_results_it_reads(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "written"
    wanted = [
        Stage("reads", (python(f"print(open({str(written)!r}).read())"),), after="writes"),
        Stage("writes", (python(f"open({str(written)!r}, 'w').write('all of it')"),)),
    ]

    assert 0 == run_stages(wanted, this_python)
    assert "== reads\nall of it\n== reads: passed" in capfd.readouterr().out


def test_a_stage_whose_environment_cannot_be_made_has_failed_and_the_others_run(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def tools(stage: Stage) -> Path:
        if stage.name == "broken":
            raise SetupError("the package index does not answer")
        return this_python(stage)

    assert 1 == run_stages([Stage("broken", ((),)), Stage("well", (python("print('still runs')"),))], tools)

    shown = capfd.readouterr()
    assert "corridor: the package index does not answer\n" == shown.err
    assert ("still runs" in shown.out, "broken  failed" in shown.out) == (True, True)


def test_coverage_is_read_after_the_tests_and_beside_those_of_infra() -> None:
    after = {stage.name: stage.after for stage in stages()}
    cores = {stage.name: stage.cores for stage in stages()}

    assert ("tests", "tests", "") == (after["coverage"], after["tests infra"], after["mypy infra"])
    assert ["tests"] == [name for name, wanted in cores.items() if wanted == 2]


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


@pytest.mark.parametrize(("everything", "and_what"), [(False, " and not long"), (True, "")])
def test_of_the_tests_of_infra_none_is_left_out_and_none_runs_twice(everything: bool, and_what: str) -> None:
    selected = [stage.commands[0][-1] for stage in stages(everything=everything) if stage.environment == "infra"]

    assert ["infra", f"not estates{and_what}", f"estates{and_what}"] == selected


@pytest.mark.parametrize(("everything", "needs"), [(False, ()), (True, ("checkers",))])
def test_a_second_opinion_on_infra_is_installed_for_the_long_tests_alone(
    everything: bool, needs: tuple[str, ...]
) -> None:
    (infra,) = (stage for stage in stages(everything=everything) if stage.name == "tests infra")

    assert needs == infra.needs
