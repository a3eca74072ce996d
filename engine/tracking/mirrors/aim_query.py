"""The allowed searches of Aim: comparisons, and nothing with effects.

Aim runs a search as a Python expression, and its own sandbox (RestrictedPython, which keeps to
names without underscores) can be left: a path of attributes leads from a run to the module `sys`,
and from there to every function there is. Here only a few functions without effects may be called.
"""

import ast

_FUNCTIONS = {
    *("abs", "all", "any", "bool", "datetime", "float", "int", "len", "max", "min", "round"),
    *("sorted", "str", "sum", "timedelta"),
}
_METHODS = {
    *("count", "endswith", "find", "index", "lower", "startswith", "strip", "upper"),
    *("date", "isoformat", "time", "timestamp", "total_seconds", "weekday"),
}
_PARTS = (
    *(ast.Expression, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.unaryop, ast.Compare, ast.cmpop),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.IfExp),
    *(ast.Attribute, ast.Subscript, ast.Slice, ast.Call, ast.Name, ast.Load, ast.Store),
    *(ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set),
    *(ast.GeneratorExp, ast.ListComp, ast.comprehension),
)


def refused(query: str) -> str | None:
    """Why a search is refused, in a sentence; None where it is allowed."""
    if query.lstrip().lower().startswith("select"):
        return (
            "A search must be an expression; Aim's older form 'SELECT ... IF ...' is not supported."
        )
    try:
        nodes = [*ast.walk(ast.parse(f"({query})", mode="eval"))]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"This search is not an expression: {error}."
    for node in nodes:
        if not isinstance(node, _PARTS):
            return f"A search may not contain {type(node).__name__}."
        if isinstance(node, ast.Call) and not _is_plain(node.func):
            return f"A search may not call {ast.unparse(node.func)}."
        if isinstance(node, ast.Attribute | ast.Name) and _name(node).startswith("_"):
            return f"A search may not use the name {_name(node)}."
        if _renames_function(node):
            return f"A search may not use the name {ast.unparse(node)} as a loop variable."
    return None


def _is_plain(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in _METHODS
    return isinstance(function, ast.Name) and function.id in _FUNCTIONS


def _renames_function(node: ast.AST) -> bool:
    """Whether an allowed function is redefined: `for str in [...]`."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in _FUNCTIONS


def _name(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id
