import numpy as np
import torch

from engine.systems.vqvae.data.dataset import corpus_mels


def test_a_batch_is_float32_decibels_twice_the_same_tensor(make_system):
    clips = make_system().train_clips
    batch = clips.batch([0, 2], np.random.default_rng(0))
    assert batch.keys() == {"mel_db", "target_db"}
    assert batch["mel_db"] is batch["target_db"]
    assert batch["mel_db"].shape == (2, 1, 128, 32)
    assert batch["mel_db"].dtype == torch.float32


def test_kept_mels_are_those_of_the_audio_to_half_precision(make_system):
    system = make_system()
    rows = system.eval_clips.rows.tolist()
    waves = [system.front_end.cut(system.packed.read(row)) for row in rows]
    computed = system.front_end.mel_db(torch.from_numpy(np.stack(waves)))
    assert (system.eval_clips.mel_db(range(len(rows))) - computed).abs().max() < 0.04


def test_clips_are_in_manifest_order_and_equally_long(make_system):
    system = make_system()
    order = [clip.id for clip in system.corpus.manifest.clips]
    assert list(system.train_clips.ids) == [id_ for id_ in order if id_ in system.train_clips.ids]
    assert not set(system.train_clips.ids) & set(system.eval_clips.ids)
    assert set(system.train_clips.lengths) == {16_000}
    assert len(system.train_clips) == len(system.train_clips.lengths)


def test_clips_know_where_in_which_file_they_lie(make_system):
    system = make_system()
    clips = [system.corpus.manifest.clips[row] for row in system.split.train.tolist()]
    spans = system.train_clips.spans
    assert len(set(spans["file"].tolist())) == len({clip.file_sha256 for clip in clips})
    assert spans["stop"].tolist() == [clip.start_seconds + clip.seconds for clip in clips]


def test_mels_are_computed_once_and_again_for_another_window(make_system, tmp_path):
    system = make_system()
    loudest = make_system(window="loudest")
    for _ in range(2):
        first = corpus_mels(system.corpus, system.front_end, tmp_path)
        other = corpus_mels(system.corpus, loudest.front_end, tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 2
    assert not np.array_equal(first, other)
    assert np.isfinite(first).all()
