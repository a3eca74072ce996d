from engine.project import Project


def test_runs_of_an_experiment_are_kept_where_dvc_does_not_delete_them(tmp_path):
    own = Project(tmp_path)
    copy = Project(tmp_path / ".dvc/tmp/exps/tmpa1b2c3")
    assert copy.checkout == tmp_path
    assert copy.runs("words") == tmp_path / "build/experiments/words"
    assert own.runs("words") == tmp_path / "runs/words", "the workspace's own runs are apart"
    assert copy.model("words").is_relative_to(copy.root), "what DVC takes is in its copy"
