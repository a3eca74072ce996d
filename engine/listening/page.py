"""The page of a listening test, the same from a server and from a folder."""

from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.listening.listening_test import ListeningTest, public

POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The part of the content security policy that must be a header; the rest is in the page."""


def page_of(test: ListeningTest, *, saved_by_server: bool) -> str:
    """The page, which needs nothing but the audio files beside it.

    Answers go to the page's server, or stay in the browser to be downloaded.
    """
    template = page_template(["engine.listening", "engine.report"], visible_lines, "listen.html")
    return template.render(test=public(test) | {"server": saved_by_server})
