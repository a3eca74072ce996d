import pytest
import torch

from engine.errors import UserError
from engine.system_support.each_file import each_file, nothing_left
from engine.system_support.file_jobs import Kind, find_jobs

TEXTS = Kind("texts", lambda path: path.suffix == ".txt")


@pytest.fixture
def batch(tmp_path):
    """Makes the batch of three files: of the folder, or of the files by their names."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text(name)

    def batch(*names, force=False):
        sources = [folder / name for name in names] or [folder]
        return find_jobs(sources, tmp_path / "out", ".up", force=force, kind=TEXTS)

    return batch


def louder(job, moved):
    moved(0.5)
    if job.source.name == "b.txt":
        raise UserError("it is b")
    job.target.write_text(job.source.read_text().upper())
    return "louder"


def make(batch, work=louder):
    return each_file(batch, "making", "made", work)


def test_one_that_fails_is_named_and_the_others_are_done(tmp_path, batch, capsys):
    assert make(batch()) == 2
    told = capsys.readouterr()
    lines = [f"{tmp_path}/out/{name}.up: louder" for name in "ac"]
    assert told.out.splitlines() == [*lines, "2 made; 1 failed"]
    assert told.err == f"error: {tmp_path}/in/b.txt: it is b\n"
    assert (tmp_path / "out" / "a.up").read_text() == "A.TXT"


def test_what_exists_is_refused_of_a_file_and_kept_of_a_folder(tmp_path, batch, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.up").write_text("old")
    named = batch("a.txt")
    assert (nothing_left(named, "made"), named.code) == (True, 2)
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/out/a.up exists already: --force overwrites it.\n"
    )
    assert make(batch("a.txt", "c.txt")) == 2
    assert capsys.readouterr().out.splitlines()[-1] == "1 made; 1 failed"
    (tmp_path / "in" / "b.txt").unlink()
    whole = batch()
    assert (nothing_left(whole, "made"), whole.code) == (True, 0)
    kept = "0 made; 2 existing kept (--force overwrites them)\n"
    assert capsys.readouterr().out == kept
    assert (tmp_path / "out" / "a.up").read_text() == "old"
    assert make(batch(force=True)) == 0
    assert (tmp_path / "out" / "a.up").read_text() == "A.TXT"


def test_a_folders_files_are_found_below_it_in_order_and_others_counted(tmp_path, batch, capsys):
    for name in ("deep/er/z.txt", "deep/notes.md", ".hidden/a.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("z")
    found = batch()
    names = [job.target.relative_to(tmp_path / "out").as_posix() for job in found.jobs]
    assert names == ["a.up", "b.up", "c.up", "deep/er/z.up"]
    assert found.ignored == 1
    beside = find_jobs([tmp_path / "in/deep"], None, ".up", force=False, kind=TEXTS)
    assert [job.target for job in beside.jobs] == [tmp_path / "in/deep/er/z.up"]


def test_what_cannot_be_done_at_all_is_refused_before_any_is_done(tmp_path, batch):
    (tmp_path / "in" / "sub").mkdir()
    (tmp_path / "in" / "sub" / "a.txt").write_text("a")
    (tmp_path / "file").write_text("")
    folder = tmp_path / "in"
    for sources, output, said in (
        ([folder / "a.txt", folder / "sub/a.txt"], tmp_path / "out", "2 of the files would become"),
        ([folder], tmp_path / "file", "name an output folder"),
    ):
        with pytest.raises(UserError, match=said):
            find_jobs(sources, output, ".up", force=False, kind=TEXTS)
    with pytest.raises(UserError, match="holds no audio files"):
        find_jobs([folder], None, ".dac", force=False)
    for output in (None, folder, folder / "sub"):
        with pytest.raises(UserError, match="output would lie in"):
            find_jobs([folder], output, ".wav", force=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), "OutOfMemoryError: CUDA out of memory."),
        (RuntimeError("Error in faiss"), "RuntimeError: Error in faiss"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_one_that_memory_or_a_library_fails_is_named_with_the_kind_of_error(
    tmp_path, batch, capsys, error, said
):
    def fails_at_b(job, moved):
        if job.source.name == "b.txt":
            raise error
        return louder(job, moved)

    assert make(batch(), fails_at_b) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/in/b.txt: {said}\n"


def test_a_mistake_of_the_code_is_no_files_fault(batch):
    def mistaken(job, moved):
        raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        make(batch(), mistaken)
