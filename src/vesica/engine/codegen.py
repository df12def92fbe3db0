"""Compiles every kernel, with its derivatives, once per release of the package.

Each kernel is called with sympy symbols; what comes back is differentiated, printed as one
scalar statement list and compiled by numba. Generated text and machine code live in the
cache folder named by the hash of the package's sources, so an edit can never leave a stale
number. A model itself is only data: index tables over these classes.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from vesica import maths
from vesica._cache import cache_dir
from vesica.engine.kernels import KERNELS, arity
from vesica.engine.steppers import w_method

if TYPE_CHECKING:
    import sympy

_HEADER = '''"""Generated from the kernels of vesica.biology; do not edit."""
from numba import njit
from vesica import maths
from vesica.engine import sweep
'''
_OPTIONS = 'cache=True, nogil=True, error_model="numpy"'
_RATE_ONE = '''
def rate_one(state, rate, v, flow, weight, plan):
    sweep.put(v, sweep.part(plan, 0), state)
    classes, first, args, out = sweep.part(plan, 1), sweep.part(plan, 2), sweep.part(plan, 3), sweep.part(plan, 4)
    for i in range(out.size):
        v[out[i]] = evaluate_one(v, classes[i], first[i], args)
    sweep.multiply(v, sweep.part(plan, 5), sweep.part(plan, 6), sweep.part(plan, 7), flow)
    sweep.add_up(flow, weight, sweep.part(plan, 8), sweep.part(plan, 9), sweep.part(plan, 10), sweep.part(plan, 11),
                 rate)
'''


@functools.cache
def compiled() -> ModuleType:
    """Module with ``evaluate`` and ``differentiate`` over all kernel classes.

    Both walk values (value, lane): a lane is one replicate, and one is a batch of one.
    ``evaluate_one`` computes a single instance of a kernel from the values (value,) of one replicate.
    ``advance_blocks`` and ``read_blocks`` are those of `engine.steppers.w_method`.
    ``rate_one`` goes all the way from the state of one replicate to its rates; see `engine.layout`.
    """
    path = cache_dir() / "vesica_kernels.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(path, source())
    spec = importlib.util.spec_from_file_location("vesica_kernels", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the generated kernels from {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # numba looks it up by name when it loads machine code
    spec.loader.exec_module(module)
    return module


def _write_atomically(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".py")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).replace(path)


def source() -> str:
    """Text of the generated module."""
    parts = [_HEADER, w_method.IMPORTS]
    parts += [f"{name} = njit({_OPTIONS})(maths.FUNCTIONS[{name!r}].value)\n" for name in maths.FUNCTIONS]
    values, slopes = [], []
    for number, name in enumerate(KERNELS):
        parts.append(_kernel_text(name))
        gathered = ", ".join(f"v[args[b + {j}], lane]" for j in range(arity(name)))
        loops = (f"        {'if' if number == 0 else 'elif'} c == {number}:\n"
                 "            for i in range(starts[s], ends[s]):\n                b = first[i]\n"
                 "                for lane in range(v.shape[1]):\n                    ")
        values.append(f"{loops}v[out[i], lane] = {name}({gathered})\n")
        slopes.append(f"{loops}d_{name}({gathered}, partial, b, lane)\n")
    walk = "    for s in range(classes.size):\n        c = classes[s]\n"
    parts.append(f"\n@njit({_OPTIONS})\ndef evaluate(v, classes, starts, ends, first, args, out):\n{walk}"
                 + "".join(values))
    parts.append(f"\n@njit({_OPTIONS})\ndef differentiate(v, classes, starts, ends, first, args, partial):\n{walk}"
                 + "".join(slopes))
    parts.append(f"\n@njit({_OPTIONS})\ndef evaluate_one(v, c, b, args):\n")
    for number, name in enumerate(KERNELS):
        gathered = ", ".join(f"v[args[b + {j}]]" for j in range(arity(name)))
        parts.append(f"    if c == {number}:\n        return {name}({gathered})\n")
    parts.append("    return v[0] * float('nan')\n")
    parts.append(f"\n@njit({_OPTIONS}){_RATE_ONE}")
    for text in w_method.TEXTS:
        within = ', inline="always"' if text in w_method.INLINED else ""  # what calls all kernels takes long to compile
        parts.append(f"\n@njit({_OPTIONS}{within})\n{inspect.getsource(text)}")
    return "".join(parts)


def _kernel_text(name: str) -> str:
    """Value and partial derivatives of one kernel as two functions."""
    import sympy

    symbols = sympy.symbols([f"a{j}" for j in range(arity(name))], real=True)
    value = sympy.sympify(KERNELS[name](*symbols), strict=True)
    partials = [_partial(value, symbol) for symbol in symbols]
    arguments = ", ".join(str(symbol) for symbol in symbols)
    body, (result,) = _statements([value])
    text = f"\n@njit({_OPTIONS})\ndef {name}({arguments}):\n{body}    return {result}\n"
    body, results = _statements(partials)
    writes = "".join(f"    partial[b + {j}, lane] = {result}\n" for j, result in enumerate(results))
    return text + f"\n@njit({_OPTIONS})\ndef d_{name}({arguments}, partial, b, lane):\n{body}{writes}"


def _partial(value: sympy.Expr, symbol: sympy.Symbol) -> Any:
    """Derivative, or zero where a function declares none (arguments that are never states)."""
    try:
        return value.diff(symbol)
    except ArithmeticError:
        return 0


def _statements(expressions: list[Any]) -> tuple[str, list[str]]:
    """Common subexpressions as assignments, then the expressions, in plain Python."""
    import sympy
    from sympy.printing.pycode import PythonCodePrinter

    settings = {"user_functions": {name: name for name in maths.FUNCTIONS}, "fully_qualified_modules": False}
    printer = PythonCodePrinter(settings)
    shared, reduced = sympy.cse([sympy.sympify(expression, strict=True) for expression in expressions])
    body = "".join(f"    {symbol} = {printer.doprint(sub)}\n" for symbol, sub in shared)
    return body, [printer.doprint(expression) for expression in reduced]
