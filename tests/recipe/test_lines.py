import re

import tomli
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe.lines import key_lines

TRICKY = '''\
# [not.a.table] in a comment
top = "a # no comment, a [ and a = sign"
"quoted key" = 1
'literal.key' = 2
dotted . key = 3
text = """
[not.a.table]
key = "value" \\"""
""" # ends here
raw = \'\'\'
x = 'y'\'\'\'
list = [ # comment ]
  1,
  [2, 3], # another [
  { inside = 4, "deep.er" = { x = 5 } },
]
inline = { a = 1, b.c = [ 2,
  3 ] }
when = 1979-05-27 07:32:00

[table]   # a comment
key = 1.5e3
[table."sub.table"]
key = true
[[many]]
x = 1
[[many]]
x = 2
[many.below]
y = 3
'''


def test_each_key_has_the_line_it_is_written_on():
    lines = key_lines(TRICKY)
    assert lines[("top",)] == 2
    assert lines[("quoted key",)] == 3
    assert lines[("literal.key",)] == 4
    assert lines[("dotted", "key")] == 5
    assert lines[("text",)] == 6
    assert lines[("raw",)] == 10
    assert lines[("list", 0)] == 13
    assert lines[("list", 1, 1)] == 14
    assert lines[("list", 2, "deep.er", "x")] == 15
    assert lines[("inline", "b", "c", 1)] == 18
    assert lines[("when",)] == 19
    assert lines[("table",)] == 21
    assert lines[("table", "sub.table", "key")] == 24
    assert lines[("many", 0, "x")] == 26
    assert lines[("many", 1, "x")] == 28
    assert lines[("many", 1, "below", "y")] == 30


def test_windows_line_ends_and_an_empty_file():
    assert key_lines("a = 1\r\n\r\nb = 2\r\n")[("b",)] == 3
    assert key_lines("") == {(): 1}


def test_nothing_is_found_that_tomli_does_not_find():
    found = {path for path in key_lines(TRICKY) if path}
    assert found == set(_paths(tomli.loads(TRICKY)))


_keys = st.text(st.sampled_from("ab1 .=[]{}\"'#\\\n"), max_size=4)
_values = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(st.sampled_from("ab\"'#=[]{},\n\\"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_keys, _values, max_size=4))
def test_every_value_of_any_document_has_a_line(values):
    text = tomli_w.dumps(values)
    lines = key_lines(text)
    assert set(lines) == {(), *_paths(values)}
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(st.lists(st.from_regex(re.compile(r"[a-z]{1,3}", re.ASCII), fullmatch=True), unique=True))
def test_plain_keys_stand_where_they_stand(keys):
    text = "".join(f"\n# note\n{key} = 1" for key in keys)
    lines = key_lines(text)
    assert [text.split("\n")[lines[(key,)] - 1] for key in keys] == [f"{key} = 1" for key in keys]


def _paths(values, path=()):
    steps = values.items() if isinstance(values, dict) else enumerate(values)
    for step, value in steps:
        yield (*path, step)
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, step))
