import pytest
import torch

from engine.errors import UserError
from engine.system_support.each_file import Job, each_file, jobs_for


@pytest.fixture
def jobs(tmp_path):
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    return jobs_for(sorted(tmp_path.glob("*.txt")), tmp_path / "out", ".up")


def louder(job, moved):
    moved(0.5)
    if job.source.name == "b.txt":
        raise UserError("it is b")
    job.target.write_text(job.source.read_text().upper())
    return "louder"


def test_one_that_fails_is_named_and_the_others_are_done(tmp_path, jobs, capsys):
    tally = each_file(jobs, "making", louder, force=False)
    assert (tally.done, tally.kept, tally.failed, tally.code) == (2, 0, 1, 2)
    told = capsys.readouterr()
    assert told.out.splitlines() == [f"{tmp_path}/out/{name}.up: louder" for name in "ac"]
    assert told.err == f"error: {tmp_path}/b.txt: it is b\n"
    assert (tmp_path / "out" / "a.up").read_text() == "A.TXT"


def test_what_is_there_is_refused_or_kept_or_made_anew(tmp_path, jobs):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.up").write_text("old")
    chosen = [jobs[0], jobs[2]]
    assert each_file(chosen[:1], "making", louder, force=False).failed == 1
    tally = each_file(chosen, "making", louder, force=False, keep=True)
    assert (tally.done, tally.kept, tally.code) == (1, 1, 0)
    assert (tmp_path / "out" / "a.up").read_text() == "old"
    assert each_file(chosen, "making", louder, force=True, keep=True).done == 2
    assert (tmp_path / "out" / "a.up").read_text() == "A.TXT"


def test_two_that_would_become_one_are_refused_before_any_is_done(tmp_path, jobs):
    twice = [jobs[0], Job(jobs[2].source, jobs[0].target)]
    with pytest.raises(UserError, match="Several of the files would become"):
        each_file(twice, "making", louder, force=False)
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
    tmp_path, jobs, capsys, error, said
):
    def fails_at_b(job, moved):
        if job.source.name == "b.txt":
            raise error
        return louder(job, moved)

    tally = each_file(jobs, "making", fails_at_b, force=False)
    assert (tally.done, tally.failed, tally.code) == (2, 1, 2)
    assert capsys.readouterr().err == f"error: {tmp_path}/b.txt: {said}\n"


def test_a_mistake_of_the_code_is_no_files_fault(jobs):
    def mistaken(job, moved):
        raise TypeError("a mistake")

    with pytest.raises(TypeError, match="a mistake"):
        each_file(jobs, "making", mistaken, force=False)
