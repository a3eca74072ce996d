"""The listening page as an application: the page, its audio files, and answers that are kept."""

import json
from pathlib import Path

from attrs import frozen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from engine.listening.answers import AnswerLog, Questions, parse_all, read_answers
from engine.listening.build import AUDIO
from engine.listening.listening_test import ListeningTest
from engine.listening.page import POLICY, page_of
from engine.listening.places import ANSWERS
from engine.web.endpoint import Endpoint
from engine.web.guard import Guard

_MOST_BYTES = 1 << 18
"""Largest size of a request with answers, in bytes."""
_NOT_KEPT = {"cache-control": "no-store"}


@frozen
class _Pages:
    """The requests of a listening page, answered from a test's folder."""

    test: ListeningTest
    folder: Path
    questions: Questions
    log: AnswerLog

    async def page(self, _: Request) -> Response:
        return HTMLResponse(page_of(self.test, saved_by_server=True), headers=_NOT_KEPT)

    async def audio(self, request: Request) -> Response:
        """A file, without its date, which would show the order in which versions were written."""
        name = request.path_params["name"]
        if name not in self.test.files:
            return Response(status_code=404)
        content = (self.folder / AUDIO / f"{name}.wav").read_bytes()
        return Response(content, media_type="audio/wav", headers=_NOT_KEPT)

    async def answers_of(self, request: Request) -> Response:
        """The answers of a listener so far."""
        listener = request.path_params["listener"]
        kept = read_answers(self.log.path, self.questions).all
        own = [
            [one.trial, one.stimulus, one.scale, one.value]
            for one in kept
            if one.listener == listener
        ]
        return JSONResponse(own, headers=_NOT_KEPT)

    async def save(self, request: Request) -> Response:
        """Save answers: all are on the disk when the request is answered, or none is."""
        raw = b""
        async for part in request.stream():
            raw += part
            if len(raw) > _MOST_BYTES:
                return JSONResponse("too many answers at once", 413)
        try:
            listed = json.loads(raw)
        except (ValueError, RecursionError):
            listed = None
        answers, refused = parse_all(self.questions, listed if isinstance(listed, list) else [None])
        if refused:
            return JSONResponse(f"refused: {', '.join(refused)}", 400)
        try:
            self.log.add(answers)
        except OSError as error:
            return JSONResponse(f"answers could not be saved: {error.strerror}", 507)
        return JSONResponse(len(answers))


def listening_app(test: ListeningTest, folder: Path, endpoint: Endpoint) -> ASGIApp:
    """The application, below the key of an endpoint, behind the guard of local pages."""
    pages = _Pages(test, folder, Questions(test), AnswerLog(folder / ANSWERS, test.id))
    base = endpoint.base
    routes = [
        Route(f"{base}/", pages.page),
        Route(f"{base}/audio/{{name}}.wav", pages.audio),
        Route(f"{base}/answers/{{listener}}", pages.answers_of),
        Route(f"{base}/answers", pages.save, methods=["POST"]),
    ]
    return Guard(
        Starlette(routes=routes),
        endpoint,
        policy=POLICY,
        command="cantus listen",
        is_page=lambda path: path == f"{base}/",
    )
