"""Pages of one look that need nothing beside them, and trust nothing that they show."""

from collections.abc import Callable
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Template


def page_template(
    package: str, shown: Callable[[str], str], **filters: Callable[[Any], str]
) -> Template:
    """The `page.html` of a package, which may include `page.css`, with filters of its own.

    Every text goes through `shown`, which makes visible what hides in it, and is escaped.
    """

    def finalize(value: Any) -> Any:
        return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("engine.files", ".")]),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template("page.html")
