import numpy as np
import pytest

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation.predictions import Predictions, join_predictions, read_predictions, write_predictions

LABELS = ("neutral", "happy", "sad")


def table(n: int = 7, logits: bool = True, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)) * 3
    p = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    return Predictions(
        labels=LABELS,
        path=[f'/data/{seed}/clip, {i} "ä".wav' for i in range(n)],
        start=[0.1 + i for i in range(n)],
        end=[None if i % 2 else 1 / 3 + i for i in range(n)],
        corpus=["toy"] * n,
        speaker=[f"toy_{i % 3}" for i in range(n)],
        sex=["female" if i % 2 else "" for i in range(n)],
        truth=[LABELS[i % 3] for i in range(n)],
        probabilities=p,
        logits=values if logits else None,
    )


@pytest.mark.parametrize("logits", [True, False])
def test_what_is_written_is_read(tmp_path, logits):
    before = table(logits=logits)
    write_predictions(tmp_path / "predictions.csv", before)
    after = read_predictions(tmp_path / "predictions.csv")
    assert after.labels == LABELS and after.keys == before.keys
    for name in ("corpus", "speaker", "sex", "truth", "prediction"):
        assert getattr(after, name).tolist() == getattr(before, name).tolist()
    assert after.probabilities == pytest.approx(before.probabilities, rel=1e-5)
    assert (after.logits is not None) == logits
    if logits:
        assert after.logits == pytest.approx(before.logits, rel=1e-5)
    header = (tmp_path / "predictions.csv").read_text().splitlines()[0]
    assert header.startswith("path,start,end,corpus,speaker,sex,truth,prediction,p_neutral,p_happy,p_sad")


def test_writing_again_what_was_read_changes_nothing(tmp_path):
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    write_predictions(one, table())
    write_predictions(two, read_predictions(one))
    assert one.read_bytes() == two.read_bytes()


def test_names_that_are_not_utf8_come_back(tmp_path):
    odd = b"/data/\xff\xe9.wav".decode("utf-8", "surrogateescape")
    write_predictions(
        tmp_path / "p.csv",
        Predictions(
            labels=LABELS,
            path=[odd],
            start=[0],
            end=[None],
            corpus=["c"],
            speaker=["s"],
            sex=[""],
            truth=[0],
            probabilities=[[1, 0, 0]],
        ),
    )
    assert read_predictions(tmp_path / "p.csv").path[0] == odd


def test_empty_tables_are_tables(tmp_path):
    write_predictions(tmp_path / "p.csv", table(0))
    assert len(read_predictions(tmp_path / "p.csv")) == 0


def test_join_and_select_keep_rows():
    both = join_predictions([table(3, seed=1), table(4, seed=2)])
    assert len(both) == 7 and both[3:].keys == table(4, seed=2).keys
    assert both[both.truth == 0].truth.tolist() == [0, 0, 0]
    assert join_predictions([table(3), table(2, logits=False)]).logits is None


def test_scores_reproduce_probabilities_without_logits():
    without = table(logits=False)
    again = np.exp(without.scores)
    assert again / again.sum(axis=1, keepdims=True) == pytest.approx(without.probabilities)


def test_confidence_is_that_of_the_answer():
    answers = table()
    assert answers.confidence == pytest.approx(answers.probabilities.max(axis=1))
    assert answers.right.tolist() == [t == p for t, p in zip(answers.truth, answers.prediction, strict=True)]


def _fields(**changes):
    fields = {
        "labels": LABELS,
        "path": ["a"],
        "start": [0],
        "end": [None],
        "corpus": ["c"],
        "speaker": ["s"],
        "sex": [""],
        "truth": [0],
        "probabilities": [[1.0, 0.0, 0.0]],
    }
    return fields | changes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"path": ["a", "b"]}, "1 rows of probabilities and 2 of path"),
        ({"probabilities": [[np.nan, 0, 0]]}, "not finite"),
        ({"probabilities": [[2.0, -1.0, 0]]}, "from -1 to 2"),
        ({"truth": [7]}, "from 7 to 7"),
        ({"logits": [[np.inf, 0, 0]]}, "not finite"),
    ],
)
def test_wrong_tables_are_refused(changes, says):
    with pytest.raises(HearfeltError, match=says):
        Predictions(**_fields(**changes))


def test_unknown_class_is_named():
    with pytest.raises(UnknownNameError, match="angry"):
        Predictions(**_fields(truth=["angry"]))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "not a table of predictions"),
        ("path,start,end,corpus,speaker,sex,truth,prediction\n", "p_<label>"),
        (
            "path,start,end,corpus,speaker,sex,truth,prediction,p_sad,p_happy\nx,0,,c,s,,sad,sad,0.5,much\n",
            "line 2",
        ),
        ("path,start,end,corpus,speaker,sex,truth,prediction,p_sad,p_happy\nx,0,,c,s,,sad,sad\n", "line 2"),
        (
            "path,start,end,corpus,speaker,sex,truth,prediction,p_sad,p_happy\nx,0,,c,s,,cross,sad,1,0\n",
            "cross",
        ),
        (
            "path,start,end,corpus,speaker,sex,truth,prediction,p_sad,p_happy\nx,0,,c,s,,sad,sad,nan,0\n",
            "finite",
        ),
    ],
)
def test_damaged_files_are_one_clear_error(tmp_path, text, says):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(HearfeltError, match=says):
        read_predictions(path)


def test_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(HearfeltError, match="Cannot read"):
        read_predictions(tmp_path / "none.csv")
