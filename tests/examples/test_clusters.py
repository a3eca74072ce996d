"""The scripts of examples/clusters: valid, and they start what is asked."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.training.train_ranks import free_port

CLUSTERS = Path(__file__).parents[2] / "examples" / "clusters"
CANTUS = """\
#!/bin/sh
echo "$WORLD_SIZE processes: $@" > "$SAID/$RANK"
"""


@pytest.fixture
def environment(tmp_path):
    """With a cantus that notes what it is called with, and by which rank."""
    cantus = tmp_path / "bin" / "cantus"
    cantus.parent.mkdir()
    cantus.write_text(CANTUS)
    cantus.chmod(cantus.stat().st_mode | stat.S_IXUSR)
    path = [str(cantus.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    own = {"PATH": os.pathsep.join(path), "SAID": str(tmp_path), "OMP_NUM_THREADS": "1"}
    return os.environ | own


def pods():
    """The job of kubernetes.yaml, and the environment of its pods."""
    content = (CLUSTERS / "kubernetes.yaml").read_text()
    service, claim, job = yaml.safe_load_all(content)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return service, claim, job, container


@pytest.mark.slow
def test_the_pods_command_starts_a_run_on_two_machines(environment, tmp_path):
    container = pods()[-1]
    (command,) = container["command"]
    given = {one["name"]: one["value"] for one in container["env"]}
    here = {"FIRST": "127.0.0.1", "DEVICES": "1", "PORT": str(free_port())}
    machines = [
        subprocess.Popen(
            [CLUSTERS.parents[1] / command, *container["args"], "--again"],
            env=environment | given | here,
        )
        for _ in range(int(given["NODES"]))
    ]
    assert [machine.wait(timeout=120) for machine in machines] == [0, 0]
    for rank in "01":
        assert (tmp_path / rank).read_text() == "2 processes: train codec_dac_paper --again\n"


def test_the_pods_find_each_other_and_their_project():
    service, claim, job, container = pods()
    name, template = job["metadata"]["name"], job["spec"]["template"]["spec"]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(given["NODES"])
    assert container["resources"]["limits"]["nvidia.com/gpu"] == int(given["DEVICES"])
    assert given["FIRST"] == f"{name}-0.{service['metadata']['name']}"
    assert template["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    claims = [volume.get("persistentVolumeClaim") for volume in template["volumes"]]
    assert {"claimName": claim["metadata"]["name"]} in claims
    assert container["workingDir"] in [one["mountPath"] for one in container["volumeMounts"]]


def test_the_manifest_is_what_kubernetes_accepts():
    validator = pytest.importorskip("kubernetes_validate")
    for resource in yaml.safe_load_all((CLUSTERS / "kubernetes.yaml").read_text()):
        validator.validate(resource, "1.37", strict=True)


@pytest.fixture
def job(environment, tmp_path):
    """Runs the job script, given in a project's folder, with an srun that ends with `code`."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(tmp_path / "bin")
    srun = '"$@" && pwd > "$SAID/folder" && exit $CODE'
    for name, said in (("srun", srun), ("scontrol", 'echo "$@" > "$SAID/asked"')):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_CPUS_PER_TASK": "8"}
    given = environment | slurm | {"RANK": "0", "WORLD_SIZE": "1", "PATH": os.environ["PATH"]}

    def run(code, restarts=None):
        own = given | {"CODE": str(code)} | ({"SLURM_RESTART_COUNT": restarts} if restarts else {})
        done = subprocess.run(["bash", CLUSTERS / "train.sbatch", "a_recipe", "--again"], env=own)
        assert done.returncode == code
        return (tmp_path / "asked").read_text() if (tmp_path / "asked").exists() else None

    return run


def test_the_job_script_trains_in_the_project_and_asks_for_a_requeue_when_warned(job, tmp_path):
    assert job(138) == "requeue 7\n"
    assert (tmp_path / "0").read_text() == "1 processes: train a_recipe --again\n"
    assert (tmp_path / "folder").read_text() == f"{tmp_path}\n"


@pytest.mark.parametrize(
    ("code", "restarts"),
    [*((code, None) for code in (0, 1, 2, 134, 137, 139, 143)), (138, "50")],
)
def test_a_job_that_failed_was_cancelled_or_came_back_too_often_is_not_requeued(
    job, code, restarts
):
    assert job(code, restarts) is None
