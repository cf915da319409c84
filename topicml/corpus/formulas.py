"""Formulas of covariates: which functions they may call, and which fields they read."""

import ast
import re
from typing import Any

from topicml.errors import InputError, MissingExtraError

FUNCTIONS = ("s", "bs", "cr", "poly", "center", "scale", "log", "log10", "exp", "C", "Treatment", "Sum", "I")
"""Functions of formulas. A saved model has its formula as text, so nothing else in it may be called."""

_EXAMPLE = "'~ treatment + s(day)'"
_LARGEST_POWER = 10
_QUOTED = re.compile(r"`([^`]+)`")
_MARKED = re.compile(r"\x1b\[[\d;]*m|[⧛⧚]")  # the colours and brackets of formulaic's messages
_ALLOWED = (
    *(ast.Expression, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.BinOp, ast.UnaryOp, ast.USub, ast.UAdd),
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.List, ast.Tuple),
)


def parsed(formula: Any) -> Any:
    """Parse a formula of covariates, such as ``~ treatment * party + s(day)``.

    Parameters
    ----------
    formula : str
        In the notation of R, as the package formulaic reads it, without a left side.

    Returns
    -------
    formulaic.Formula

    Raises
    ------
    InputError
        If it cannot be parsed, has a left side or no term besides the intercept, or calls something that is not one of
        `FUNCTIONS`.
    MissingExtraError
        If formulaic is not installed.
    """
    if not isinstance(formula, str):
        raise InputError(f"A formula is text such as {_EXAMPLE}; received {formula!r}.")
    Formula, SimpleFormula, FormulaicError = _formulaic()
    try:
        terms = Formula(formula)
    except (FormulaicError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        reason = " ".join(_MARKED.sub("", str(error)).split()) or type(error).__name__
        raise InputError(f"The formula {formula!r} cannot be read ({reason:.200}). Write it as {_EXAMPLE}.") from error
    if not isinstance(terms, SimpleFormula):
        raise InputError(
            f"The formula {formula!r} has a left side or several parts. The topics are what it explains: write only "
            f"the fields that explain them, as in {_EXAMPLE}."
        )
    for term in terms:
        for factor in term.factors:
            _check_factor(formula, factor)
    if not fields_of(terms):
        raise InputError(
            f"The formula {formula!r} has no field besides the intercept, so all documents would have the same prior. "
            f"Name a field, as in {_EXAMPLE}, or leave the formula out."
        )
    return terms


def fields_of(terms: Any) -> tuple[str, ...]:
    """Names of the fields that a parsed formula reads, in order."""
    names: dict[str, None] = {}
    for term in terms:
        for factor in term.factors:
            if factor.eval_method.value == "lookup":
                names[factor.expr] = None
            elif factor.eval_method.value == "python":
                tree, quoted = _tree(factor.expr)
                called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
                for node in ast.walk(tree):
                    if isinstance(node, ast.Name) and id(node) not in called and node.id not in ("Treatment", "Sum"):
                        names[quoted.get(node.id, node.id)] = None
    return tuple(names)


def functions() -> dict[str, Any]:
    """The functions of formulas that formulaic does not have, or has in another form."""
    from formulaic.transforms import stateful_transform
    from formulaic.transforms.basis_spline import basis_spline

    @stateful_transform
    def s(x: Any, df: int | None = None, _state: Any = None) -> Any:
        """Cubic B-splines with `df` columns, by default 10 or one fewer than there are values, as in R's stm."""
        values = _numbers(x)
        if not _state:
            n_values = len(set(values[values == values].tolist()))
            df = min(10, n_values - 1) if df is None else df
            if n_values < 4 or df < 3:
                raise InputError(
                    f"A smooth term s(x) needs at least four different numbers and df=3; it has {n_values} numbers and "
                    f"df={df}. Write the field without s()."
                )
        return basis_spline.__wrapped__(x, df=df, extrapolation="clip", _state=_state)

    return {"s": s}


def _numbers(x: Any) -> Any:
    import numpy as np

    try:
        return np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            "A smooth term s(x) needs numbers or dates, and its field has text. Write the field without s()."
        ) from error


def _formulaic() -> tuple[Any, Any, Any]:
    try:
        from formulaic import Formula, SimpleFormula
        from formulaic.errors import FormulaicError
    except ImportError as error:
        raise MissingExtraError(
            "Formulas of covariates need formulaic. Install it with: pip install 'topicml[covariates]'"
        ) from error
    return Formula, SimpleFormula, FormulaicError


def _tree(expression: str) -> tuple[ast.Expression, dict[str, str]]:
    """The syntax tree of an expression, and the names in backticks that placeholders stand for in it."""
    quoted: dict[str, str] = {}

    def placeholder(match: re.Match[str]) -> str:
        name = f"quoted_{len(quoted)}_"
        quoted[name] = match.group(1)
        return name

    return ast.parse(_QUOTED.sub(placeholder, expression), mode="eval"), quoted


def _check_factor(formula: str, factor: Any) -> None:
    """Refuse code: formulaic evaluates a factor as Python."""
    if factor.eval_method.value != "python":
        return
    try:
        tree, _ = _tree(factor.expr)
    except SyntaxError as error:
        raise InputError(
            f"The term {factor.expr!r} of the formula {formula!r} cannot be read ({error.msg}). Write a name with "
            "spaces or signs in backticks."
        ) from error
    for node in ast.walk(tree):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
        if not is_call and not isinstance(node, _ALLOWED):
            name = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
            raise InputError(
                f"The formula {formula!r} may not have {name!r}. It may have fields, numbers, + - * / **, and the "
                f"functions {', '.join(FUNCTIONS)}."
            )
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _is_small(node.right):
            raise InputError(
                f"The formula {formula!r} has the power {ast.unparse(node.right)!r}; powers are numbers up to "
                f"{_LARGEST_POWER}."
            )


def _is_small(node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and abs(value) <= _LARGEST_POWER
