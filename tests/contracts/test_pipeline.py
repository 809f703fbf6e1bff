"""The workflows name what exists: stacks, jobs, outputs, modules, files; they hold no secret and ask for no more."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.registry import COMMANDS
from infra.app_roles import PARTNER
from shared.authorization import PARTNER_ROLE

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
STACKS = ["dev", "test", "integration", "staging", "prod"]
# What the runner has, or what an action of the same job brings.
TOOLS = {"az", "docker", "echo", "jq", "pip", "pulumi", "sudo", "tee"}
SHELL = {"set", "registry", "doors"}


def workflow(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in content.items()}


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job.get("steps", ())


def commands(name: str) -> Iterator[list[str]]:
    """Yield the words of every simple command that a workflow's steps run."""
    for step in steps(name):
        script = re.sub(r"\\\n", " ", step.get("run", ""))
        for line in script.splitlines():
            for part in re.split(r"&&|\||;", re.sub(r"\$\([^)]*\)", "SUBSTITUTED", line)):
                if words := shlex.split(part, comments=True):
                    yield words
        yield from (shlex.split(inner) for inner in re.findall(r"\$\(([^)]*)\)", script))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_command_of_a_workflow_exists(name: str) -> None:
    unknown = []
    for words in commands(name):
        tool = words[0].partition("=")[0]
        if tool == "./corridor":
            known = words[1] in COMMANDS
        elif tool == "python":
            known = words[1] == "-m" and find_spec(words[2]) is not None
        else:
            known = tool in TOOLS | SHELL
        if not known:
            unknown.append(" ".join(words))

    assert [] == unknown


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_option_that_is_given_to_a_module_of_ours_is_one_of_its_options(name: str) -> None:
    wrong = []
    for words in commands(name):
        if words[:2] == ["python", "-m"] and words[2].startswith("release."):
            source = (ROOT / f"{words[2].replace('.', '/')}.py").read_text(encoding="utf-8")
            taken = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
            wrong += [word for word in words[3:] if word.startswith("--") and word not in taken]

    assert [] == wrong


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_file_that_a_workflow_names_exists(name: str) -> None:
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    named = re.findall(r"--file (\S+)|uses: \./(\S+)|working-directory: (\S+)", text)

    assert [] == [place for places in named for place in places if place and not (ROOT / place).exists()]


def test_a_release_goes_through_every_environment_in_order_and_none_before_the_one_before_it() -> None:
    jobs = workflow("release")["jobs"]
    deployments = {name: job for name, job in jobs.items() if job.get("uses", "").endswith("/deploy.yml")}

    assert STACKS == [job["with"]["stack"] for job in deployments.values()]
    assert ["build", *STACKS[:-1]] == [job["needs"] for job in deployments.values()]
    assert "check" == jobs["build"]["needs"]
    assert {"${{ github.sha }}"} == {job["with"]["release"] for job in deployments.values()}


def test_every_stack_is_previewed_before_a_change_may_land() -> None:
    (previewed,) = [
        job["strategy"]["matrix"]["stack"] for job in workflow("check")["jobs"].values() if "strategy" in job
    ]

    assert STACKS == previewed
    assert {f"Pulumi.{stack}.yaml" for stack in STACKS} == {
        path.name for path in (ROOT / "infra").glob("Pulumi.*.yaml")
    }


@pytest.mark.parametrize("name", ["deploy", "rollback"])
def test_what_touches_azure_stands_behind_the_gate_of_its_environment(name: str) -> None:
    (job,) = workflow(name)["jobs"].values()

    assert "${{ inputs.stack }}" == job["environment"]
    assert "write" == workflow(name)["permissions"]["id-token"]
    assert "deploy-${{ inputs.stack }}" == workflow(name)["concurrency"]["group"]
    assert False is workflow(name)["concurrency"]["cancel-in-progress"]


def test_a_deployment_migrates_then_deploys_then_tries_then_closes_the_doors() -> None:
    titles = [step["name"] for step in steps("deploy") if "name" in step]
    order = ["Build", "Bring", "Migrate", "Deploy", "Send", "Close", "Go back"]

    assert order == [next(word for word in order if title.startswith(word)) for title in titles]
    assert "corridor:publicDoors=closed" in next(s for s in steps("deploy") if "Close" in s.get("name", ""))["run"]


def test_a_release_that_does_not_come_through_goes_back_to_the_one_before() -> None:
    back = list(steps("deploy"))[-1]

    assert back["if"].startswith("failure()")
    assert "${{ steps.code.outputs.previous }}" == back["env"]["PREVIOUS"]
    assert ["code"] == [
        step["id"] for step in steps("deploy") if "--job deploy" in step.get("run", "") and "id" in step
    ]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_workflow_holds_a_secret_or_more_rights_than_it_says(name: str) -> None:
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    rights = [workflow(name)["permissions"]] + [
        job["permissions"] for job in workflow(name)["jobs"].values() if "permissions" in job
    ]

    assert [] == re.findall(r"secrets\.\w+|secrets: inherit|pull_request_target|write-all", text)
    assert {"contents", "packages", "id-token"} >= {key for each in rights for key in each}
    assert {"read"} == {each.get("contents", "read") for each in rights}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_from_outside_is_put_into_a_script(name: str) -> None:
    pasted = [
        found
        for step in steps(name)
        for found in re.findall(r"\$\{\{ *([\w.-]+) *\}\}", step.get("run", ""))
        if not found.startswith("matrix.")
    ]

    assert [] == pasted


def test_every_job_that_the_pipeline_starts_is_one_of_the_landing_zone() -> None:
    started = set(re.findall(r"--job (\w+)", "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS.values())))
    made = set(
        re.findall(r'name="(\w+)",\n        identity_id', (ROOT / "infra/release.py").read_text(encoding="utf-8"))
    )

    assert {"migrate", "deploy", "smoke"} == started == made


def test_the_role_that_the_directory_gives_a_partner_is_the_one_that_the_product_reads() -> None:
    assert PARTNER_ROLE == PARTNER


def test_every_output_that_the_pipeline_reads_is_exported() -> None:
    exported = set(re.findall(r'pulumi\.export\("(\w+)"', (ROOT / "infra/__main__.py").read_text(encoding="utf-8")))
    read = set(
        re.findall(r"--raw-output \.(\w+)|stack output (\w+) ", WORKFLOWS["deploy"].read_text(encoding="utf-8"))
    )

    assert {name for names in read for name in names if name} | {"group", "jobs", "images"} <= exported


def test_the_image_holds_what_its_jobs_start() -> None:
    recipe = (ROOT / "infra/image.dockerfile").read_text(encoding="utf-8")
    copied = {line.split()[1] for line in recipe.splitlines() if line.startswith("COPY")}

    assert {"migrations", "release", "shared", "corridor.zip", "requirements/release.txt"} <= copied
    assert [] == [source for source in copied - {"corridor.zip"} if not (ROOT / source).exists()]
    assert "USER 1000" in recipe


def test_the_images_packages_are_those_of_the_product_and_of_the_laptop() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {line.split()[0] for line in lines if "==" in line and not line.startswith("#")}

    image = pins("requirements/release.txt")

    assert pins("requirements.txt") <= image
    assert image <= pins("requirements.txt") | pins("requirements/local.txt")
