import errno

import pytest

from engine.errors import UserError
from engine.files.disk import in_words, refusals_in_words, require_space


class RustError(Exception):
    """How safetensors tells of the system's refusals."""


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, "No space", "runs/a"), "runs/a could not be written: no space left"),
        (OSError(errno.EROFS, "Read-only", b"runs/a"), "runs/a could not .*Make it writable, then"),
        (PermissionError(errno.EACCES, "No", "a"), "a could not .*Make it writable for you"),
        (OSError(errno.EFBIG, "Too large"), "A file could not .*ulimit -f"),
        (RustError("I/O error: (os error 28)"), "A file could not be written: no space left"),
    ],
)
def test_a_refusal_of_the_disk_names_the_file_and_what_to_do(tmp_path, error, expected):
    with pytest.raises(UserError, match=expected), refusals_in_words("A file", tmp_path):
        fail(error)


def test_a_refusal_behind_another_error_is_found(tmp_path):
    vague = RuntimeError("unexpected pos 1856 vs 1750")
    vague.__cause__ = OSError(errno.ENOSPC, "No space")
    with pytest.raises(UserError, match="no space left"), refusals_in_words("A file", tmp_path):
        fail(vague)


@pytest.mark.parametrize("error", [KeyError("a"), RuntimeError("b"), FileNotFoundError(2, "c")])
def test_other_errors_stay_what_they_are(tmp_path, error):
    with pytest.raises(type(error)), refusals_in_words("A file", tmp_path):
        fail(error)


def test_an_error_in_words_stays_as_it_is(tmp_path):
    with pytest.raises(UserError, match="as it is"), refusals_in_words("A file", tmp_path):
        fail(UserError("as it is"))


def test_what_does_not_fit_is_refused_with_both_figures(tmp_path):
    require_space(tmp_path, 1)
    with pytest.raises(UserError, match=r"needs 1000000\.0 TB, but only .* are free\. Free space"):
        require_space(tmp_path, 10**18)


def test_sizes_are_written_as_people_read_them():
    assert [in_words(n) for n in (5, 1500, 2.5e6, 1e9)] == ["5 B", "1.5 kB", "2.5 MB", "1.0 GB"]
