"""`cantus ui`, with the real Aim where it is served."""

import signal
import socket
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import LAYOUT, MirrorState, run_key, write_state
from tests.command_line import PARAMS
from tests.run_folders import make_run, start
from tests.served import Server, port_of, process

HUB = "https://hub.example.org/user/me/proxy/43800"
SEARCHES = ("runs/search/run", "runs/search/metric", "runs/search/images", "runs/search/audios")


@pytest.fixture
def run(project):
    return make_run(project / "runs" / "audio_vae" / "a", [start("audio_vae")])


@pytest.fixture
def mirrored(project, run):
    """A run that Aim is said to hold already, so that nothing is mirrored."""
    hold(project, run, "ab12")


def hold(project, run, name):
    size = (run / "events.jsonl").stat().st_size
    state = MirrorState(name, run.parent.name, "rmse_db", 1.0, size, layout=LAYOUT)
    write_state(repository_in(project), run_key(run), state)


def test_print_link_prints_that_of_the_one_that_runs(project, mirrored, cantus):
    project.joinpath("build").mkdir()
    project.joinpath("build/ui-aim").write_text("http://127.0.0.1:5000/key")
    answer = cantus("ui", "--print-link")
    assert "Aim: audio_vae.\n\ncurves:\nhttp://127.0.0.1:5000/key/metrics?select=O-" in answer.out
    assert "\n\nsounds, side by side:\nhttp://127.0.0.1:5000/key/audios?query=O-" in answer.out


def test_the_runs_that_are_named_are_compared(project, mirrored, cantus):
    other = make_run(project / "runs" / "other" / "a", [start("other")], "other")
    hold(project, other, "cd34")
    project.joinpath("build").mkdir()
    project.joinpath("build/ui-aim").write_text("http://127.0.0.1:5000/key")
    answer = cantus("ui", "other", "runs/audio_vae/a", "--print-link")
    assert "Aim compares other, audio_vae." in answer.out
    assert cantus("ui", "otter").code == 2


def test_where_none_runs_there_is_no_link(mirrored, cantus):
    answer = cantus("ui", "--print-link")
    assert answer.code == 2
    assert "No `cantus ui` is running for this project" in answer.error


def test_a_port_that_is_taken_is_an_error(mirrored, cantus):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = cantus("ui", "--port", str(port))
    assert answer.code == 2
    assert f"Port {port} of 127.0.0.1 cannot be used" in answer.error


@pytest.mark.parametrize(
    ("option", "value"), [("--address", "hub"), ("--host", "nowhere.invalid"), ("--port", "70000")]
)
def test_a_place_that_is_none_is_an_error(mirrored, cantus, option, value):
    answer = cantus("ui", "--port", "0", option, value)
    assert answer.code == 2
    assert "error: " in answer.error


def test_without_a_run_it_says_to_train(project, cantus):
    answer = cantus("ui")
    assert answer.code == 2
    assert "Train a recipe first: dvc repro" in answer.error


def test_with_a_tracking_server_it_mirrors_and_says_where_the_pages_are(project, cantus):
    tracking = '[tracking]\naim_repository = "aim://127.0.0.1:9"\n'
    (project / "params.toml").write_text(PARAMS + tracking)
    answer = cantus("ui")
    assert answer.code == 0
    assert "mirrored to aim://127.0.0.1:9 (params.toml: tracking.aim_repository)" in answer.out


def test_help_has_an_example(cantus):
    assert "Examples:\n    cantus ui\n" in cantus("ui", "--help").out


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project whose one run Aim really holds."""
    home = tmp_path_factory.mktemp("project")
    (home / "recipes").mkdir()
    (home / "params.toml").write_text(f'{PARAMS}[tracking]\naim_address = "{HUB}/"\n')
    make_run(home / "runs" / "audio_vae" / "a", [start("audio_vae")])
    return home


@pytest.fixture(scope="module")
def ui(home):
    """`cantus ui` at a free port, behind a proxy that is said to stand before it."""
    with process(["-m", "engine", "ui", "--port", "0"], home) as started:
        link = next((line for line in started.stdout if "/metrics?select=O-" in line), "")
        assert link.startswith(HUB)
        server = Server(port_of(started.pid), urlsplit(link).path.removesuffix("/metrics"))
        yield server
        started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
        assert not (home / "build" / "ui-aim").exists()


def attack(witness: Path) -> str:
    """A search that leaves Aim's sandbox and runs a command."""
    climb = "run.db.engine.dialect.dbapi.datetime.sys.modules['os']"
    return quote(f"{climb}.system('touch {witness}') == 0")


@pytest.mark.slow
def test_aim_by_itself_runs_the_commands_of_any_page(ui, home, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    words = ["-m", "uvicorn", "aim.web.run:app", "--port", str(port), "--log-level", "error"]
    with process(words, home, __AIM_UI_MOUNT_REPO_PATH__=str(home / ".aim")):
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            time.sleep(0.1)
        foreign = {"Host": "evil.example.org", "Origin": "http://evil.example.org"}
        path = f"/api/runs/search/run/?q={attack(tmp_path / 'ran')}"
        Server(port).ask(path, **foreign)
    assert (tmp_path / "ran").exists()


@pytest.mark.slow
def test_pages_searches_and_files_are_had_with_the_key(ui, home):
    for host in (f"127.0.0.1:{ui.port}", "hub.example.org", "localhost"):
        page = ui.ask(f"{ui.base}/metrics?select=O-e30", Host=host, Sec_Fetch_Site="none")
        assert page.status == 200
        assert f"{ui.base}/static-files/static/js/main.js" in page.text
    assert "connect-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'self' data: blob:;")
    ours = {"Origin": "https://hub.example.org", "Sec_Fetch_Site": "same-origin"}
    for search in SEARCHES:
        answer = ui.ask(f"{ui.base}/api/{search}/?q={quote('run.duration >= 0')}", **ours)
        assert answer.status == 200, (search, answer.text)
    assert "audio_vae" in ui.ask(f"{ui.base}/api/runs/search/run/?q=", **ours).text
    script = f"{ui.base}/static-files/static/js/main.js"
    assert len(ui.ask(script, Sec_Fetch_Site="same-origin", Accept_Encoding="gzip").text) > 1000
    assert ui.ask(f"{ui.base}/api/projects/", **ours).status == 200
    assert ui.ask(f"{ui.base}/api/projects/", **ours).headers["access-control-allow-origin"] is None


@pytest.mark.slow
def test_a_proxy_may_strip_its_path(ui):
    key = ui.base.rpartition("/")[2]
    page = ui.ask(f"/{key}/runs", Host="hub.example.org")
    assert f"{ui.base}/static-files/" in page.text
    assert ui.ask(f"/{key}/api/projects/").status == 200


@pytest.mark.slow
def test_the_attack_is_refused_wherever_it_comes_from(ui, tmp_path):
    witness, key = tmp_path / "ran", ui.base.rpartition("/")[2]
    query = f"api/runs/search/run/?q={attack(witness)}"
    foreign = {"Origin": "http://evil.example.org"}
    refused = {
        "no key": ui.ask(f"/{query}"),
        "another key": ui.ask(f"/{key[:-1]}/{query}"),
        "only the prefix": ui.ask(f"/user/me/proxy/43800/{query}"),
        "a name that leads here": ui.ask(f"{ui.base}/{query}", Host="evil.example.org"),
        "no host": ui.ask(f"{ui.base}/{query}", Host=""),
        "another origin": ui.ask(f"{ui.base}/{query}", **foreign),
        "no origin to tell": ui.ask(f"{ui.base}/{query}", Origin="null"),
        "another site": ui.ask(f"{ui.base}/{query}", Sec_Fetch_Site="cross-site"),
        "another port": ui.ask(f"{ui.base}/{query}", Sec_Fetch_Site="same-site"),
        "a link to the search": ui.ask(
            f"{ui.base}/{query}",
            Sec_Fetch_Site="cross-site",
            Sec_Fetch_Mode="navigate",
            Sec_Fetch_Dest="document",
        ),
        "dots": ui.ask(f"/x/../{key}/{query}"),
        "encoded slashes": ui.ask(f"/%2e%2e%2f{key}%2f..%2f{query}"),
        "a form": ui.ask(
            f"/{query}",
            "POST",
            Content_Type="application/x-www-form-urlencoded",
            Sec_Fetch_Site="cross-site",
            **foreign,
        ),
        "a WebSocket": ui.ask(
            f"/{query}",
            Connection="Upgrade",
            Upgrade="websocket",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
            **foreign,
        ),
        "before a request": ui.ask(f"{ui.base}/{query}", "OPTIONS", **foreign),
    }
    assert {name: answer.status for name, answer in refused.items()} == dict.fromkeys(refused, 403)
    assert not any("access-control-allow-origin" in one.headers for one in refused.values())
    with_key = [ui.ask(f"{ui.base}/api/{one}/?q=1&q={attack(witness)}") for one in SEARCHES]
    assert [answer.status for answer in with_key] == [400] * len(SEARCHES)
    assert "A search may not call run.db" in with_key[0].text
    assert not witness.exists()


@pytest.mark.slow
def test_nobody_else_on_this_machine_can_read_the_key(ui, home):
    place = home / "build" / "ui-aim"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert place.read_text().endswith(ui.base)
    commands = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert ui.base.rpartition("/")[2] not in commands.stdout
