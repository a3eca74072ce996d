import json

import numpy as np
import pytest
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table, write_clip_table
from engine.evaluation.unit import Unit, differences, unit_of, why_apart
from engine.evaluation.unit_facts import described, published, unit_facts, unit_for, with_units

VISQOL = Unit(
    definition="visqol/visqol 1",
    programs={"visqol-python": "3.8.0", "ai-edge-litert": "2.3.0"},
    weights="4bd031d6" * 8,
    resampler="soxr 1.1.0 HQ",
    sample_rate_hz=16_000,
    parameters={"mode": "speech"},
)
WER = Unit(definition="speech/wer 1", language="hu", weights="ab" * 32)
CHANGES = [
    (
        {"definition": "visqol/visqol 2"},
        "defined as 'visqol/visqol 1' in a and as 'visqol/visqol 2' in b",
    ),
    (
        {"programs": {**VISQOL.programs, "visqol-python": "3.7.1"}},
        "measured with visqol-python 3.8.0 in a and 3.7.1 in b",
    ),
    (
        {"programs": {"visqol": "3.8.0", "ai-edge-litert": "2.3.0"}},
        "measured with visqol-python 3.8.0 in a and with visqol 3.8.0 in b",
    ),
    (
        {"programs": {"visqol-python": "3.8.0"}},
        "measured with ai-edge-litert 2.3.0 in a and with nothing besides in b",
    ),
    ({"weights": "1e8246ed" * 8}, "measured with weights 4bd031d6 in a and 1e8246ed in b"),
    (
        {"resampler": "torchaudio 2.9.0"},
        "resampled by soxr 1.1.0 HQ in a and by torchaudio 2.9.0 in b",
    ),
    ({"resampler": ""}, "resampled by soxr 1.1.0 HQ in a and by nothing in b"),
    ({"sample_rate_hz": 48_000}, "measured at 16,000 Hz in a and at 48,000 Hz in b"),
    ({"language": "hu"}, "measured for no language in a and for hu in b"),
    ({"parameters": {"mode": "audio"}}, "mode is speech in a and audio in b"),
    ({"parameters": {}}, "mode is speech in a and not set in b"),
    ({"made_of": "cd" * 32}, "of other generated clips in a than in b"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_any_other_part_is_another_unit_and_is_said_in_words(change, words):
    other = evolve(VISQOL, **change)
    assert other.digest != VISQOL.digest
    assert [*differences(VISQOL, other, "a", "b")] == [words]
    assert why_apart(VISQOL, other, "a", "b") == words


def test_figures_of_one_unit_may_be_subtracted_however_its_tables_are_ordered():
    same = evolve(VISQOL, programs=dict(reversed(VISQOL.programs.items())))
    assert same.digest == VISQOL.digest
    assert why_apart(VISQOL, same, "a", "b") is None
    assert why_apart(VISQOL, same.digest, "a", "b") is None, "its digest is enough"


def test_figures_whose_unit_is_not_known_may_not_be_subtracted():
    said = why_apart(None, VISQOL, "a", "b")
    assert said.startswith("nothing says how a measured it")
    assert "`cantus measure a`" in said
    assert "how a and b measured it" in why_apart(None, None, "a", "b")
    assert (
        why_apart("one", "two", "a", "b") == "they are measured differently (unit one and unit two)"
    )


def test_a_unit_is_read_as_it_was_written():
    for unit in (VISQOL, WER, Unit(definition="loss", parameters={"weight": 0.25})):
        assert unit_of(json.loads(json.dumps(unit.plain))) == unit
        assert described(unit.digest, {unit.digest: unit.plain}) == unit
    assert described(WER.digest, {}) == WER.digest
    assert described(None, {}) is None


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"definition": 7},
        {"definition": "x", "programs": {"pesq": 1.5}, "weights": 4},
        {"definition": "x", "sample_rate_hz": 1.5},
        {"definition": "x", "programs": ["pesq"]},
        {"definition": "x", "other": "y"},
        {"definition": "of something else"},
    ],
)
def test_a_damaged_unit_is_refused(plain):
    with pytest.raises((TypeError, ValueError)):
        described(WER.digest, {WER.digest: plain})


def test_a_unit_in_words():
    assert VISQOL.in_words == (
        "visqol-python 3.8.0, ai-edge-litert 2.3.0, weights 4bd031d6, mode speech, resampled by "
        "soxr 1.1.0 HQ to 16,000 Hz"
    )
    assert (
        Unit(definition="codec/mel 1", sample_rate_hz=24_000).in_words
        == "codec/mel 1, at 24,000 Hz"
    )


@pytest.mark.parametrize(
    ("metric", "definition"),
    [
        ("eval/visqol", "visqol/visqol 1"),
        ("untrained/visqol", "visqol/visqol 1"),
        ("baseline/mulaw/visqol", "visqol/visqol 1"),
        ("best_by_loss/visqol", "visqol/visqol 1"),
        ("eval/quantizers_2/visqol", "visqol/visqol 1"),
        ("eval/not_stated", "codec/not_stated"),
    ],
)
def test_every_metric_of_an_evaluation_has_a_unit(metric, definition):
    known = {"visqol": VISQOL, "quantizers_<n>/visqol": VISQOL}
    assert unit_for(metric, known, "codec").definition == definition
    assert unit_for(metric.replace(metric.partition("/")[0], "train"), known, "codec") is None


def test_an_event_names_each_unit_and_says_what_it_is():
    facts = unit_facts(["eval/visqol", "train/loss"], {"visqol": VISQOL}, "codec")
    assert facts == {
        "scales": {"visqol": VISQOL.digest},
        "units": {VISQOL.digest: VISQOL.plain},
    }
    entries = published(facts["scales"], facts["units"])
    assert entries[f"units/{entries['scale/visqol']}"] == VISQOL.plain


def test_a_table_of_clips_carries_the_unit_of_each_column(tmp_path):
    digests = np.zeros((2, 32), np.uint8)
    figures = {"best/visqol": np.ones(2), "untrained/visqol": np.zeros(2), "speed": np.ones(2)}
    table = with_units(ClipTable(("a", "b"), digests, figures), {"visqol": VISQOL}, "codec")
    write_clip_table(tmp_path / "clips.tsv", table, remark="of a test")
    found = read_clip_table(tmp_path / "clips.tsv")
    assert found.units == dict.fromkeys(["best/visqol", "untrained/visqol"], VISQOL.digest)
    assert found.figures.keys() == figures.keys()
    text = (tmp_path / "clips.tsv").read_text()
    (tmp_path / "clips.tsv").write_text(text.replace(f"\t{VISQOL.digest}\t", "\t", 1))
    with pytest.raises(UserError, match="does not name a unit for each column"):
        read_clip_table(tmp_path / "clips.tsv")
