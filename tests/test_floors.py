"""The house plan is kept: rooms stand on lower rooms, recognition stays light, some things are never done."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "src" / "hearfelt"

#: Rooms from the ground up; a room uses only what stands on lower floors.
FLOORS = (
    {"errors"},
    {"files"},
    {"emotions"},
    {"evaluation", "augment"},
    {"audio"},
    {"features", "corpora"},
    {"models"},
    {"protocols", "recognition"},
    {"training"},
    {"app", "explain"},
    {"studies", "cluster", "testing", "inspection"},
    {"cli"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

#: What these rooms must work without: the base install has none of it.
LIGHT_ROOMS = ("errors", "files", "emotions", "audio", "corpora", "evaluation", "protocols", "recognition")
HEAVY = ("torch", "lightning", "pytorch_lightning", "torchmetrics", "tensorflow", "torchaudio")

MOST_LINES = 400
#: Plain files that are tested by the test of another name, with the reason.
TESTED_ELSEWHERE: dict[str, str] = {}

#: Of numpy.random; RandomState only remakes splits that were published with it.
_SEEDED = {"Generator", "default_rng", "SeedSequence", "BitGenerator", "PCG64", "RandomState"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room_of(path: Path) -> str:
    """Folder or file right below the package; empty for the public face itself."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first.startswith("_") else first


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path: Path, *, typing_only: bool = True) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import, inside functions too; those for type checkers where wanted."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.If) and not typing_only and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(child for statement in node.body for child in ast.walk(statement))
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "." * node.level + (node.module or "")
            else:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
            "require",
            "import_module",
        ):
            argument = node.args[0] if node.args else None
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield node.lineno, argument.value


def rooms_used(path: Path) -> Iterator[tuple[int, str]]:
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] == "hearfelt" and len(parts) > 1 and parts[1] in FLOOR and parts[1] != room_of(path):
            yield line, parts[1]


def found(*offences: str) -> None:
    assert not offences, "\n" + "\n".join(offences)


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in files()} - {""}
    assert rooms <= FLOOR.keys(), (
        f"give {sorted(rooms - FLOOR.keys())} a floor in this file and in docs/design.md"
    )


def test_rooms_use_only_lower_floors() -> None:
    found(
        *(
            f"{name(path)}:{line}: uses {used} (floor {FLOOR[used]}) from floor {FLOOR[room_of(path)]}"
            for path in files()
            if room_of(path)
            for line, used in rooms_used(path)
            if FLOOR[used] >= FLOOR[room_of(path)]
        )
    )


def test_no_two_rooms_need_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in files():
        graph.setdefault(room_of(path), set()).update(used for _, used in rooms_used(path))
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the rooms


def test_light_rooms_never_import_what_the_base_install_lacks() -> None:
    found(
        *(
            f"{name(path)}:{line}: imports {module}"
            for path in files()
            if room_of(path) in ("", *LIGHT_ROOMS)
            for line, module in imports(path, typing_only=False)
            if module.split(".")[0] in HEAVY
        )
    )


def test_imports_say_where_they_lead() -> None:
    found(
        *(
            f"{name(path)}:{line}: relative import {module}"
            for path in files()
            for line, module in imports(path)
            if module.startswith(".")
        )
    )


def offences(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Assert):
            yield (
                line,
                "assert: vanishes under -O; raise a HearfeltError for a user, a ValueError for a programmer",
            )
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("eval", "exec", "compile", "os.system", "os.popen"):
                yield line, f"{called}()"
            if called == "print":
                yield line, "print: data goes through the command line room, progress through a hook"
            if called == "torch.load":
                yield line, "torch.load: checkpoints are safetensors"
            for keyword in node.keywords:
                constant = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in ("shell", "allow_pickle") and constant is not False:
                    yield line, f"{keyword.arg}={ast.unparse(keyword.value)}"
        if (
            isinstance(node, ast.Attribute)
            and ast.unparse(node.value) in ("np.random", "numpy.random")
            and node.attr not in _SEEDED
        ):
            yield line, f"{ast.unparse(node)}: global randomness; pass a numpy.random.Generator"
    for line, module in imports(path):
        if module.split(".")[0] in ("pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "random"):
            yield line, f"imports {module}"


def test_the_package_does_nothing_that_is_forbidden() -> None:
    found(*(f"{name(path)}:{line}: {what}" for path in files() for line, what in offences(path)))


@pytest.mark.parametrize(
    "code",
    [
        "assert x",
        "print(x)",
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "import subprocess; subprocess.run('ls', shell=True)",
        "import numpy as np; np.load('x', allow_pickle=True)",
        "import numpy as np; np.random.seed(0)",
        "import random",
    ],
)
def test_what_is_forbidden_is_noticed(tmp_path: Path, code: str) -> None:
    file = tmp_path / "room.py"
    file.write_text(code)
    assert list(offences(file))


def test_what_is_allowed_is_not_noticed(tmp_path: Path) -> None:
    file = tmp_path / "room.py"
    file.write_text(
        "import numpy as np\nmodel.eval()\nnp.random.default_rng(0)\n"
        "def f(g: np.random.Generator) -> None:\n    '''>>> print(1)'''\n    g.random()\n"
    )
    assert not list(offences(file))


def test_every_file_says_what_it_is() -> None:
    found(
        *(
            f"{name(path)} has no docstring at its top"
            for path in files()
            if tree(path).body and not ast.get_docstring(tree(path))
        )
    )


def test_no_file_holds_two_things() -> None:
    counts = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    found(*(f"{file} has {count} lines: split it" for file, count in counts.items() if count > MOST_LINES))


def test_every_file_has_its_test() -> None:
    tests = REPOSITORY / "tests"
    missing = [
        f"{name(path)}: tests/{path.relative_to(PACKAGE).parent / f'test_{path.name}'} is missing"
        for path in files()
        if not path.stem.startswith("_")
        and name(path) not in TESTED_ELSEWHERE
        and not (tests / path.relative_to(PACKAGE).parent / f"test_{path.name}").is_file()
    ]
    found(*missing, *(f"{file} is gone" for file in TESTED_ELSEWHERE if not (PACKAGE / file).is_file()))


def run_python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def test_recognition_and_manifests_leave_heavy_libraries_alone() -> None:
    loaded = run_python(
        "import sys, hearfelt, hearfelt.recognition.recognizer, hearfelt.corpora.manifest\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ).split()
    assert "hearfelt" in loaded
    for heavy in (*HEAVY, "pandas", "scipy", "sklearn", "matplotlib", "librosa"):
        assert heavy not in loaded


def test_every_public_name_is_there() -> None:
    import hearfelt

    for public in hearfelt.__all__:
        assert getattr(hearfelt, public) is not None
    with pytest.raises(AttributeError, match="has no attribute 'lod'; it has load"):
        _ = hearfelt.lod


def test_importing_the_package_costs_next_to_nothing() -> None:
    code = "import time; began = time.perf_counter(); import hearfelt; print(time.perf_counter() - began)"
    assert min(float(run_python(code)) for _ in range(5)) < 0.15
