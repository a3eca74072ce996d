"""Texts in lines of an id and words."""

import pytest


def write(folder, path, *lines):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def facts(listing):
    return {one.path: (one.text, one.speaker, one.listed) for one in listing.candidates}


def test_aishell_has_one_file_of_texts_speakers_as_folders_and_lists(tmp_path, tone, look):
    for place in ("train/S0002/BAC009S0002W0122", "test/S0764/BAC009S0764W0121"):
        tone(tmp_path / "wav" / f"{place}.wav")
    lines = ("BAC009S0002W0122 而 对 楼市", "BAC009S0764W0121 甚至出现")
    write(tmp_path, "transcript/aishell_transcript_v0.8.txt", *lines)
    listing = look(tmp_path)
    assert listing.layout == "prompts"
    assert facts(listing) == {
        "wav/test/S0764/BAC009S0764W0121.wav": ("甚至出现", "S0764", "test"),
        "wav/train/S0002/BAC009S0002W0122.wav": ("而 对 楼市", "S0002", "train"),
    }
    assert listing.passed_over == {}


def test_cmu_arctic_has_texts_in_brackets_and_the_same_names_for_each_speaker(tmp_path, tone, look):
    for speaker, words in (("bdl", 'He said \\"no\\".'), ("slt", "She did not.")):
        top = tmp_path / f"cmu_us_{speaker}_arctic"
        tone(top / "wav" / "arctic_a0001.wav")
        write(top, "etc/txt.done.data", f'( arctic_a0001 "{words}" )')
    assert facts(look(tmp_path)) == {
        "cmu_us_bdl_arctic/wav/arctic_a0001.wav": ('He said "no".', "bdl", None),
        "cmu_us_slt_arctic/wav/arctic_a0001.wav": ("She did not.", "slt", None),
    }


def test_jsut_has_a_colon_behind_the_id(tmp_path, tone, look):
    tone(tmp_path / "basic5000" / "wav" / "BASIC5000_0001.wav")
    write(tmp_path, "basic5000/transcript_utf8.txt", "BASIC5000_0001:水をマレーシアから:買う")
    text = ("水をマレーシアから:買う", None, None)
    assert facts(look(tmp_path)) == {"basic5000/wav/BASIC5000_0001.wav": text}


@pytest.mark.parametrize("top", ["", "voxforge/"])
def test_voxforge_names_the_features_of_its_files(tmp_path, tone, look, top):
    for speaker in ("anna-2010", "bela-2011"):
        tone(tmp_path / f"{top}{speaker}" / "wav" / "a0001.wav")
        line = f"{speaker}/mfc/a0001 THE WORDS OF {speaker}"
        write(tmp_path, f"{top}{speaker}/etc/PROMPTS", line)
    assert facts(look(tmp_path)) == {
        f"{top}{speaker}/wav/a0001.wav": (f"THE WORDS OF {speaker}", None, None)
        for speaker in ("anna-2010", "bela-2011")
    }


def test_names_of_speakers_are_never_texts_and_the_file_is_named(tmp_path, tone, look):
    for name in ("a1", "a2", "a3"):
        tone(tmp_path / f"{name}.wav")
    write(tmp_path, "who.txt", "a1 anna", "a2 bela", "a3 cili")
    listing = look(tmp_path)
    assert [text for text, _, _ in facts(listing).values()] == [None] * 3
    (one,) = listing.passed_over.values()
    assert (one.number, one.examples) == (1, ("who.txt",))


@pytest.mark.parametrize("line", ["Some words about it", "b1 words of another corpus", ""])
def test_other_texts_are_other_files(tmp_path, tone, look, line):
    tone(tmp_path / "a1.wav")
    write(tmp_path, "notes.txt", line)
    listing = look(tmp_path)
    assert (listing.layout, list(listing.passed_over)) == ("folder", [".txt files"])


def test_a_line_without_a_file_is_quarantined_with_its_place(tmp_path, tone, look):
    tone(tmp_path / "wav" / "a1.wav")
    tone(tmp_path / "wav" / "a2.wav", hz=300)
    write(tmp_path, "prompts.txt", "a1 some words", "a2 more of them", "a9 and not there")
    assert [one.detail for one in look(tmp_path).missing] == [
        "named in prompts.txt line 3, but not there"
    ]
