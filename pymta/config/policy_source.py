"""Is this file of policy functions one that could be asked?  Its text is read, never run.

What it has at its top level:

    def rcpt(call: Call, sender: Sender, recipient: Recipient) -> Verdict: ...

for each stage that it wants to be asked at, with these names, in this order.  Other functions are
its own business, and begin with an underscore: a name that was mistyped would never be asked, and
nobody would notice.  Of pymta it imports `pymta.policy.v1` alone, which stays as it is.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence

from pymta.config.similar import similar
from pymta.dataclass import dataclass

API = "pymta.policy.v1"
STAGES: Mapping[str, tuple[str, ...]] = {
    "connect": ("call",),
    "helo": ("call",),
    "mail": ("call", "sender"),
    "rcpt": ("call", "sender", "recipient"),
    "data": ("call", "sender", "recipients", "message"),
    "notquit": ("call", "reason"),
}
TYPES: Mapping[str, str] = {
    "call": "Call",
    "sender": "Sender",
    "recipient": "Recipient",
    "recipients": "tuple[Recipient, ...]",
    "message": "Message",
    "reason": "str",
}
VERDICTS = frozenset(
    "Accept Defer Discard Drop Freeze Pass Queue Refuse Relay Verdict".split()  # of the API
)
LARGEST = 1 << 20  # octets; it travels with the settings, and every session runs it
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` 0: no line in particular."""

    line: int
    wanted: str


def stages_of(text: str) -> tuple[str, ...]:
    """Of a text without mistakes: the stages that it has functions for."""
    names = {one.name for one in _functions(ast.parse(text).body)}
    return tuple(name for name in STAGES if name in names)


def mistakes(text: str, path: str) -> list[Mistake]:
    """All of them, as far as they can be seen without running it."""
    try:
        tree = _compiled(text, path)
        found = [*_imports(tree), *_top_level(tree)]
    except SyntaxError as error:
        return [Mistake(error.lineno or 0, f"this is not Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError) as error:
        return [Mistake(0, f"this is not Python: {str(error) or 'it is nested too deeply'}")]
    return sorted(found, key=lambda one: one.line)


def signature(stage: str) -> str:
    """As it should be written."""
    parameters = ", ".join(f"{name}: {TYPES[name]}" for name in STAGES[stage])
    return f"def {stage}({parameters}) -> Verdict"


def _compiled(text: str, path: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about style, and for whoever tests the file
        tree = ast.parse(text, path)
        # Some of what is wrong, such as a return outside of functions, shows only here.
        compile(text, path, "exec", dont_inherit=True)
    return tree


def _imports(tree: ast.Module) -> Iterator[Mistake]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                names = [f"{module}.{alias.name}" for alias in node.names]
            case _:
                continue
        for name in names:
            if f"{name}.".startswith("pymta.") and not f"{name}.".startswith(f"{API}."):
                wanted = f"{name} is ours and may change; want {API}, which will not"
                yield Mistake(node.lineno, wanted)


def _top_level(tree: ast.Module) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for function in _functions(tree.body):
        name = function.name
        if name in seen:
            yield Mistake(function.lineno, f"{name} is defined on line {seen[name]} already")
        elif name in STAGES:
            seen[name] = function.lineno
            yield from _signature(function)
        elif not name.startswith("_"):
            yield Mistake(function.lineno, _no_stage(name))
    for name, line in _bound(tree.body):
        if name in STAGES:
            seen.setdefault(name, line)
            yield Mistake(line, f"{name} is the name of a stage: want {signature(name)}")
    has_public = any(not function.name.startswith("_") for function in _functions(tree.body))
    if not seen and not has_public:
        yield Mistake(0, f"no function of a stage; want one of {', '.join(STAGES)}")


def _functions(body: Sequence[ast.stmt]) -> Iterator[_Function]:
    """Those of the module itself, also where a condition stands before them."""
    for node in body:
        if isinstance(node, _Function):
            yield node
        for inner in _blocks(node):
            yield from _functions(inner)


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(node, ast.If):
        yield from (node.body, node.orelse)
    if isinstance(node, ast.Try):
        yield from (node.body, node.orelse, node.finalbody)
        yield from (handler.body for handler in node.handlers)


def _bound(body: Sequence[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Names that are made by other means than `def`."""
    for node in body:
        match node:
            case ast.Assign(targets=targets):
                names = [one.id for one in targets if isinstance(one, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.ClassDef(name=name):
                names = [name]
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names = [alias.asname or alias.name for alias in aliases]
            case _:
                names = []
        yield from ((name, node.lineno) for name in names)
        for inner in _blocks(node):
            yield from _bound(inner)


def _no_stage(name: str) -> str:
    close = similar(name, STAGES, likeness=0.6)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(STAGES)}"
    return f"{name} is no stage; {hint}  (A function of your own begins with an underscore)"


def _signature(function: _Function) -> Iterator[Mistake]:
    name, line, given = function.name, function.lineno, function.args
    if isinstance(function, ast.AsyncFunctionDef):
        yield Mistake(line, f"nobody awaits here; want {signature(name)}")
        return
    parameters = [*given.posonlyargs, *given.args]
    names = tuple(one.arg.lstrip("_") for one in parameters)
    has_more = given.vararg or given.kwarg or given.kwonlyargs or given.defaults
    if names != STAGES[name] or has_more:
        yield Mistake(line, f"want {signature(name)}")
        return
    for parameter, wanted in zip(parameters, STAGES[name], strict=True):
        if parameter.annotation and not _is_type(parameter.annotation, wanted):
            text = f"{parameter.arg} is {ast.unparse(parameter.annotation)}; want {TYPES[wanted]}"
            yield Mistake(parameter.lineno, text)
    if function.returns and not _is_verdict(function.returns):
        text = f"{name} gives {ast.unparse(function.returns)}; want Verdict"
        yield Mistake(function.returns.lineno, text)


def _is_type(annotation: ast.expr, parameter: str) -> bool:
    node = _written(annotation)
    if parameter == "recipients":
        return isinstance(node, ast.Subscript) and "Recipient" in ast.unparse(node.slice)
    return _last_name(node) == TYPES[parameter]


def _is_verdict(annotation: ast.expr) -> bool:
    match _written(annotation):
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_verdict(left) and _is_verdict(right)
        case node:
            return _last_name(node) in VERDICTS


def _written(annotation: ast.expr) -> ast.expr:
    """What stands in quotes is read, too."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return annotation
    return annotation


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
