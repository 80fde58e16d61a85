"""One answer for a recording, however it is asked for."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import soundfile

from hearfelt.audio.decode import read_audio
from hearfelt.errors import AudioError, BundleError, UnknownNameError
from hearfelt.recognition.recognizer import load
from hearfelt.recognition.results import NO_SPEECH, UNSURE, Failure, Recognition
from hearfelt.testing.bundles import write_tiny_bundle

LENGTHS = (0.4, 1.0, 1.03, 2.2, 3.0, 3.7, 3.76, 4.5, 9.0, 16.3, 0.5, 2.21, 2.19)


def table(answers) -> np.ndarray:
    """Probabilities of the recordings and of all their windows."""
    rows = [[*answer.probabilities.values()] for answer in answers]
    rows += [[*part.probabilities.values()] for answer in answers for part in answer.segments]
    return np.array(rows)


def test_an_answer_is_whole_and_in_order(recognizer, voices) -> None:
    for path, seconds in zip(voices(LENGTHS), LENGTHS, strict=True):
        answer = recognizer(path)
        assert answer.path == str(path)
        assert answer.duration == pytest.approx(seconds, abs=1e-4)
        assert sum(answer.probabilities.values()) == pytest.approx(1)
        assert answer.probabilities[answer.emotion] == answer.confidence == max(answer.probabilities.values())
        assert tuple(answer.probabilities) == recognizer.labels
        assert answer.segments[0].start == 0
        assert answer.segments[-1].end == pytest.approx(answer.duration)
        assert all(
            a.start < b.start <= a.end for a, b in zip(answer.segments, answer.segments[1:], strict=False)
        )
        assert len(answer.segments) == (1 if seconds <= 3.75 else 2 + int((seconds - 3.0 - 1e-3) / 1.5))


def test_answers_do_not_depend_on_how_they_are_asked_for(recognizer, tiny_bundle, voices) -> None:
    paths = voices(LENGTHS)
    alone = [recognizer(path) for path in paths]
    threaded = load(tiny_bundle, threads=3)
    for answers in (
        recognizer.batch(paths),
        recognizer.batch(paths[::-1])[::-1],
        list(recognizer.recognize_files(iter(paths))),
        list(threaded.recognize_files(paths)),
        [threaded(path) for path in paths],
    ):
        assert [answer.path for answer in answers] == [str(path) for path in paths]
        np.testing.assert_allclose(table(answers), table(alone), atol=1e-5)
        assert [a.emotion for a in answers] == [a.emotion for a in alone]


def test_samples_give_the_answer_of_their_file(recognizer, voices) -> None:
    for path in voices((1.5, 7.0)):
        samples = read_audio(path)
        of_file, of_samples = recognizer(path), recognizer(samples, 16000)
        np.testing.assert_allclose(table([of_samples]), table([of_file]), atol=1e-5)
        assert of_samples.path == ""
        with path.open("rb") as file:
            assert table([recognizer(file)]) == pytest.approx(table([of_file]))


def test_level_rate_and_channels_hardly_matter(recognizer, voices, tmp_path) -> None:
    (path,) = voices((2.5,))
    samples = read_audio(path)
    expected = recognizer(samples, 16000)
    for gain in (0.01, 0.1, 3.0, 100.0):
        np.testing.assert_allclose(
            table([recognizer(samples * np.float32(gain), 16000)]), table([expected]), atol=1e-4
        )
    soundfile.write(tmp_path / "b.wav", np.stack([samples, samples], axis=1), 16000, subtype="FLOAT")
    np.testing.assert_allclose(table([recognizer(tmp_path / "b.wav")]), table([expected]), atol=1e-4)


def test_many_threads_may_ask_at_once(recognizer, voices) -> None:
    paths = voices((1.0, 2.0, 5.0, 3.3))
    alone = [recognizer(path) for path in paths]
    found: dict[int, list[Recognition]] = {}

    def ask(number: int) -> None:
        found[number] = [recognizer(path) for path in paths]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for answers in found.values():
        np.testing.assert_allclose(table(answers), table(alone), atol=1e-5)


def test_a_bad_file_is_its_own_failure_only(recognizer, voices, tmp_path) -> None:
    first, second = voices((1.0, 8.0))
    (tmp_path / "text.wav").write_text("no audio")
    answers = recognizer.batch(
        [first, tmp_path / "text.wav", tmp_path / "gone.wav", second, np.array([np.nan])], 16000
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [Recognition, Failure, Failure, Recognition, Failure]
    assert "text.wav" in answers[1].error and "no file" in answers[2].error
    with pytest.raises(AudioError, match="not audio"):
        recognizer(tmp_path / "text.wav")


def test_silence_is_no_speech(recognizer, tmp_path) -> None:
    for name, samples in {
        "silence": np.zeros(32000),
        "one sample": np.zeros(1),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * np.arange(160000) / 16000),
    }.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 16000)
        answer = recognizer(tmp_path / f"{name}.wav")
        assert (answer.emotion, answer.confidence, answer.probabilities) == (NO_SPEECH, None, {})
        assert {part.emotion for part in answer.segments} == {NO_SPEECH}
        json.dumps(answer.to_dict(), allow_nan=False)


def test_windows_without_speech_do_not_count(recognizer, voices) -> None:
    (path,) = voices((9.0,))
    samples = read_audio(path)
    padded = np.concatenate([np.zeros(16000 * 6, np.float32), samples, np.zeros(16000 * 6, np.float32)])
    answer = recognizer(padded, 16000)
    assert answer.segments[0].emotion == answer.segments[-1].emotion == NO_SPEECH
    spoken = np.array([[*part.probabilities.values()] for part in answer.segments if part.probabilities])
    np.testing.assert_allclose([*answer.probabilities.values()], spoken.mean(axis=0), atol=1e-6)


def test_short_words_are_recognised(recognizer, voices) -> None:
    (path,) = voices((0.15,))
    assert recognizer(path).emotion in recognizer.labels


def test_unsure_below_a_threshold(tiny_bundle, voices) -> None:
    (path,) = voices((2.0,))
    plain = load(tiny_bundle)(path)
    below = load(tiny_bundle, unsure_below=plain.confidence + 1e-6)(path)
    above = load(tiny_bundle, unsure_below=plain.confidence - 1e-6)(path)
    assert below.emotion == below.segments[0].emotion == UNSURE and above.emotion == plain.emotion
    assert below.probabilities == plain.probabilities and below.confidence == plain.confidence


def test_a_closed_set_is_renormalised(tiny_bundle, voices) -> None:
    (path,) = voices((5.0,))
    chosen = load(tiny_bundle, labels=["sad", "anger", "happy"])
    assert chosen.labels == ("happy", "sad", "angry")  # the model's order, and names that people use
    answer, plain = chosen(path), load(tiny_bundle)(path)
    for part, whole in zip(answer.segments, plain.segments, strict=True):
        kept = np.array([whole.probabilities[label] for label in chosen.labels])
        np.testing.assert_allclose([*part.probabilities.values()], kept / kept.sum(), rtol=1e-4)
    with pytest.raises(UnknownNameError, match=r"no label in this model named 'bored'.*Known: angry, calm"):
        load(tiny_bundle, labels=["sad", "bored"])
    with pytest.raises(BundleError, match="at least two labels"):
        load(tiny_bundle, labels=["sad"])


def test_windows_and_hops_of_ones_own(tiny_bundle, voices) -> None:
    (path,) = voices((10.0,))
    starts = [part.start for part in load(tiny_bundle, window_seconds=2.0)(path).segments]
    assert starts == list(range(9))  # the model's proportion of hop and window is kept
    assert [part.start for part in load(tiny_bundle, window_seconds=4, hop_seconds=3)(path).segments] == [
        0,
        3,
        6,
    ]
    assert len(load(tiny_bundle, window_seconds=60)(path).segments) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_seconds": 0}, "Windows of 0 s"),
        ({"window_seconds": float("nan")}, "Windows of nan s"),
        ({"window_seconds": 1e9}, "Windows of"),
        ({"hop_seconds": 0}, "A hop of 0 s"),
        ({"hop_seconds": 5}, "A hop of 5 s"),
        ({"unsure_below": 1.5}, "unsure_below is 1.5"),
        ({"threads": 0}, "0 threads"),
    ],
)
def test_options_out_of_range_are_refused(tiny_bundle, options, message) -> None:
    with pytest.raises(BundleError, match=message):
        load(tiny_bundle, **options)


def test_the_rate_of_the_model_is_served(tmp_path, voices) -> None:
    telephone = load(write_tiny_bundle(tmp_path / "tiny", sample_rate=8000, labels=("happy", "sad")))
    answer = telephone(voices((6.0,))[0])
    assert answer.duration == pytest.approx(6.0) and set(answer.probabilities) == {"happy", "sad"}


def test_leaving_early_ends_the_work(tiny_bundle, voices) -> None:
    paths = voices((1.0,) * 8)
    before = threading.active_count()
    answers = load(tiny_bundle, threads=2).recognize_files(paths * 50)
    next(answers)
    answers.close()
    assert threading.active_count() == before


def test_the_public_face_leads_here(tiny_bundle, voices) -> None:
    import hearfelt

    assert isinstance(hearfelt.load(tiny_bundle)(voices((1.0,))[0]), hearfelt.Recognition)
    assert isinstance(hearfelt.load(tiny_bundle), hearfelt.Recognizer)


def test_one_line_gives_the_word_alone(tiny_bundle, voices, tmp_path) -> None:
    import hearfelt

    recognizer = hearfelt.load(tiny_bundle)
    for path in voices((1.0, 0.7, 1.4)):
        assert hearfelt.predict_emotion(path, model=tiny_bundle) == recognizer(path).emotion
    assert hearfelt.predict_emotion(np.zeros(16000, np.float32), 16000, model=tiny_bundle) == "no_speech"
    with pytest.raises(hearfelt.HearfeltError, match=r"nowhere\.wav"):
        hearfelt.predict_emotion(tmp_path / "nowhere.wav", model=tiny_bundle)


def test_a_model_that_gives_nonsense_is_not_believed(tmp_path, voices, monkeypatch) -> None:
    broken = load(write_tiny_bundle(tmp_path / "tiny"))
    paths = voices((1.0, 1.0, 1.0))
    real = broken._engine.session

    class Nonsense:
        def run(self, names, feeds):
            (found,) = real.run(names, feeds)
            found[np.abs(feeds["waveform"]).sum(axis=1) > limit] = np.nan
            return [found]

    sums = sorted(float(np.abs(read_audio(path)).sum()) for path in paths)
    limit = (sums[1] + sums[2]) / 2  # only one of the three
    monkeypatch.setattr(broken._engine, "session", Nonsense())
    answers = broken.batch(paths)
    assert sum(isinstance(answer, Failure) for answer in answers) == 1
    assert all("no numbers" in answer.error for answer in answers if isinstance(answer, Failure))


def test_a_variant_answers_as_one_that_was_loaded_so(tiny_bundle, voices) -> None:
    (path,) = voices([7.0])
    options = {"labels": ["happy", "sad", "angry"], "unsure_below": 0.9}
    base = load(tiny_bundle, window_seconds=2.0)
    wanted = load(tiny_bundle, window_seconds=2.0, **options)(path)
    variant = base.variant(**options)
    assert variant(path) == wanted
    assert variant._engine.session is base._engine.session  # nothing was loaded again
    assert base(path) == load(tiny_bundle, window_seconds=2.0)(path)  # the first is as it was
    with pytest.raises(UnknownNameError):
        base.variant(labels=["happy", "joyless"])


def test_blocks_are_heard_as_the_whole(recognizer, voices) -> None:
    (path,) = voices([9.0])
    samples = read_audio(path)
    parts = (samples[start : start + 7001] for start in range(0, samples.size, 7001))
    assert recognizer(parts) == recognizer(samples, 16000)
