"""What libraries look for in the current folder when they are imported, and do not find there."""

import subprocess
import sys

import pytest

from engine.elsewhere import elsewhere

LOOK = """\
import os
import engine, matplotlib, numba, torch
numba.core.config.reload_config()
from torch._inductor.compile_worker.subproc_pool import SubprocPool
compilers = SubprocPool(1).process
print(os.readlink(f"/proc/{compilers.pid}/cwd"))
compilers.kill()
print(matplotlib.rcParams["figure.dpi"], repr(numba.core.config.CACHE_DIR), os.getcwd())
"""


@pytest.mark.slow
def test_settings_and_libraries_of_the_current_folder_are_not_read(tmp_path):
    (tmp_path / "matplotlibrc").write_text("figure.dpi: 7\n")
    (tmp_path / ".numba_config.yaml").write_text("cache_dir: evil\n")
    (tmp_path / "libcuda.so.1").write_text("read, this would be an error")
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["/", "100.0", "''", str(tmp_path)]


def test_the_folder_is_as_before_also_after_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with elsewhere():
        assert str(tmp_path.cwd()) == "/"
    with pytest.raises(KeyError), elsewhere():
        {}["raises"]
    assert tmp_path.cwd() == tmp_path
