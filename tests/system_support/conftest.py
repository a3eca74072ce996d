"""The fixtures that tests of systems share."""

from tests.packages import install, run_python, site  # noqa: F401 (fixtures)
from tests.systems.conftest import one_thread  # noqa: F401 (fixture)
