from tests.seed_projects import words  # noqa: F401 (a fixture)
