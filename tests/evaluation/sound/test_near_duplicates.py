import numpy as np
import pytest

from engine.corpus.measure.fingerprint import Fingerprint
from engine.evaluation.sound import near_duplicates as module
from engine.evaluation.sound.landmarks import LANDMARK, Fingerprints, landmarks_of
from engine.evaluation.sound.near_duplicates import near_duplicates, near_duplicates_within
from tests.made_sounds import RATE_HZ, at_speed, narrow, syllables, with_noise


def table(*clips, rate=RATE_HZ):
    tables = []
    for number, samples in enumerate(clips):
        fingerprint = Fingerprint(rate)
        fingerprint.add(np.asarray(samples, np.float32))
        tables.append(fingerprint.finish())
        tables[-1]["clip"] = number
    return np.concatenate(tables)


def pairs_of(found):
    return [(int(row["clip"]), int(row["other"])) for row in found]


CLIPS = [syllables(seed, 1.0 + 2.0 * (seed % 2)) for seed in range(16)]
KNOWN = table(*CLIPS)
THEMSELVES = [(number, number) for number in range(len(CLIPS))]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: 0.05 * one,
        lambda one: with_noise(one, 20),
        lambda one: narrow(one),
        lambda one: at_speed(one, 0.97),
        lambda one: at_speed(one, 1.03),
        lambda one: np.concatenate([np.zeros(4_000), one, np.zeros(700)]),
        lambda one: np.round(one * 128) / 128,
        lambda one: 0.1 * with_noise(at_speed(narrow(one), 1.02), 20),
    ],
    ids=["gain", "noise", "8 kHz", "slower", "faster", "delay", "8 bits", "several"],
)
def test_a_clip_is_found_after_a_change_and_no_other_is(change):
    found = near_duplicates(table(*map(change, CLIPS)), KNOWN)
    assert pairs_of(found) == THEMSELVES
    assert (found["agreement"] > 0.88).all()


def test_a_part_of_a_clip_is_found_in_the_whole():
    part = CLIPS[1][int(0.3 * RATE_HZ) : int(2.4 * RATE_HZ)]
    assert pairs_of(near_duplicates(table(part), KNOWN)) == [(0, 1)]


def test_a_clip_of_another_rate_is_found():
    again = np.repeat(CLIPS[3], 3)  # at 48 kHz
    assert pairs_of(near_duplicates(table(again, rate=3 * RATE_HZ), KNOWN)) == [(0, 3)]


def test_within_a_table_each_pair_comes_once_the_later_clip_first():
    found = near_duplicates_within(table(CLIPS[0], CLIPS[2], 0.1 * CLIPS[0], 0.2 * CLIPS[0]))
    assert pairs_of(found) == [(2, 0), (3, 0), (3, 2)]


def test_clips_are_compared_part_by_part_with_the_same_result(monkeypatch):
    changed = table(*[with_noise(one, 20) for one in CLIPS])
    whole = near_duplicates(changed, KNOWN)
    monkeypatch.setattr(module, "_LANDMARKS_AT_ONCE", 7)
    assert np.array_equal(near_duplicates(changed, KNOWN), whole)


def test_the_same_syllables_in_another_order_are_another_clip():
    first, second, third = (syllables(seed, 1.2) for seed in (31, 32, 33))
    one, other = np.concatenate([first, second, third]), np.concatenate([third, first, second])
    share = near_duplicates(table(one), table(other))
    assert all(row["found"] < row["of"] for row in share)


def test_tones_silence_and_noise_are_no_near_duplicates():
    times = np.arange(RATE_HZ) / RATE_HZ
    tones = [0.3 * np.sin(2 * np.pi * hertz * times) for hertz in (300, 440, 1000, 2500)]
    noises = [0.1 * np.random.default_rng(seed).standard_normal(RATE_HZ) for seed in range(4)]
    assert pairs_of(near_duplicates_within(table(*tones, *noises, np.zeros(RATE_HZ)))) == []


def test_clips_without_landmarks_are_like_nothing():
    none = np.empty(0, LANDMARK)
    assert len(near_duplicates(none, KNOWN)) == len(near_duplicates(KNOWN, none)) == 0
    assert len(near_duplicates_within(none)) == 0


def test_landmarks_of_some_clips_are_numbered_by_their_places():
    some = landmarks_of(KNOWN, np.array([2, 5]), LANDMARK)
    assert np.array_equal(np.unique(some["clip"]), [0, 1])
    assert np.array_equal(some["codes"], KNOWN["codes"][np.isin(KNOWN["clip"], [2, 5])])
    known = Fingerprints(KNOWN, np.array([2, 5, 7]))
    assert known.places_of(np.array([7, 3, 2])).tolist() == [2, -1, 0]
    joined = Fingerprints.joined([known, Fingerprints(KNOWN, np.array([1]))])
    assert np.unique(joined.landmarks["clip"]).tolist() == [0, 1, 2, 3]
