"""What all tests share: the real corpora where they are there, seeded randomness, a cache of their own."""

from __future__ import annotations

import os

# One thread a process, before anything loads numpy or torch: many small tests run beside each other.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

from collections.abc import Iterator, Mapping  # noqa: E402
from pathlib import Path  # noqa: E402

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
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches go to a folder of this test session (one for each process of it), never to the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARFELT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
