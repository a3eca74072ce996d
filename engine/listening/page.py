"""The page of a listening test, the same from a server and from a folder."""

from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.listening.listening_test import ListeningTest, public

POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What a page cannot say of itself; the rest of its content security policy stands in it."""


def page_of(test: ListeningTest, *, saved_by_server: bool) -> str:
    """The page, which needs nothing but the audio files beside it.

    Answers go to the server it comes from, or stay in the browser to be downloaded.
    """
    template = page_template(["engine.listening", "engine.report"], visible_lines, "listen.html")
    return template.render(test=public(test) | {"server": saved_by_server})
