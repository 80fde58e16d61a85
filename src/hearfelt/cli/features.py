"""``hearfelt features``: descriptors of whole corpora as tables."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._progress import kept_in, note
from hearfelt.cli._targets import check_target
from hearfelt.errors import HearfeltError

if TYPE_CHECKING:
    from hearfelt.features.extract import ExtractConfig, Source

app = typer.Typer(
    help="Measure acoustic descriptors.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

_SOME_FAILED = 1
_FACTS = ("corpus", "speaker", "sex", "language", "emotion", "intensity", "statement")


@app.callback()
def features() -> None:
    """Measure acoustic descriptors."""


@app.command("extract")
def extract(
    targets: Annotated[
        list[str], typer.Argument(metavar="MANIFEST_OR_FOLDER", help="A manifest (.csv), folders, or files.")
    ],
    out: Annotated[str, typer.Option(help="The table: .csv, or .parquet.")],
    frames: Annotated[
        bool,
        typer.Option(
            "--frames/--functionals", help="A line a frame, or a line a clip (statistics over time)."
        ),
    ] = False,
    descriptors: Annotated[
        str | None, typer.Option(help="Which, such as rms,centroid,f0,mfcc; see docs/features.md.")
    ] = None,
    sample_rate: Annotated[int, typer.Option(help="That clips are brought to, in hertz.")] = 16000,
    split_hz: Annotated[float, typer.Option(help="Between the bands of the band energy ratio.")] = 2000.0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a processor.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run of the same --out.")
    ] = False,
) -> int:
    """Write the descriptors of many clips into one table.

    Exit status: 0 all measured, 1 some file failed (its line says why), 2 the request was wrong.
    """
    from pydantic import ValidationError

    from hearfelt.features.extract import ExtractConfig

    table = _Parquet if Path(out).suffix.lower() == ".parquet" else _Csv
    if Path(out).suffix.lower() not in (".csv", ".parquet"):
        raise HearfeltError(f"--out {out} has to end in .csv or .parquet, which says what is written.")
    if table is _Parquet:
        from hearfelt.errors import require

        require("pyarrow", "tables", "writing parquet")
    asked = {} if descriptors is None else {"descriptors": tuple(descriptors.replace(" ", "").split(","))}
    try:
        config = ExtractConfig(frames=frames, sample_rate=sample_rate, split_hz=split_hz, **asked)
    except ValidationError as error:
        problems = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())
        raise HearfeltError(f"These descriptors cannot be measured: {problems}.") from error
    sources = list(_sources(targets))
    check_target(out, inputs=(source.path for source in sources))
    return 0 if _run(sources, config, out, table, workers or os.cpu_count() or 1, resume) else _SOME_FAILED


def _sources(targets: Sequence[str]) -> Iterator[Source]:
    """Rows of manifests, and recordings in folders, with what is known of them."""
    from hearfelt.corpora.manifest import read_manifest
    from hearfelt.features.extract import Source
    from hearfelt.recognition.inputs import STANDARD_INPUT, find_recordings

    for target in targets:
        if Path(target).suffix.lower() == ".csv":
            for row in read_manifest(target):
                facts = {name: getattr(row, name) for name in _FACTS}
                yield Source(row.path, row.start, row.end, facts)
            continue
        for item in find_recordings([target]):
            if item == STANDARD_INPUT:
                raise HearfeltError("Descriptors are measured of files; standard input was given.")
            if not isinstance(item, str):
                raise HearfeltError(item.error)
            yield Source(item)


def _run(
    sources: Sequence[Source], config: ExtractConfig, out: str, table: Any, workers: int, resume: bool
) -> bool:
    from hearfelt.features.extract import extract_many
    from hearfelt.recognition.journal import Journal

    unique = {source.key: source for source in sources}
    with Journal(out, config.model_dump(mode="json"), resume=resume) as journal:
        todo = [source for key, source in unique.items() if key not in journal]
        if len(todo) < len(unique):
            note(f"{len(unique) - len(todo):,} of {len(unique):,} clips were kept; going on.")
        answers = extract_many(todo, config, workers=min(workers, max(1, len(todo) // 4)))
        with kept_in(journal, len(unique), "clips") as tell, closing(answers):
            for done, answer in enumerate(answers, start=1):
                journal.add(answer)
                if "error" in answer:
                    note(f"{answer['path']}: {answer['error']}")
                tell("measuring", done, len(todo))
        good: bool = table(unique, config).write(journal)
    note(f"{out}: {len(unique):,} clips, {len(config.table_columns)} numbers a line.")
    return good


class _Csv:
    """The table as text, a clip at a time."""

    def __init__(self, sources: Mapping[str, Source], config: ExtractConfig) -> None:
        self.sources, self.config = sources, config
        known = {name for source in sources.values() for name in source.facts}
        self.facts = [name for name in _FACTS if name in known]
        self.names = ["path", "start", "end", "duration", *self.facts, *config.table_columns, "error"]

    def write(self, journal: Any) -> bool:
        """All of it; whether no clip failed."""
        good: bool = journal.finish(self.sources, self)
        return good

    def lines(self, answer: Mapping[str, Any]) -> Iterable[list[Any]]:
        """The lines of one clip, in the order of `names`; a clip that failed has one without numbers."""
        source = self.sources[answer["path"]]
        facts = [source.facts.get(name, "") for name in self.facts]
        begin = [source.path, source.start, source.end, answer.get("duration"), *facts]
        for numbers in answer.get("lines", [[None] * len(self.config.table_columns)]):
            yield [*begin, *numbers, answer.get("error")]

    def begin(self) -> str:
        """The names of the columns."""
        return _csv([self.names])

    def answer(self, answer: Mapping[str, Any]) -> str:
        """The lines of one clip."""
        return _csv(self.lines(answer))

    def end(self) -> str:
        """Nothing."""
        return ""


def _csv(lines: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()


class _Parquet(_Csv):
    """The table as parquet, a group of some thousand lines at a time."""

    def write(self, journal: Any) -> bool:
        """All of it; whether no clip failed."""
        import pyarrow as pa
        from pyarrow import parquet

        from hearfelt.files import atomic_writer

        text = {"path", "error", *self.facts}
        kinds = [(name, pa.string() if name in text else pa.float64()) for name in self.names]
        schema, good = pa.schema(kinds), True
        waiting: list[list[Any]] = []
        with atomic_writer(journal.out) as file, parquet.ParquetWriter(file, schema) as writer:
            for answer in journal.read(self.sources):
                good = good and "error" not in answer
                waiting += self.lines(answer)
                if len(waiting) > 5000:
                    writer.write_table(_arrow(waiting, schema))
                    waiting = []
            writer.write_table(_arrow(waiting, schema))
        journal.path.unlink(missing_ok=True)
        return good


def _arrow(lines: list[list[Any]], schema: Any) -> Any:
    import pyarrow as pa

    columns = zip(*lines, strict=True) if lines else [[] for _ in schema]
    return pa.Table.from_arrays(
        [pa.array(list(values), kind.type) for values, kind in zip(columns, schema, strict=True)],
        schema=schema,
    )
