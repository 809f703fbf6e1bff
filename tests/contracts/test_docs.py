"""The documents say what the code does: tables against declarations, examples against the product's own readers."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.functions_host import settings as host_settings
from local.platform.layout import Ports
from shared.adapters import postgres_books
from shared.catalog.index import steps
from shared.catalog.model import Facts, FileDrop, Queue, Route, Schedule, Subscription
from shared.errors import ConfigurationError
from shared.partners.reading import read_partner, read_partners
from shared.settings import Settings, read_settings
from shared.validation.partner_files import check_partner
from shared.workflow import escalation
from shared.workflow.escalation import ladder_of
from tests.contracts.pages import DOCS, anchors, column, examples, page, plain, table

ROOT = Path(__file__).parents[2]

# Links


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for file in (ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")):
        for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
            place, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            linked = (file.parent / place) if place else file
            if not linked.exists() or (anchor and anchor not in anchors(linked.read_text(encoding="utf-8"))):
                broken.append(f"{file.relative_to(ROOT)}: {target}")

    assert [] == broken


def test_every_file_of_the_repository_that_a_page_names_exists() -> None:
    folders = "bench|cli|docs|functions|infra|local|migrations|shared|tests"
    missing = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / "README.md", *DOCS.rglob("*.md"))
        for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", file.read_text(encoding="utf-8"))
        if not (ROOT / name).exists() and "/admissions/" not in name
    ]

    assert [] == missing


# operating.md


def test_the_table_of_functions_is_the_catalogue() -> None:
    expected = {}
    for step in steps():
        match step.inbound:
            case Route(method=method, name=route):
                woken = f"{method} /api/{route}"
            case Queue(name=queue) | FileDrop(queue=Queue(name=queue)):
                woken = f"queue {queue}"
            case Subscription(topic=topic, name=subscription):
                woken = f"subscription {topic.name}/{subscription}"
            case Facts(source=source):
                woken = f"facts of {source}"
            case Schedule(expression=expression):
                woken = f"schedule {expression}"
        expected[step.function] = (step.tier.value, woken)

    rows = table("operating.md", "What runs where")

    assert expected == {plain(row["function"]): (plain(row["tier"]), plain(row["woken by"])) for row in rows}


@pytest.mark.parametrize(("number", "name"), [(0, "message"), (1, "delivery")])
def test_every_status_of_both_books_is_explained(number: int, name: str) -> None:
    sql = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "migrations/versions").glob("*.sql")))
    found = re.search(rf"CREATE TABLE {name} \(.*?CHECK \(status IN \((.*?)\)\)", sql, re.DOTALL)
    assert found

    explained = column(table("operating.md", "What a status means", number), "status")

    assert re.findall(r"'([\w-]+)'", found[1]) == explained


def test_every_finding_of_reconcile_is_explained() -> None:
    explained = column(table("operating.md", "Reading `./corridor reconcile`"), "finding")

    assert set(postgres_books._RULES) == set(explained)


def test_the_ports_are_the_platforms() -> None:
    ports = Ports(7071)
    expected = {
        "functions-host": ports.api,
        "service-bus": ports.service_bus,
        "issuer": ports.issuer,
        "key-vault": ports.key_vault,
        "destinations": ports.destinations,
        "postgres": ports.postgres,
        "event-grid": ports.event_grid,
    }

    assert expected == {
        plain(row["component"]): int(row["port"]) for row in table("operating.md", "On a laptop") if "port" in row
    }


def test_the_ladders_of_tasks_are_the_products() -> None:
    rows = {plain(row["kind"]): row for row in table("operating.md", "A task escalates")}

    assert set(escalation._LADDERS) == set(rows)
    for kind, row in rows.items():
        ladder = ladder_of(kind)
        amount, unit = row["each has"].split()
        assert ladder.within.total_seconds() == int(amount) * {"min": 60, "h": 3600}[unit]
        assert list(ladder.rungs[1:]) == plain(row["then"]).split(", ")


# settings.md

APP = {
    "CORRIDOR_DATABASE_URL": "postgresql://app@localhost/corridor",
    "CORRIDOR_ARCHIVE_URL": "file:///archive",
    "SERVICE_BUS__fullyQualifiedNamespace": "localhost",
    "CORRIDOR_KEY_VAULT_URL": "https://localhost",
    "CORRIDOR_TOKEN_ISSUER": "https://issuer.example",
    "CORRIDOR_TOKEN_JWKS_URL": "https://issuer.example/keys",
    "CORRIDOR_TOKEN_AUDIENCE": "api://corridor",
}


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, content: Mapping[str, str]) -> None:
        super().__init__(content)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)


def app_settings(**given: str) -> Settings:
    return replace(read_settings({**APP, **given}), environment={})


def test_every_setting_of_the_app_is_explained_with_its_default() -> None:
    environment = Asked(APP)
    read_settings(environment)
    rows = {plain(row["setting"]): plain(row["default"]) for row in table("settings.md", "The function app")}

    assert environment.names == set(rows)
    for name, default in rows.items():
        if default == "required":
            with pytest.raises(ConfigurationError, match=f"setting-missing: {name}"):
                read_settings({key: value for key, value in APP.items() if key != name})
        elif default not in {"none", "partners/ beside the code"}:
            assert app_settings() == app_settings(**{name: default}), name


def test_every_setting_of_the_local_host_is_explained_with_its_default() -> None:
    environment = Asked({})
    unset = host_settings.read_settings(ROOT, environment)
    rows = {plain(row["setting"]): plain(row["default"]) for row in table("settings.md", "The local functions host")}

    assert environment.names | {"AzureFunctionsJobHost__a__b"} == set(rows)
    for name, default in rows.items():
        if default != "none":
            given = host_settings.read_settings(ROOT, {name: default})
            assert replace(unset, environment={}) == replace(given, environment={}), name


def test_every_setting_that_a_partner_file_names_is_explained() -> None:
    named = {
        (setting, name)
        for name, partner in read_partners(ROOT / "partners").by_name.items()
        if partner.receives
        for setting in (
            partner.receives.endpoint.url_setting,
            partner.receives.endpoint.credential.token_url_setting,
        )
        if setting
    }
    rows = table("settings.md", "Named by partner files")

    assert named == {(plain(row["setting"]), plain(row["named by"])) for row in rows}


def test_no_environment_variable_of_ours_is_left_unexplained() -> None:
    places = [ROOT / "corridor", ROOT / "function_app.py"]
    for folder in ("bench", "cli", "functions", "infra", "local", "migrations", "shared"):
        places += (ROOT / folder).rglob("*.py")
    used = {name for path in places for name in re.findall(r"\bCORRIDOR_[A-Z][A-Z_]*[A-Z]\b", path.read_text("utf-8"))}

    assert set() == used - set(re.findall(r"CORRIDOR_[A-Z_]+", page("settings.md")))


# adding-a-partner.md


def partner_examples() -> dict[str, str]:
    return {path: text for path, text in examples("adding-a-partner.md").items() if path.startswith("partners/")}


@pytest.mark.parametrize("path", partner_examples())
def test_the_partner_files_on_the_page_are_read_by_the_product(path: str, tmp_path: Path) -> None:
    file = tmp_path / Path(path).name
    file.write_text(partner_examples()[path], encoding="utf-8")

    partner = read_partner(file)
    check_partner(partner)

    assert file.stem == partner.name


def leaves(content: object, where: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, f"{where}.{key}" if where else str(key))
    else:
        yield where


def test_every_key_of_a_partner_file_is_explained_and_used_by_an_example() -> None:
    readers = ("reading.py", "profile_reading.py", "hl7v2_writing.py")
    tree = ast.parse("\n".join((ROOT / "shared/partners" / name).read_text("utf-8") for name in readers))
    taken = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"take", "section", "texts", "choice", "at_least"}
        and isinstance(call.args[0], ast.Constant)
    }
    explained = column(table("adding-a-partner.md", "Every key"), "key")
    used = {leaf for text in partner_examples().values() for leaf in leaves(yaml.safe_load(text))}
    patterns = {key: re.compile(re.sub(r"<\w+>", "[^.]+", key.replace(".", r"\."))) for key in explained}

    assert taken == {part for key in explained for part in key.split(".") if not part.startswith("<")}
    assert [] == [key for key, pattern in patterns.items() if not any(pattern.fullmatch(leaf) for leaf in used)]
    assert [] == [leaf for leaf in used if not any(pattern.fullmatch(leaf) for pattern in patterns.values())]


# adding-a-flow.md

COPIED = ("cli", "docs", "functions", "local", "migrations", "partners", "shared", "tests")
COPIED_FILES = ("README.md", "function_app.py", "host.json", "pyproject.toml")


@pytest.fixture(scope="module")
def walked_through(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository into which the page's blocks were written."""
    copy = tmp_path_factory.mktemp("walk-through")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in COPIED_FILES:
        shutil.copy(ROOT / file, copy / file)
    for path, content in examples("adding-a-flow.md").items():
        target = copy / path
        if path == "shared/catalog/flows.py":  # FLOWS is the last thing in it
            head, _, _ = target.read_text(encoding="utf-8").partition("FLOWS: tuple[Flow, ...] = (")
            content = head + content
        elif path == "README.md":
            content = target.read_text(encoding="utf-8") + content
        target.parent.mkdir(exist_ok=True)
        if path.startswith("functions/"):
            (target.parent / "__init__.py").touch()
        target.write_text(content, encoding="utf-8")
    return copy


def run_in(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    # Not measured: the copy is gone when the figures are put together.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(folder), "CORRIDOR_TIER": "all"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_new_function_listens_where_the_catalogue_says(walked_through: Path) -> None:
    program = (
        "import json; from function_app import app;"
        "print([json.loads(b)['queueName'] for f in app.get_functions()"
        " if f.get_function_name() == 'admissions_process' for b in f.get_raw_bindings()])"
    )

    ran = run_in(walked_through, sys.executable, "-c", program)

    assert ("", "['admissions-process']\n") == (ran.stderr, ran.stdout)


def test_the_new_flow_passes_the_contract_tests_and_its_own(walked_through: Path) -> None:
    chosen = ("tests/contracts/test_catalogue.py", "tests/functions/admissions")

    ran = run_in(walked_through, sys.executable, "-m", "pytest", *chosen, "-q", "-p", "no:cacheprovider")

    assert 0 == ran.returncode, ran.stdout[-3000:] + ran.stderr[-1000:]


def test_what_the_page_writes_is_well_formed(walked_through: Path) -> None:
    written = [path for path in examples("adding-a-flow.md") if path.endswith(".py")]

    ran = run_in(walked_through, Path(sys.executable).with_name("ruff"), "check", "--no-cache", *written)

    assert 0 == ran.returncode, ran.stdout
