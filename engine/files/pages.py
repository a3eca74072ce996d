"""Self-contained pages with one layout, which escape everything that they show."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template


def page_template(
    packages: Sequence[str],
    shown: Callable[[str], str],
    name: str = "page.html",
    **filters: Callable[[Any], str],
) -> Template:
    """A template, which may include those of the packages and `page.css`, with further filters.

    Every text goes through `shown`, which makes hidden characters visible, and is escaped. The
    filter `source_digest` names a script in a content security policy, so that no other runs.
    """

    def finalize(value: Any) -> Any:
        return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(one, ".") for one in (*packages, "engine.files")]),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters, source_digest=_source_digest)
    return environment.get_template(name)


def _source_digest(source: str) -> str:
    """The name of a script or style in Content Security Policy level 3 (section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
