"""Which clips are compared, and tests that reveal nothing."""

import json
from itertools import pairwise

import pytest
import soundfile

from engine.errors import UserError
from engine.listening.build import AUDIO, Options, build_test
from engine.listening.listening_test import ANCHOR, REFERENCE, public, read_test
from engine.listening.material import common_clips, material_of
from engine.listening.places import find_or_build
from engine.listening.static_folder import write_static
from engine.project import Project
from engine.system_support.finished_run import finished_run
from tests.listening.made import make_listenable


@pytest.fixture
def materials(tmp_path):
    """Make runs and take up what can be listened to in them."""

    def materials(*noises, **more):
        for place, noise in enumerate(noises):
            make_listenable(tmp_path, f"run_{place}", noise, **more)
        project = Project(tmp_path)
        return [material_of(finished_run(project, f"run_{k}")) for k in range(len(noises))]

    return materials


def test_the_first_part_that_the_weights_made_is_compared_with_the_original(materials):
    clips = common_clips(materials(0.01, 0.05))
    assert [clip.name for clip in clips] == ["01_yes", "02_<b>up</b>", "03_\u202edown"]
    assert {clip.versions[1].name for clip in clips} == {
        "0_decoded_8.wav",
        "1_decoded_8.wav",
        "2_decoded_8.wav",
    }
    assert clips[0].reference.name == "0_original.wav"


def test_captions_that_differ_are_not_shown(materials, tmp_path):
    materials(0.01, captions=lambda part: f"{part} by run_0")
    make_listenable(tmp_path, "run_1", 0.05, captions=lambda part: f"{part} by run_1")
    both = [material_of(finished_run(Project(tmp_path), name)) for name in ("run_0", "run_1")]
    assert {clip.text for clip in common_clips(both)} == {""}


def test_other_recordings_under_one_name_are_not_the_same_clip(materials, tmp_path):
    materials(0.01)
    make_listenable(tmp_path, "run_1", 0.05, rate_hz=24_000)
    both = [material_of(finished_run(Project(tmp_path), name)) for name in ("run_0", "run_1")]
    with pytest.raises(UserError, match="run_0, run_1 have no clip in common"):
        common_clips(both)


def test_runs_that_made_the_same_are_not_compared(materials):
    with pytest.raises(UserError, match="in common are identical"):
        common_clips(materials(0.05, 0.05))


def test_a_run_without_samples_is_a_sentence(materials):
    with pytest.raises(UserError, match=r"run_0 has no audio samples .*samples\.num_clips"):
        materials(0.05, clips=())


def test_files_that_are_gone_are_counted(materials, tmp_path):
    materials(0.01, 0.05)
    (tmp_path / "models/run_1/samples/0_decoded_8.wav").unlink()
    both = [material_of(finished_run(Project(tmp_path), name)) for name in ("run_0", "run_1")]
    folder = tmp_path / "listening/t"
    test = build_test(folder, both, common_clips(both), Options())
    assert "The files of 1 samples of run_1 are missing." in test.notes


def test_six_runs_meet_in_pairs(materials, tmp_path):
    six = materials(0.01, 0.02, 0.03, 0.04, 0.05, 0.06)
    test = build_test(tmp_path / "listening/t", six, common_clips(six), Options())
    assert {len(one.stimuli) for one in test.ratings} == {8}
    pairs = [frozenset(one.sources) for one in test.comparisons if not one.is_control]
    assert len({*pairs}) == 3
    assert sum(one.is_control for one in test.comparisons) == 3


def test_each_rating_has_hidden_reference_and_anchor_where_there_is_a_recording(test):
    for one in test.ratings:
        sources = sorted(one.stimuli.values())
        assert sources == ["0", "1", ANCHOR, *([REFERENCE] if one.reference else [])]
    assert [one.reference is None for one in test.ratings].count(True) == 1
    assert any(note.startswith("The anchor ends at 3,500 Hz") for note in test.notes)
    assert any("1 of 4 clips have no reference recording" in note for note in test.notes)


def test_files_names_sizes_and_dates_tell_nothing(test, folder):
    files = list((folder / AUDIO).iterdir())
    assert {path.stem for path in files} == {*test.files}
    assert {path.stat().st_mtime for path in files} == {0.0}
    for trial in [*test.ratings, *test.comparisons]:
        ids = trial.stimuli if trial in test.ratings else [trial.a, trial.b, *trial.x]
        found = [folder / AUDIO / f"{name}.wav" for name in ids]
        assert len({path.stat().st_size for path in found}) == 1
        assert len({soundfile.info(path).samplerate for path in found}) == 1
        assert len({path.read_bytes() for path in found}) == len(found)


def test_the_page_knows_random_ids_in_an_order_of_their_own(test):
    shown = json.dumps(public(test))
    for secret in ("codec_a", "codec_b", ANCHOR, "identity", "sources"):
        assert secret not in shown
    lists = [trial["stimuli"] for trial in public(test)["ratings"]]
    assert all(first < second for ids in lists for first, second in pairwise(ids))


def test_the_same_runs_go_on_with_the_same_test_and_others_get_another(materials, tmp_path):
    project, both = Project(tmp_path), materials(0.01, 0.05)
    first = find_or_build(project, both, Options(), None)
    assert find_or_build(project, both, Options(), None) == first
    again = find_or_build(project, both, Options(seed=2), None)
    assert (first.name, again.name) == ("run_0-run_1", "run_0-run_1_2")
    with pytest.raises(UserError, match="answers of two tests are never mixed"):
        find_or_build(project, both, Options(abx=False), "run_0-run_1")
    next((first / AUDIO).iterdir()).unlink()
    with pytest.raises(UserError, match=r"1 audio files of .* are missing"):
        find_or_build(project, both, Options(), None)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "a b", "<b>"])
def test_a_name_that_leads_elsewhere_is_an_error(materials, tmp_path, name):
    with pytest.raises(UserError, match="is not a valid name of a test"):
        find_or_build(Project(tmp_path), materials(0.01, 0.05), Options(), name)
    assert not (tmp_path / "listening").exists()


def test_a_folder_that_holds_something_is_not_overwritten(test, folder, tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "mine").touch()
    with pytest.raises(UserError, match="not empty"):
        write_static(test, folder, tmp_path / "page")
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"runs": 3},
        {"scales": ["loud"]},
        {"scales": []},
        {"ratings": [{"id": "x"}]},
        {"ratings": [{"id": "x", "clip": "", "text": "", "reference": "../../etc", "stimuli": {}}]},
    ],
)
def test_a_damaged_test_is_a_sentence(folder, change):
    path = folder / "test.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=r"test\.json"):
        read_test(folder)
