"""The page of a listening test of two phases, as a listener has it."""

import tempfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from docs.pictures.shot import Shot
from engine.listening.build import Options, build_test
from engine.listening.material import common_clips, material_of
from engine.listening.static_folder import write_static
from engine.project import Project
from engine.system_support.finished_run import finished_run

_PHASES = "xtts_phase1", "xtts_phase2"
_LISTENER = "00000000aaaaaaaa"


def shots(project: Project) -> Iterator[Shot]:
    """Pictures of the models of both phases. Raises UserError where one is not trained."""
    materials = [material_of(finished_run(project, name)) for name in _PHASES]
    with tempfile.TemporaryDirectory() as place:
        folder, page = Path(place, "test"), Path(place, "page")
        test = build_test(folder, materials, common_clips(materials), Options())
        write_static(test, folder, page)
        handler = partial(SimpleHTTPRequestHandler, directory=str(page))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield Shot("listening", f"http://127.0.0.1:{server.server_port}/#listener={_LISTENER}")
            server.shutdown()
