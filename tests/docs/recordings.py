"""Recordings of one voice, as a reader of the pages might have them: `python -m ... FOLDER`.

Thirty English sentences by espeak-ng, in an LJSpeech layout: wavs/ and metadata.csv.
"""

import sys
from pathlib import Path

import soundfile

from engine.corpus.builtin.espeak import SAMPLE_RATE_HZ, Espeak

_WHO = (
    "the baker",
    "a young teacher",
    "our neighbour",
    "the tall sailor",
    "my sister",
    "the judge",
)
_WHAT = (
    "opens the door before seven in the morning",
    "reads an old letter at the window",
    "waits for the last train to the coast",
    "sells bread and apples on the square",
    "walks home along the quiet river",
)


def make_recordings(folder: Path) -> None:
    """Write them."""
    (folder / "wavs").mkdir(parents=True)
    speaker = Espeak()
    rows = []
    for number, text in enumerate(f"{who} {what}." for who in _WHO for what in _WHAT):
        samples = speaker.say(text, voice="en-us+f2", rate=150)
        soundfile.write(folder / "wavs" / f"clip_{number:02}.wav", samples, SAMPLE_RATE_HZ)
        sentence = text[0].upper() + text[1:]
        rows.append(f"clip_{number:02}|{sentence}|{sentence}\n")
    (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    make_recordings(Path(sys.argv[1]))
