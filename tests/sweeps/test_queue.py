from engine.sweeps.queue import read_reason, read_states

STATUS = """\
Task     Name                       Created    Status
3f5a14a  words-8042bb-seed1         07:47 AM   Failed
23c5216  words-18974e-seed2         07:48 AM   Running

Worker status: 1 active, 0 idle
"""
LOG = """\
Running stage 'words':
error: Preflight of words failed before step 1. learning rate
ERROR: failed to reproduce 'words': failed to run: cantus train words, exited with 2
"""


def test_the_state_of_each_task_is_read_by_name():
    assert read_states(STATUS) == {
        "words-8042bb-seed1": "Failed",
        "words-18974e-seed2": "Running",
    }


def test_the_reason_is_the_error_of_the_run_before_that_of_dvc():
    assert read_reason(LOG) == "Preflight of words failed before step 1. learning rate"
    assert read_reason(LOG.replace("error: ", "")).startswith("failed to reproduce 'words'")
    assert "names no error" in read_reason("killed")
