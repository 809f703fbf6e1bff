"""The rules of the house that no linter knows."""

import ast
import configparser
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from cli.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
BANNED_WORDS = {"utils", "util", "helpers", "helper", "common", "manager"}
# Written so that this file does not hold what it forbids.
FORBIDDEN_TEXT = {
    "a path of one machine": r"(?<![\w.$}-])/(wor[k]|far[m]|roo[t]|home/\w+)/",
    "the host of a package registry": r"pypi[.]org|pythonhosted[.]org|npmjs[.]org|deb[.]debian[.]org|crates[.]io",
}
ADR_HEADINGS = ["Decision", "Status", "Context", "Impact"]
# Their floors are held by a test below, or they stand outside the product.
NOT_LINTED = {"infra", "migrations", "release", "scripts", "tests"}

pytestmark = pytest.mark.unmeasured


@cache
def files(pattern: str = "*") -> tuple[Path, ...]:
    """What is in the repository, or would be with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted({ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}))


def product_modules() -> list[Path]:
    return [path for path in files("*.py") if path.relative_to(ROOT).parts[0] != "tests"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8", "replace")


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def test_a_module_fits_in_300_lines() -> None:
    lengths = {named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in product_modules()}

    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_MODULE}


def test_a_function_fits_in_40_lines() -> None:
    long = {
        f"{named(path)}:{node.lineno} {node.name}": length
        for path in product_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }

    assert {} == long


def test_names_say_what_things_are() -> None:
    named_things = {named(path): path.stem for path in product_modules()}
    for path in product_modules():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                named_things[f"{named(path)}:{node.lineno}"] = node.name

    empty = {
        place: name
        for place, name in named_things.items()
        if words(name) & BANNED_WORDS or re.match(r"_?Base[A-Z]|process_data$", name)
    }

    assert {} == empty


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{named(path)}:{node.lineno}"
        for path in product_modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]

    assert [] == swallowed


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_no_file_names(what: str) -> None:
    found = [
        f"{named(path)}: {match.group()}"
        for path, text in texts()
        for match in re.finditer(FORBIDDEN_TEXT[what], text)
    ]

    assert [] == found


def test_what_pre_commit_searches_for_is_nowhere() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    found = [
        f"{named(path)}: {hook['name']}"
        for hook in hooks
        if hook["language"] == "pygrep"
        for path, text in texts()
        if text and re.search(hook["entry"], text) and not re.search(hook.get("exclude", r"\Z."), named(path))
    ]

    assert [] == found


def test_the_commands_that_the_documents_name_exist() -> None:
    named_commands = {
        f"{named(path)}: {command}"
        for path in files("*.md")
        for command in re.findall(r"\./corridor ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
        if command not in COMMANDS
    }

    assert set() == named_commands


def test_the_readme_says_how_to_run_and_to_check() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert (True, True) == ("./corridor demo" in readme, "./corridor test" in readme)


def test_every_decision_record_has_its_four_headings() -> None:
    headings = {
        named(path): re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for path in files("docs/adr/*.md")
    }

    assert {} == {name: found for name, found in headings.items() if found != ADR_HEADINGS}


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    requirements = [line.removesuffix(" \\") for line in lines if line and line[0] not in " #"]
    assert [] == [line for line in requirements if not re.fullmatch(r"[a-z0-9-]+==[^ ;*]+( ;.*)?", line)]
    return dict(line.split(" ;")[0].split("==") for line in requirements)


def test_what_azure_deploys_is_pinned_and_is_what_was_tested() -> None:
    deployed, local, test = pins("requirements.txt"), pins("requirements/local.txt"), pins("requirements/test.txt")

    assert deployed == {name: version for name, version in local.items() if name in deployed}
    assert local == {name: version for name, version in test.items() if name in local}


def test_every_lock_holds_hashes() -> None:
    locks = [ROOT / "requirements.txt", *files("requirements/*.txt")]
    blocks = {named(path): re.split(r"^(?=\S)", path.read_text(), flags=re.MULTILINE) for path in locks}

    assert [] == [
        f"{name}: {block.splitlines()[0]}"
        for name, found in blocks.items()
        for block in found
        if block and block[0] not in "# " and "--hash=sha256:" not in block
    ]


def test_azure_gets_the_product_alone() -> None:
    lines = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()
    ignored = {line.rstrip("/") for line in lines if line and line[0] != "#"}

    assert set() == {"cli", "docs", "infra", "local", "migrations", "requirements", "tests"} - ignored
    assert set() == {"function_app.py", "functions", "host.json", "partners", "requirements.txt", "shared"} & ignored


def test_import_floors_are_held_for_every_package() -> None:
    linter = configparser.ConfigParser()
    linter.read(ROOT / ".importlinter", encoding="utf-8")
    packages = {path.relative_to(ROOT).parts[0] for path in product_modules() if path.parent != ROOT}

    assert packages - NOT_LINTED == set(linter["importlinter"]["root_packages"].split()) & packages


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_infra_reads_the_catalogue_and_the_partners_alone() -> None:
    strangers = {
        f"{named(path)}: {name}"
        for path in files("infra/*.py")
        for name in imports(path)
        if name.split(".")[0] in {"bench", "cli", "function_app", "functions", "local", "shared"}
        and not name.startswith(("shared.catalog", "shared.partners"))
    }

    assert set() == strangers


def test_what_brings_a_release_into_the_network_knows_the_catalogue_and_the_errors_alone() -> None:
    strangers = {
        f"{named(path)}: {name}"
        for path in files("release/*.py")
        for name in imports(path)
        if name.split(".")[0]
        in {"bench", "cli", "function_app", "functions", "infra", "local", "migrations", "shared"}
        and not name.startswith(("shared.catalog", "shared.errors"))
    }

    assert set() == strangers


def test_nothing_imports_the_function_app_and_nothing_below_imports_what_stands_beside_it() -> None:
    beside = {"bench", "cli", "function_app", "local"}
    strangers = {
        f"{named(path)}: {name}"
        for path in [ROOT / "function_app.py", *files("functions/*.py"), *files("shared/*.py")]
        for name in (imports(path) if path.exists() else ())
        if name.split(".")[0] in beside
    }

    assert set() == strangers


# Calls that give another answer in the next process: workers that collect other ids refuse to run at all.
UNSTABLE_CALLS = {"time", "time_ns", "monotonic", "now", "today", "utcnow", "uuid1", "uuid4", "token_hex", "urandom"}


def test_ids_of_tests_are_the_same_in_every_process() -> None:
    unstable = [
        f"{named(path)}:{call.lineno} {ast.unparse(call.func)}"
        for path in files("tests/*.py")
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        for call in evaluated_calls(decorator)
        if ast.unparse(call.func).rpartition(".")[2] in UNSTABLE_CALLS
    ]

    assert [] == unstable


def evaluated_calls(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls made when `node` is evaluated: not those inside a lambda."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from evaluated_calls(child)
