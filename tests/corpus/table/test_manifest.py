import attrs
import pytest

from engine.corpus.table.manifest import Clip, Manifest, Quarantined, read_manifest, write_manifest
from engine.errors import UserError

CLIP = Clip(
    id="a/jó",
    path="a/jó.wav",
    sha256="0" * 64,
    num_frames=8_000,
    sample_rate_hz=16_000,
    num_channels=1,
    peak=0.5,
    rms_dbfs=-9.0,
    speaker="somlai",
    text="Jó reggelt! శుభోదయం",
)
BAD = Quarantined(path="b.wav", reason="silent", detail="peak -80 dBFS")
MANIFEST = Manifest(clips=(CLIP,), quarantined=(BAD,))


def test_a_manifest_is_read_back_as_it_was_written(tmp_path):
    write_manifest(MANIFEST, tmp_path)
    assert read_manifest(tmp_path) == MANIFEST


def test_texts_stay_readable_in_the_file(tmp_path):
    write_manifest(MANIFEST, tmp_path)
    assert "Jó reggelt! శుభోదయం" in (tmp_path / "manifest.jsonl").read_text(encoding="utf-8")


def test_a_file_name_that_is_not_utf8_survives(tmp_path):
    odd = attrs.evolve(CLIP, path=b"caf\xe9.wav".decode("utf-8", "surrogateescape"))
    write_manifest(Manifest(clips=(odd,), quarantined=()), tmp_path)
    assert list(read_manifest(tmp_path).clips) == [odd]
    assert len(Manifest(clips=(odd,), quarantined=()).digest) == 64


def test_a_missing_manifest_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"manifest.jsonl is missing. Run 'cantus ingest'"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("change", ["id", "sha256", "speaker", "language", "text", "label"])
def test_what_is_learned_from_changes_the_digest(change):
    other = attrs.evolve(CLIP, **{change: "other"})
    assert Manifest(clips=(other,), quarantined=()).digest != MANIFEST.digest


def test_quarantine_and_measurements_do_not_change_the_digest():
    other = attrs.evolve(CLIP, rms_dbfs=-9.01)
    assert Manifest(clips=(other,), quarantined=()).digest == MANIFEST.digest


def test_seconds_are_frames_over_rate():
    assert CLIP.seconds == 0.5
