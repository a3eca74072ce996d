"""Tables for people: the clips that a recipe uses, and the clips that it leaves out."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from engine.corpus.table.manifest import Clip
from engine.evaluation.ids import escaped
from engine.features.prepared import Table
from engine.systems.rvc.data.clips import VoiceClips
from engine.systems.rvc.data.left_out import WAY_OUT
from engine.systems.rvc.data.recordings import Recordings
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND

_USED = (
    "id",
    "used_for",
    "speaker",
    "seconds",
    "slices",
    "seconds_of_slices",
    "median_f0_hz",
    "voiced_share",
)
_LEFT_OUT = ("id", "reason", "found", "seconds", "speaker", "way_out")
_NOT_CHOSEN = "not chosen"
_CHOSEN_BY = "nothing, or another dataset.split, num_train_clips, num_eval_clips"


def used_table(recordings: Recordings) -> Table:
    """Every clip that is trained on or evaluated, with its measurements."""
    split = recordings.data.split
    sets = {"training": split.train, "evaluation": split.evaluation}
    rows = [
        row
        for purpose, places in sets.items()
        for row in _used_rows(recordings, recordings.clips.only(places), purpose)
    ]
    return Table(_USED, rows)


def left_out_table(recordings: Recordings) -> Table:
    """Every other clip of the corpus, in manifest order: the reason, and what would help."""
    clips = recordings.data.corpus.manifest.clips

    def cells(row: int, reason: str, found: str, way_out: str) -> list[str]:
        clip = clips[row]
        seconds, speaker = f"{clip.seconds:.3f}", clip.speaker or ""
        return [escaped(clip.id), reason, found, seconds, speaker, way_out]

    rows = {
        one.row: cells(one.row, one.reason, one.detail, WAY_OUT[one.reason])
        for one in recordings.left_out
    }
    for row in recordings.unchosen.tolist():
        rows[row] = cells(row, _NOT_CHOSEN, "", _CHOSEN_BY)
    return Table(_LEFT_OUT, [rows[row] for row in sorted(rows)])


def figures(recordings: Recordings) -> list[tuple[str, str]]:
    """The minutes, slices and pitch of the voices, in a few lines."""
    corpus, split, training = recordings.data.corpus, recordings.data.split, recordings.training
    spoken = recordings.spoken
    recorded = sum(corpus.manifest.clips[row].seconds for row in recordings.voices.rows)
    learned = int(spoken.frames.sum()) / FRAMES_A_SECOND
    held_out = int(recordings.evaluation.slices.frames.sum()) / FRAMES_A_SECOND
    silent = len(training) - len(spoken)
    return [
        ("corpus", f"{corpus.folder.name}, {len(recordings.voices.rows):,} clips of the voices"),
        (
            "minutes",
            f"{recorded / 60:.2f} recorded, {learned / 60:.2f} trained on, {held_out / 60:.2f} "
            "held out (slices overlap by 0.3 s)",
        ),
        (
            "clips",
            f"{len(split.train):,} training, {len(split.evaluation):,} evaluation ({split.how})",
        ),
        ("slices", f"{len(spoken):,} training, and {silent:,} of silence"),
        ("parts left out", _parts(recordings)),
        *(("note", note) for note in recordings.methods.notes),
        *_of_voices(recordings),
    ]


def _parts(recordings: Recordings) -> str:
    """Lengths of the parts of the voices' clips that are in no slice, by reason."""
    counts = Counter(one.reason for one in recordings.sliced.dropped)
    return ", ".join(f"{number:,} {reason}" for reason, number in counts.items()) or "none"


def _of_voices(recordings: Recordings) -> Iterator[tuple[str, str]]:
    """Minutes and pitch of each speaker, over training and evaluation."""
    slices = recordings.clips.slices
    for number, name in enumerate(recordings.speaker_names):
        places = np.flatnonzero(slices.speakers == number)
        minutes = int(slices.frames[places].sum()) / FRAMES_A_SECOND / 60
        said = f"{len(places):,} slices, {minutes:.2f} minutes"
        if slices.has_pitch:
            median, share = _pitch([slices.pitch[place] for place in places.tolist()])
            said += f", median pitch {median} Hz, {share} voiced"
        yield f"speaker {number}", f"{name}: {said}" if name else said


def _used_rows(recordings: Recordings, clips: VoiceClips, purpose: str) -> Iterator[list[str]]:
    slices = clips.slices
    for place, row in enumerate(clips.rows.tolist()):
        clip: Clip = recordings.data.corpus.manifest.clips[row]
        own = clips.slices_of(place)
        seconds = int(slices.frames[list(own)].sum()) / FRAMES_A_SECOND
        yield [
            escaped(clip.id),
            purpose,
            recordings.speaker_names[int(slices.speakers[own[0]])],
            f"{clip.seconds:.3f}",
            str(len(own)),
            f"{seconds:.2f}",
            *_pitch([slices.pitch[at] for at in own]),
        ]


def _pitch(hertz: list[np.ndarray]) -> tuple[str, str]:
    """Median pitch of the voiced frames, and their share; '-' where pitch was not measured."""
    frames = np.concatenate([np.zeros(0), *hertz])
    voiced = frames[frames > 0]
    if not len(voiced):
        return "-", "-"
    return f"{np.median(voiced):.1f}", f"{len(voiced) / len(frames):.0%}"
