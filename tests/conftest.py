"""What all tests share: the real corpora where they are there, seeded randomness, a cache of their own."""

from __future__ import annotations

import os
import signal

# One thread a process, before anything loads numpy or torch: many small tests run beside each other.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

from collections.abc import Callable, Iterator, Mapping  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[1]
_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"}
_CLIPS_A_CORPUS = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the real corpora, so that ``-m "not corpora"`` leaves it out."""
    for item in items:
        if {"corpora_root", "real_clips"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("corpora")


@pytest.fixture(scope="session")
def corpora_root() -> Path:
    """Folder with the real corpora, one folder each; tests that ask for it are skipped where it is absent."""
    named = os.environ.get("HEARFELT_DATA")
    root = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not root.is_dir():
        source = "HEARFELT_DATA names" if named else "HEARFELT_DATA is not set and the default is"
        pytest.skip(f"needs real corpora: {source} {root}, which is no folder")
    return root


@pytest.fixture(scope="session")
def real_clips(corpora_root: Path) -> Mapping[str, tuple[Path, ...]]:
    """Corpus folder name -> a few of its clips, the same ones each time, spread over the whole corpus."""
    clips = {}
    for folder in sorted(
        path for path in corpora_root.iterdir() if path.is_dir() and path.name != "originals"
    ):
        files = sorted(
            Path(parent, name)
            for parent, _, names in os.walk(folder)
            for name in names
            if Path(name).suffix.lower() in _SUFFIXES
        )
        picks = np.linspace(0, len(files) - 1, _CLIPS_A_CORPUS + 2)[1:-1].astype(int) if files else ()
        if files:
            clips[folder.name] = tuple(files[index] for index in picks)
    return clips


@pytest.fixture
def generator() -> np.random.Generator:
    """Seeded, new for each test."""
    return np.random.default_rng(20)


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell's background jobs begin with SIGINT ignored, and so would every process that the tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches go to a folder of this test session (one for each process of it), never to the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARFELT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


Recipes = Callable[..., Any]


@pytest.fixture(scope="session")
def tiny_corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two corpora of synthetic voices: four speakers each, three emotions, half a second."""
    from hearfelt.testing.corpora import write_synthetic_corpus

    root = tmp_path_factory.mktemp("corpora")
    for seed, style in enumerate(("emodb", "savee")):
        write_synthetic_corpus(
            root / style,
            style,
            speakers=4,
            emotions=["happy", "sad", "angry"],
            clips_per_emotion=2,
            seconds=(0.4, 0.8),
            seed=seed,  # voices of another seed: identical clips would be left out
        )
    return root


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipes:
    """Makes the recipe of a training of about a second, changed by settings such as ``"training.epochs=2"``."""

    def make(*settings: str) -> Any:
        from hearfelt.training.recipe import load_recipe

        return load_recipe(REPOSITORY / "tests" / "training" / "tiny.yaml", settings)

    return make


@pytest.fixture(scope="session")
def tiny_run(tiny_corpora: Path, tiny_recipe: Recipes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny recipe, two folds; for reading only."""
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import finish_run, prepare_run

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    run, _ = prepare_run(tiny_recipe(), folder, data=tiny_corpora, command="hearfelt train tiny.yaml")
    for fold in run.folds:
        fit_fold(run.recipe, run.clips(), run.split.folds[fold], run.fold_folder(fold), fold=fold)
    finish_run(run)
    return folder


@pytest.fixture(scope="module")
def picture_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of 16 x 16 pixels in the colours of magma, angry ones brighter on top, with labels.npy."""
    import numpy as np

    from hearfelt.features.colours import put_on
    from hearfelt.features.images import encode_png

    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    labels = np.array(["ANG", "sadness"])[generator.integers(0, 2, 40)]
    slope = np.linspace(0.2, -0.2, 16)[:, None]
    for number, label in enumerate(labels):
        values = 0.5 + (slope if label == "ANG" else -slope) + generator.normal(0, 0.1, (16, 16))
        (folder / f"{number}.png").write_bytes(encode_png(put_on(values, "magma")))
    np.save(folder / "labels.npy", labels)
    return folder
