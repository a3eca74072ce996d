"""Which searches are answered."""

import pytest

from engine.tracking.mirrors.aim_query import refused

CLIMB = "run.db.engine.dialect.dbapi.datetime.sys.modules['os'].system('true')"


@pytest.mark.parametrize(
    "query",
    [
        "run.hparams.learning_rate > 0.0001 and run.hparams['training'].batch_size == 32",
        "run.hash in ['a', 'b'] and metric.name in ('loss', 'rmse_db')",
        'metric.context.subset == "train" and not run.archived',
        "run.created_at >= datetime(2026, 2, 1) and run.duration / 60 > 1",
        "run.metrics['loss', {'subset': 'eval'}].last < 3",
        "'codec' in run.tags or run.name.startswith('xtts')",
        "any(tag.endswith('_v2') for tag in run.tags)",
        "images.name == 'a' if run.x else -run.y % 2 == 1",
        " True ",
    ],
)
def test_what_compares_is_answered(query):
    assert refused(query) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"{CLIMB} == 0", "may not call run.db"),
        (f"True) or ({CLIMB}", "may not call run.db"),
        ("[f for f in [run.db.engine.connect]][0]()", "may not call"),
        ("sorted(run.tags, key=run.db.x)", "may not contain keyword"),
        ("[str('id') for str in [run.db.x.system]]", "may not use the name str"),
        ("any(1 for _, (len, x) in run.db if len('id'))", "the name"),
        ("run.__class__", "the name __class__"),
        ("_getattr_(run, 'x')", "may not call"),
        ("(lambda: run)()", "may not"),
        ("(x := run)", "NamedExpr"),
        ("f'{run.name}'", "JoinedStr"),
        ("9**9**9**9", "Pow"),
        ("1 << 99999999999", "LShift"),
        ("run.name.format(run)", "may not call run.name.format"),
        ("run.x.get('y')", "may not call"),
        ("__import__('os')", "may not call __import__"),
        ('select == "if ' + CLIMB, "older form"),
        (" SELECT run IF True", "older form"),
        ("run.x ==", "is not an expression"),
        ("(" * 5000, "is not an expression"),
        ("\0", "is not an expression"),
    ],
)
def test_what_could_do_something_is_refused(query, said):
    assert said in (refused(query) or "")
