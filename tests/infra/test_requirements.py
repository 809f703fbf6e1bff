from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parents[2]


def _pins(file: str) -> set[str]:
    lines = (_ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.split()[0].lower() for line in lines if "==" in line and not line.startswith("#")}


def test_what_pulumi_installs_is_what_was_tested() -> None:
    installed = _pins("infra/requirements.txt")

    assert {"pulumi", "pulumi-azure-native", "pulumi-azuread", "pyyaml"} == {pin.split("==")[0] for pin in installed}
    assert installed <= _pins("requirements/infra.txt")
