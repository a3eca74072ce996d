import faiss
import numpy as np

from engine.systems.rvc.index.of_recordings import export_index
from engine.systems.rvc.index.retrieval import read_note


def test_the_index_holds_what_was_learned_from_and_nothing_that_is_held_out(make_rvc, tmp_path):
    recordings = make_rvc(dataset={"speakers": ()}).recordings
    path = export_index(recordings, tmp_path, "small", "v2")
    index = faiss.read_index(str(path))
    held = index.reconstruct_n(0, index.ntotal)
    split = recordings.data.split
    learned = recordings.clips.only(split.train).slices.content
    assert np.array_equal(held, np.concatenate(learned).astype(np.float32))
    held_out = np.concatenate(recordings.clips.only(split.evaluation).slices.content)
    assert len(held_out) > 20
    assert not (held_out[:, None] == held[None, :, :]).all(-1).any()
    assert len(held) < sum(map(len, recordings.training.content))  # that has slices of silence
    note = read_note(path)
    assert (note.content, note.clips) == (recordings.methods.content.digest, len(learned))
    assert note.vectors == index.ntotal
