import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from hearfelt.errors import AudioError, HearfeltError
from hearfelt.evaluation import report
from hearfelt.evaluation._run_folder import read_run_folder
from hearfelt.evaluation.report import write_report


class Page(HTMLParser):
    """Tags with attributes, and whether every opened tag is closed in order."""

    VOID = frozenset({"meta", "link", "img", "source", "br", "input"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def read_clip(path, start, end):
    return np.sin(np.arange(16000 * 4) / 30), 16000


@pytest.fixture(scope="module")
def html(run):
    return write_report(run, read_clip=read_clip).read_text()


@pytest.fixture(scope="module")
def whole(html):
    return Page(html)


@pytest.fixture
def plain(monkeypatch):
    """Pictures are drawn once, for `html`; the other pages are about words."""
    monkeypatch.setattr(report, "_both", lambda draw, alt: "")


@pytest.fixture
def copy(run, tmp_path, plain):
    shutil.copytree(run, tmp_path / "copy")
    return tmp_path / "copy"


def test_it_asks_for_nothing_from_anywhere(html, whole):
    assert len(html) < 6_000_000
    for tag, attributes in whole.tags:
        for name in ("src", "srcset", "href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value[:60])
    assert not whole.all("script") and "url(" not in html and "@import" not in html


def test_it_says_what_matters(run, whole):
    summary = json.loads((run / "metrics.json").read_text())
    uar = summary["all"]["uar"]
    for said in (
        f"{100 * uar['value']:.1f} %",
        f"{100 * uar['speakers']['low']:.1f} to {100 * uar['speakers']['high']:.1f} %",
        "hearfelt train recipes/demo.yaml --data ../corpora --out runs/demo --set seed=7",
        "residual_attention",
        "torch 2.13.0",
        "ravdess_speech (288 clips)",
        "Guessing reaches 12.5 %",
        "nobody who is tested was heard in training",
    ):
        assert said in whole.text, said
    assert "What is missing" not in whole.text


def test_tables_and_pictures_are_readable_without_eyes(whole):
    tables = whole.all("table")
    assert len(whole.all("caption")) == len(tables) >= 9
    assert all(attributes.get("scope") in ("col", "row") for attributes in whole.all("th"))
    assert all(len(attributes["alt"] or "") > 30 for attributes in whole.all("img"))
    assert len(whole.all("img")) == len(whole.all("source")) == 6  # light and dark
    assert whole.all("html")[0]["lang"] == "en"
    identifiers = [attributes["id"] for _, attributes in whole.tags if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    links = [attributes["href"][1:] for attributes in whole.all("a")]
    assert set(links) <= set(identifiers)


def test_mistakes_are_playable(whole):
    players = whole.all("audio")
    assert len(players) == 12
    assert all(
        player["src"].startswith("data:audio/wav;base64,") and "controls" in player for player in players
    )


def test_random_protocols_carry_a_warning(make_run, tmp_path, whole, plain):
    assert "Speakers are shared" not in whole.text
    page = Page(write_report(make_run(tmp_path / "random", random=True)).read_text())
    assert "Speakers are shared: these numbers are not for unheard voices" in page.text
    assert "17 speakers are both in training and in the test" in page.text


def test_shared_speakers_warn_whatever_the_protocol_calls_itself(make_run, tmp_path, plain):
    run = make_run(tmp_path / "liar", random=True)
    for name in ("resolved.yaml", "recipe.yaml"):
        (run / name).write_text((run / name).read_text().replace("name: random", "name: grouped_kfold"))
    assert "Speakers are shared" in Page(write_report(run).read_text()).text


def test_text_of_others_is_never_markup(copy):
    evil = "<script>alert('x')</script><b>"
    (copy / "resolved.yaml").write_text(
        f'name: "{evil}"\ndescription: "{evil}"\nprotocol: {{name: "{evil}"}}\n'
    )
    facts = json.loads((copy / "provenance.json").read_text()) | {"command": evil, "versions": {evil: evil}}
    (copy / "provenance.json").write_text(json.dumps(facts))
    for name in ("manifest.csv", "folds/0/predictions.csv"):
        text = (copy / name).read_text().replace("ravdess_01", f'"{evil}"').replace("aesdd,", f'"{evil}",')
        (copy / name).write_text(text)
    metrics = (copy / "metrics.json").read_text().replace("ravdess_01", evil.replace('"', ""))
    (copy / "metrics.json").write_text(metrics)
    html = write_report(copy, protocol=evil).read_text()
    page = Page(html)
    assert not page.all("script") and "<b>" not in html.replace('<b style="left', "")
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("name", "lost", "kept"),
    [
        ("metrics.json", "Every speaker", "Learning curves"),
        ("manifest.csv", "Clips of each corpus", "Scores"),
        ("split.csv", "each part of each fold", "Scores"),
        ("provenance.json", "Commit", "Scores"),
        ("resolved.yaml", "no such thing", "residual_attention"),  # recipe.yaml stands in
        ("folds", "Learning curves", "Every speaker"),
    ],
)
@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_what_is_missing_or_damaged_is_left_out_and_named(copy, name, lost, kept, how):
    target = copy / name
    if target.is_dir():
        shutil.rmtree(target)
    elif how == "gone":
        target.unlink()
    else:
        target.write_bytes(b"{\xff\x00: [")
    text = Page(write_report(copy, read_clip=read_clip).read_text()).text
    if name != "resolved.yaml":
        assert lost not in text and kept in text and "What is missing" in text
    elif how == "gone":
        assert kept in text


def test_an_empty_folder_still_gives_a_page(tmp_path):
    page = Page(write_report(tmp_path).read_text())
    assert "What is missing" in page.text and tmp_path.name in page.text


def test_unfinished_runs_say_so(make_run, tmp_path, plain):
    text = Page(write_report(make_run(tmp_path / "young", finished=False)).read_text()).text
    assert "Not finished: fold 0, 1, 2" in text and "Learning curves" in text


def test_recordings_that_cannot_be_read_are_counted(run, tmp_path, plain):
    calls = []

    def some(path, start, end):
        calls.append(path)
        if len(calls) % 2:
            raise AudioError("gone")
        return read_clip(path, start, end)

    page = Page(write_report(run, read_clip=some, out=tmp_path / "a.html").read_text())
    assert "6 recordings could not be read" in page.text and len(page.all("audio")) == 6
    page = Page(write_report(run, out=tmp_path / "b.html").read_text())
    assert "cannot be played here" in page.text and not page.all("audio")


def test_the_file_is_where_it_was_asked_for_and_the_folder_has_to_exist(run, tmp_path, plain):
    assert write_report(run, out=tmp_path / "x" / "r.html") == tmp_path / "x" / "r.html"
    with pytest.raises(HearfeltError, match="not a folder"):
        write_report(tmp_path / "none")


def test_parts_are_counted_from_split_and_manifest(run):
    folder = read_run_folder(run)
    assert folder.shared_speakers == set() and folder.notes == []
    for counts in folder.parts.values():
        assert sum(clips for clips, _ in counts.values()) == 438
        assert sum(speakers for _, speakers in counts.values()) == 17


def test_style_has_both_themes_phone_and_print(html):
    assert (
        re.search(r"prefers-color-scheme:\s*dark", html)
        and "max-width:760px" in html
        and "@media print" in html
    )
