from __future__ import annotations

import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def _pins(file: str) -> set[str]:
    lines = (_ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.split()[0].lower() for line in lines if "==" in line and not line.startswith("#")}


def test_what_pulumi_installs_is_what_was_tested() -> None:
    installed = _pins("infra/requirements.txt")

    assert {"pulumi", "pulumi-azure-native", "pulumi-azuread", "pyyaml"} == {pin.split("==")[0] for pin in installed}
    assert installed <= _pins("requirements/infra.txt")


def _services() -> set[str]:
    imports = re.compile(r"^from pulumi_azure_native import (.+)$", re.MULTILINE)
    texts = [file.read_text(encoding="utf-8") for file in (_ROOT / "infra").rglob("*.py")]
    return {each.split()[0] for text in texts for line in imports.findall(text) for each in line.split(",")}


def test_the_types_of_every_service_that_the_program_imports_are_checked() -> None:
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    read = {name for each in settings if each.get("follow_imports") == "normal" for name in each["module"]}
    listed = {name.split(".")[1] for name in read if name.startswith("pulumi_azure_native.") and name.endswith(".*")}

    assert _services() == listed
