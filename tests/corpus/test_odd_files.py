"""Odd files that other projects keep for their own tests; skipped where they are not at hand.

What is odd about each is in their files.csv.
"""

import io
import os
import resource
from pathlib import Path

import pytest

from engine.corpus.audio.decode import quiet_decoders
from engine.corpus.audio.ffmpeg import find_ffmpeg
from engine.corpus.layouts import Candidate
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.measure import measure_file
from engine.corpus.table.manifest import Quarantined

ODD = Path(os.environ.get("CANTUS_ODD_FILES", "no-such-folder"))
pytestmark = pytest.mark.skipif(not ODD.is_dir(), reason="the odd files are not here")

LIMITS = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=8_000)

OUTCOMES = {
    # Odd containers, big-endian, 8 bits, A-law, 8 channels, wrong names, peaks beyond 1.
    "used": """
        aligner/cold_corpus.wav
        aligner/cold_corpus_24bit.wav
        aligner/cold_corpus_32bit_float.wav
        aligner/dummy.mp3
        aligner/dummy.wav
        gcompris/eat.wav
        gcompris/planegame.ogg
        lhotse/common_voice_en_651325.mp3
        lhotse/mono_c0.opus
        lhotse/mono_c0.wav
        lhotse/real_8ch.wav
        lhotse/stereo.opus
        lhotse/stereo.sph
        lhotse/stereo.wav
        mutagen/bad-TYER-frame.mp3
        mutagen/example.opus
        pydub/bach.ogg
        pydub/test1-8bit.wav
        pydub/test3.mp3
        pydub/test5.webm
        pydub/wrong_extension.aac
        scipy/test-44100Hz-be-1ch-4bytes.wav
        scipy/test-44100Hz-le-1ch-4bytes-rf64.wav
        scipy/test-8000Hz-le-2ch-1byteu.wav
        speechbrain/example3.sph
        speechbrain/speech_-0.98894_0_0.14834.flac
        speechbrain/spk1_and_2_snt5.wav
        taglib/alaw.wav
        taglib/bladeenc.mp3
        taglib/infloop.wav
        taglib/invalid-frames1.mp3
        taglib/invalid-frames2.mp3
        taglib/multiplex.ogg
        taglib/sinewave.flac
        taglib/uint8we.wav
        wake_words/126.flac
        wake_words/129.flac
        wake_words/144.flac
        wake_words/229.flac
        wake_words/273.flac
        wake_words/274.flac
        wake_words/275.flac
        wake_words/32.flac
        wake_words/33.flac
        wake_words/34.flac
    """,
    # Text, pointers, tags without audio, chunks cut off or invalid, bit depths nobody decodes, an
    # Ogg page with a wrong checksum, raw samples without a header.
    "unreadable": """
        hound/crash-cbd757427cea12bd8a21f86cd8cf74d98ce56bee.wav
        hound/oom-48ae4cd061ff8578ad3f23dc87624bd365cf5216.wav
        lfs_pointers/voice_01.wav
        lyra/invalid.wav
        mutagen/52-too-short-block-size.flac
        mutagen/bad-POPM-frame.mp3
        mutagen/too-short.mp3
        scipy/test-44100Hz-le-1ch-4bytes-incomplete-chunk.wav
        scipy/test-8000Hz-le-3ch-5S-36bit.wav
        scipy/test-8000Hz-le-3ch-5S-45bit.wav
        scipy/test-8000Hz-le-3ch-5S-53bit.wav
        speechbrain/example4.raw
        taglib/compressed_id3_frame_invalid.mp3
        taglib/excessive_alloc.aif
        taglib/excessive_alloc.mp3
        taglib/invalid-chunk.wav
        taglib/lowercase-fields.ogg
        taglib/no-tags.webm
        taglib/segfault.aif
        taglib/w000.mp3
    """,
    # Cut by those who keep them, to save room: the FLACs end in their first frames, the MP3s within
    # a frame.
    "truncated": """
        mutagen/52-overwritten-metadata.flac
        mutagen/bad-xing.mp3
        mutagen/flac_application.flac
        mutagen/id3v22-test.mp3
        mutagen/variable-block.flac
        mutagen/vbri.mp3
        scipy/test-44100Hz-le-1ch-4bytes-early-eof.wav
        taglib/empty-seektable.flac
        taglib/id3v22-tda.mp3
        taglib/invalid-frames3.mp3
        taglib/lame_cbr.mp3
        taglib/lame_vbr.mp3
        taglib/mpeg2.mp3
        taglib/rare_frames.mp3
        taglib/xing.mp3
    """,
    # MP3s of which only the start is there, cut between frames, and one that promises 2**63 - 1.
    "header disagrees": """
        mutagen/apev2-lyricsv2.mp3
        mutagen/lame397v9short.mp3
        taglib/garbage.mp3
        taglib/toc_many_children.mp3
    """,
    # No bytes, no frames behind the tags, no samples behind the header.
    "empty": """
        mutagen/emptyfile.mp3
        pydub/test1_empty.wav
        taglib/itunes10.mp3
    """,
    # Whole, and of 1 to 4,281 frames.
    "too short": """
        hound/nonstandard-01.wav
        hound/nonstandard-02.wav
        hound/pcmwaveformat-8bit-44100Hz-mono.wav
        hound/waveformatex-16bit-44100Hz-mono-extra.wav
        hound/waveformatex-16bit-44100Hz-mono.wav
        hound/waveformatex-8bit-11025Hz-mono.wav
        hound/waveformatex-ieeefloat-44100Hz-mono.wav
        hound/waveformatextensible-24bit-4byte-48kHz-stereo.wav
        hound/waveformatextensible-32bit-48kHz-stereo.wav
        hound/waveformatextensible-ieeefloat-44100Hz-mono.wav
        mutagen/lame-peak.mp3
        mutagen/lame.mp3
        mutagen/no-tags.mp3
        scipy/test-44100Hz-2ch-32bit-float-be.wav
        scipy/test-48000Hz-2ch-64bit-float-le-wavex.wav
        scipy/test-8000Hz-le-1ch-1byte-ulaw.wav
        scipy/test-8000Hz-le-3ch-5S-24bit-inconsistent.wav
        scipy/test-8000Hz-le-3ch-5S-24bit-rf64.wav
        scipy/test-8000Hz-le-3ch-5S-64bit.wav
        scipy/test-8000Hz-le-4ch-9S-12bit.wav
        scipy/test-8000Hz-le-5ch-9S-5bit.wav
        taglib/duplicate_id3v2.aiff
        taglib/float64.wav
        taglib/noise.aif
        taglib/noise_odd.aif
        taglib/rf64.wav
        taglib/zero-size-chunk.wav
    """,
    "sample rate too low": """
        scipy/test-1234Hz-le-1ch-10S-20bit-extra.wav
        taglib/duplicate_tags.wav
        taglib/pcm_with_fact_chunk.wav
    """,
    # Some hold a bit of dither, 90 dB below full scale; one Opus file is at -71 dB.
    "silent": """
        applio/mute.wav
        mutagen/11k-1ch-2s-silence.aif
        mutagen/48k-2ch-s16-silence.aif
        mutagen/8k-1ch-3.5s-silence.aif
        mutagen/97-unknown-23-update.mp3
        mutagen/audacious-trailing-id32-id31.mp3
        mutagen/multipagecomment.ogg
        mutagen/silence-2s-PCM-16000-08-ID3v23.wav
        mutagen/silence-2s-PCM-16000-08-notags.wav
        mutagen/silence-44-s-mpeg2.mp3
        mutagen/silence-44-s-mpeg25.mp3
        mutagen/silence-44-s-v1.mp3
        taglib/ape-id3v1.mp3
        taglib/ape-id3v2.mp3
        taglib/ape.mp3
        taglib/correctness_gain_silent_output.opus
        taglib/duplicate_id3v2.mp3
        taglib/empty1s.aac
        taglib/empty_flac.oga
        taglib/multiple-vc.flac
        taglib/no-tags.flac
        taglib/silence-44-s.flac
        taglib/test.ogg
        taglib/zero-sized-padding.flac
    """,
}

# Sound ones that libsndfile refuses, and FLACs of which it cannot tell why it fails. Without
# FFmpeg all of them are unreadable.
_NEED_FFMPEG = """
    mutagen/52-overwritten-metadata.flac mutagen/flac_application.flac mutagen/variable-block.flac
    pydub/bach.ogg pydub/test5.webm pydub/wrong_extension.aac
    scipy/test-8000Hz-le-3ch-5S-64bit.wav taglib/empty-seektable.flac taglib/empty1s.aac
    taglib/empty_flac.oga taglib/multiplex.ogg wake_words/126.flac wake_words/129.flac
    wake_words/144.flac wake_words/229.flac wake_words/273.flac wake_words/274.flac
    wake_words/275.flac wake_words/32.flac wake_words/33.flac wake_words/34.flac
"""
NEED_FFMPEG = _NEED_FFMPEG.split()


def expected(*, with_ffmpeg):
    outcomes = {path: outcome for outcome, paths in OUTCOMES.items() for path in paths.split()}
    return outcomes if with_ffmpeg else outcomes | dict.fromkeys(NEED_FFMPEG, "unreadable")


def measured():
    results = {}
    with quiet_decoders():
        for path in expected(with_ffmpeg=True):
            [result] = measure_file(ODD, [Candidate(path=path)], LIMITS, {16_000: io.BytesIO()})
            results[path] = result
    return results


def outcomes(results):
    return {
        path: result.reason if isinstance(result, Quarantined) else "used"
        for path, result in results.items()
    }


@pytest.fixture(scope="module")
def results():
    if find_ffmpeg() is None:
        pytest.skip("FFmpeg is not on PATH")
    return measured()


def test_every_file_is_expected_somewhere():
    files = {path.relative_to(ODD).as_posix() for path in ODD.rglob("*") if path.is_file()}
    assert files - {"README.md", "files.csv"} == set(expected(with_ffmpeg=True))


def test_every_odd_file_is_used_or_quarantined_for_what_is_odd(results):
    assert outcomes(results) == expected(with_ffmpeg=True)


def test_without_ffmpeg_nothing_else_changes(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    results = measured()
    assert outcomes(results) == expected(with_ffmpeg=False)
    assert all("install it" in results[path].detail for path in NEED_FFMPEG)


def test_no_header_that_lies_costs_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measured()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KiB


def test_what_is_used_is_as_long_as_the_file_is(results):
    frames = {
        path: result.clip.num_frames
        for path, result in results.items()
        if not isinstance(result, Quarantined)
    }
    assert frames["wake_words/126.flac"] == 31_040
    assert frames["pydub/test5.webm"] == 71_040
    assert frames["lhotse/real_8ch.wav"] == 1_600
    assert frames["taglib/infloop.wav"] == 14_083
