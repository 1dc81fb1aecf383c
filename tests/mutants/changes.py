"""Source -> its mutants: one comparison, operator, number, octet or statement is another, or is gone.

Sentences are left alone: they are for people, and tests that repeat them would only make better ones dear. So are
types, decorators, and what is asserted or logged.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
}  # fmt: skip
_NOT_CODE = {"annotation", "returns", "decorator_list", "bases", "keywords"}
"""Of statements; the keywords of a call are code."""
_LEFT_ALONE = (ast.Assert, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Raise, ast.Pass)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`before` is the first line of the statement at `line`, as Python would write it, and `after` what it becomes;
    `scope` is the function or class around it, in which this is one of several that look the same, or not."""

    module: str
    scope: str
    number: int
    line: int
    before: str
    after: str
    source: str = field(repr=False, compare=False)

    @property
    def identity(self) -> str:
        """Stays the same while other statements change."""
        where = f"{self.module} {self.scope}" + (f" #{self.number}" if self.number > 1 else "")
        return f"{where}\n- {self.before}\n+ {self.after}"


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """All mutants of a module, from its first line to its last."""
    tree = ast.parse(source)
    seen: Counter[tuple[str, str, str]] = Counter()
    for body, at, scope in _statements(tree, ""):
        statement = body[at]
        before = _first_line(statement)
        for _ in _changed(body, at):
            look = scope or "-", before, _first_line(body[at])
            seen[look] += 1
            yield Mutant(module, look[0], seen[look], statement.lineno, *look[1:], ast.unparse(tree))


def _statements(node: ast.AST, scope: str) -> Iterator[tuple[list[ast.stmt], int, str]]:
    """Each statement by its place in a list, and the names of functions and classes around it."""
    for _, value in ast.iter_fields(node):
        for at, child in enumerate(value if isinstance(value, list) else []):
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{scope}.{child.name}".lstrip(".")
            if isinstance(child, ast.stmt):
                yield value, at, inner
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                yield from _statements(child, inner)


def _changed(body: list[ast.stmt], at: int) -> Iterator[None]:
    """Stops with each change of the statement made, and takes it back when it goes on."""
    statement = body[at]
    if _can_be_gone(statement):
        body[at] = ast.copy_location(ast.Pass(), statement)
        yield
        body[at] = statement
    if isinstance(statement, ast.Break | ast.Continue):
        body[at] = ast.Continue() if isinstance(statement, ast.Break) else ast.Break()
        yield
        body[at] = statement
    if isinstance(statement, _LEFT_ALONE) or _is_about_slots(statement) or _is_talk(statement):
        return
    if isinstance(statement, ast.If) and isinstance(statement.test, ast.Name | ast.Attribute | ast.Call):
        test = statement.test
        statement.test = ast.UnaryOp(ast.Not(), test)
        yield
        statement.test = test
    for name, value in ast.iter_fields(statement):
        if name in _NOT_CODE:
            continue
        if name == "args":  # of a function: its defaults
            yield from _changed_below(value)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr | ast.operator | ast.withitem):
                yield from _changed_inside(statement, name, child)


def _changed_below(node: ast.AST) -> Iterator[None]:
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "format_spec"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt):
                yield from _changed_inside(node, name, child)


def _changed_inside(parent: ast.AST, name: str, node: ast.AST) -> Iterator[None]:
    """The changes of `node`, which is `parent`'s `name` or one of these, and of all below it."""
    for other in _others(node):
        _replace(parent, name, node, other)
        yield
        _replace(parent, name, other, node)
    if not isinstance(node, ast.JoinedStr):
        yield from _changed_below(node)


def _replace(parent: ast.AST, name: str, old: ast.AST, new: ast.AST) -> None:
    value: Any = getattr(parent, name)
    if isinstance(value, list):
        value[next(at for at, each in enumerate(value) if each is old)] = new
    else:
        setattr(parent, name, new)


def _others(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.cmpop():
            yield _COMPARISONS[type(node)]()
        case ast.operator() if type(node) in _OPERATORS:
            yield _OPERATORS[type(node)]()
        case ast.boolop():
            yield ast.Or() if isinstance(node, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Constant(value=bytes() as octets):
            yield ast.Constant(bytes([octets[0] ^ 1]) + octets[1:] if octets else b"\0")


def _can_be_gone(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call()):
            return not _is_talk(statement)
        case (
            ast.Assign(targets=[target]) | ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr())
        ):
            return isinstance(target, ast.Attribute | ast.Subscript)
        case ast.Raise() | ast.Delete():
            return True
    return False


def _is_talk(statement: ast.stmt) -> bool:
    """True for a docstring, and for a line of the log."""
    match statement:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log")))):
            return True
    return False


def _is_about_slots(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id="__slots__" | "__deletable__")]):
            return True
    return False


def _first_line(statement: ast.stmt) -> str:
    """The statement without what is indented below it."""
    lines = ast.unparse(statement).splitlines()
    return next((line for line in lines if not line.startswith("@")), "pass")
