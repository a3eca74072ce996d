"""The delay pattern: written by hand once, counts of Higgs Audio's collator, and properties."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED, delayed, delayed_labels, undelayed

HIGGS = Codebooks(num_codebooks=8, codebook_size=1024)


def some_codes(num_frames, books=HIGGS):
    random = torch.Generator().manual_seed(num_frames)
    shape = (num_frames, books.num_codebooks)
    return torch.randint(books.codebook_size, shape, generator=random)


def test_the_released_model_has_1026_entries_in_each_of_its_codebooks():
    assert (HIGGS.bos, HIGGS.eos, HIGGS.num_entries) == (1024, 1025, 1026)


def test_codebook_k_stands_k_columns_later():
    codes = torch.tensor([[1, 2, 3], [4, 5, 6]])
    by_codebook = [[8, 1, 4, 9, 9, 9], [8, 8, 2, 5, 9, 9], [8, 8, 8, 3, 6, 9]]
    assert delayed(codes, bos=8, eos=9).T.tolist() == by_codebook


def test_labels_are_the_codes_and_one_end_of_stream_and_nothing_of_the_fill():
    codes = torch.tensor([[1, 2, 3], [4, 5, 6]])
    no = IGNORED
    by_codebook = [[no, 1, 4, 9, no, no], [no, no, 2, 5, 9, no], [no, no, no, 3, 6, 9]]
    assert delayed_labels(codes, eos=9).T.tolist() == by_codebook


def test_counts_are_those_of_higgs_audios_own_collator():
    codes = some_codes(100)
    labels = delayed_labels(codes, HIGGS.eos)
    assert delayed(codes, HIGGS.bos, HIGGS.eos).shape == (100 + 9, 8) == labels.shape
    assert (labels != IGNORED).sum() == 808 == 8 * (100 + 1)
    assert (labels == HIGGS.eos).sum(0).tolist() == [1] * 8
    assert not (labels == HIGGS.bos).any()


def test_int16_codes_as_they_are_kept_become_int64_columns():
    codes = some_codes(5).to(torch.int16)
    columns, labels = delayed(codes, HIGGS.bos, HIGGS.eos), delayed_labels(codes, HIGGS.eos)
    assert columns.dtype == labels.dtype == torch.int64
    assert columns.equal(delayed(codes.long(), HIGGS.bos, HIGGS.eos))


@given(st.integers(0, 40), st.integers(1, 12), st.integers(2, 2048))
def test_a_label_is_the_columns_own_entry_and_codes_come_back(num_frames, num_codebooks, size):
    books = Codebooks(num_codebooks, size)
    codes = some_codes(num_frames, books)
    columns = delayed(codes, books.bos, books.eos)
    labels = delayed_labels(codes, books.eos)
    asked = labels != IGNORED
    assert undelayed(columns).equal(codes)
    assert columns[asked].equal(labels[asked])
    assert asked.sum(0).tolist() == [num_frames + 1] * num_codebooks
    first = [int(column.nonzero()[0]) for column in asked.T]
    assert first == [1 + k for k in range(num_codebooks)], "codebook k begins k columns later"
    assert ((columns == books.bos).sum(0) == 1 + torch.arange(num_codebooks)).all()
    assert ((columns == books.eos).sum(0) == torch.arange(num_codebooks, 0, -1)).all()


def test_columns_too_few_for_a_clip_are_refused():
    with pytest.raises(ValueError, match="8 columns are too few for 8 codebooks"):
        undelayed(torch.zeros(8, 8, dtype=torch.long))
