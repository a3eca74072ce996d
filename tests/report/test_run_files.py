"""The figures of a finished run, as its files hold them."""

import pytest

from engine.report.run_files import RunFiles
from tests.training.toy import toy_recipe


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity", "null", "true", '"3"', "{}"])
def test_a_figure_that_is_no_finite_number_is_no_result(tmp_path, figure):
    (tmp_path / "metrics.json").write_text(f'{{"eval": {{"error": {figure}, "other": 2}}}}')
    files = RunFiles("a run", tmp_path, toy_recipe())
    assert files.result("eval/error") is None
    assert files.result("eval/other") == 2
    assert files.result("eval/missing") is None
