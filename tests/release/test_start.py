"""The pipeline starts a job through Azure's command line, waits for it, and knows what ran before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from release.start import AzureError, azure, main

ROOT = Path(__file__).parents[2]
PLACE = ("--resource-group", "corridor-dev-platform", "--name", "corridor-dev-deploy")


class Azure:
    """Azure's command line with one job, whose execution passes through `statuses`."""

    def __init__(self, *statuses: str, image: str = "registry.example/corridor:before") -> None:
        self.statuses, self.image = list(statuses), image
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> Any:
        self.asked.append(arguments)
        if "execution" in arguments:
            return {"properties": {"status": self.statuses.pop(0) if self.statuses[1:] else self.statuses[0]}}
        if "start" in arguments:
            return {"name": "one-run"}
        if "show" in arguments:
            return {"properties": {"template": {"containers": [{"image": self.image}]}}}
        return None


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    file = tmp_path / "outputs.json"
    content = {
        "group": "corridor-dev-platform",
        "images": "registry.example",
        "jobs": {"deploy": "corridor-dev-deploy"},
    }
    file.write_text(json.dumps(content))
    return file


def run(az: Any, outputs: Path, *more: str, job: str = "deploy") -> int:
    return main(["--outputs", str(outputs), "--job", job, *more], az, lambda _: None)


def test_a_job_runs_the_image_of_its_release_from_now_on(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    az = Azure("Running", "Succeeded")

    assert 0 == run(az, outputs, "--release", "new")
    assert "previous=before\n" == capsys.readouterr().out
    assert ("containerapp", "job", "update", *PLACE, "--image", "registry.example/corridor:new") in az.asked
    assert ("containerapp", "job", "start", *PLACE) in az.asked


def test_before_the_first_release_there_is_nothing_to_go_back_to(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Azure("Succeeded", image="mcr.microsoft.com/k8se/quickstart-jobs:latest"), outputs, "--release", "new")

    assert "previous=\n" == capsys.readouterr().out


def test_without_a_release_the_job_runs_what_it_ran(outputs: Path) -> None:
    az = Azure("Succeeded")

    assert 0 == run(az, outputs)
    assert not [asked for asked in az.asked if "update" in asked]


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Degraded", "Running"])
def test_a_job_that_does_not_succeed_fails_the_step(outputs: Path, status: str) -> None:
    assert 1 == run(Azure(status), outputs)


def test_a_job_that_the_stack_does_not_have_is_named(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(Azure("Succeeded"), outputs, job="sweep")
    assert "no outputs of a stack with the job sweep" in capsys.readouterr().err


def fake_az(folder: Path, script: str) -> dict[str, str]:
    tool = folder / "az"
    # By a shell: the kernel takes no interpreter whose path has a blank.
    (folder / "az.py").write_text(f"import sys\n{script}\n")
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/az.py" "$@"\n')
    tool.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("sys.stderr.write('ERROR: first\\nERROR: not allowed\\n'); sys.exit(1)", 2, "ERROR: not allowed"),
        ("sys.exit(3)", 2, "az ended with 3"),
    ],
)
def test_what_azure_refuses_is_told(outputs: Path, tmp_path: Path, script: str, code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "release.start", "--outputs", str(outputs), "--job", "deploy"],
        cwd=ROOT,
        env=fake_az(tmp_path, script),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (code, True) == (done.returncode, said in done.stderr)


def test_azures_answers_are_read_as_json(tmp_path: Path) -> None:
    environ = fake_az(tmp_path, "print('{\"asked\": \"%s\"}' % ' '.join(sys.argv[1:]))")
    code = "from release.start import azure; print(azure('account', 'show')['asked'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )

    assert "account show --output json\n" == done.stdout
    assert issubclass(AzureError, Exception)
    assert callable(azure)
