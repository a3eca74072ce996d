import subprocess
import sys
import textwrap

import numpy as np
import pytest

from engine.features.cache import cached_array

KEY = {"corpus": "abc", "version": 1}


def counting(calls, value=1.0):
    def fill(array):
        calls.append(array.shape)
        array[:] = value

    return fill


def get(folder, calls, key=KEY, value=1.0):
    return cached_array(folder, "mel", key, (3, 4), "float16", counting(calls, value))


def kept(folder):
    return next(folder.glob("*.npy"))


def test_an_array_is_computed_once_and_read_only(tmp_path):
    calls = []
    first, second = get(tmp_path, calls), get(tmp_path, calls, value=2.0)
    assert calls == [(3, 4)]
    assert np.array_equal(first, second)
    assert (second == 1.0).all()
    assert second.dtype == np.float16
    with pytest.raises(ValueError, match="read-only"):
        second[0] = 0


def test_another_key_is_another_array(tmp_path):
    calls = []
    get(tmp_path, calls)
    other = get(tmp_path, calls, key={**KEY, "version": 2}, value=2.0)
    assert len(calls) == 2
    assert (other == 2.0).all()


@pytest.mark.parametrize("damage", ["flip", "cut", "no checksum"])
def test_a_damaged_file_is_computed_again_with_a_warning(tmp_path, caplog, damage):
    calls = []
    get(tmp_path, calls)
    path = kept(tmp_path)
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(content[:-5])
    else:
        path.with_suffix(".sha256").unlink()
    again = get(tmp_path, calls)
    assert len(calls) == 2
    assert (again == 1.0).all()
    assert "damaged" in caplog.text


def test_a_computation_that_fails_leaves_nothing_behind(tmp_path):
    def fail(array):
        array[0] = 1.0
        raise RuntimeError("no audio")

    with pytest.raises(RuntimeError, match="no audio"):
        cached_array(tmp_path, "mel", KEY, (3, 4), "float16", fail)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
    calls = []
    get(tmp_path, calls)
    assert len(calls) == 1


def test_of_two_processes_one_computes_and_the_other_waits(tmp_path):
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from engine.features.cache import cached_array

        def fill(array):
            print("computed", flush=True)
            time.sleep(0.5)
            array[:] = 7.0

        array = cached_array(Path(sys.argv[1]), "mel", {"a": 1}, (3, 4), "float16", fill)
        print(float(array.sum()), flush=True)
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in started]
    assert sorted(said) == ["84.0\n", "computed\n84.0\n"]
