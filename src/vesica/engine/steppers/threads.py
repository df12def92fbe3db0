"""One thread for the linear algebra of solvers: runs go side by side in processes, and bits do not depend on cores."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS and the sparse solver of CVODE to one thread.

    A library that is loaded later is not held, so CVODE is loaded first: its threads would wait for each other in a
    busy loop, ten times longer than the work takes.
    """
    import sksundae.cvode  # noqa: F401

    with threadpool_limits(1):
        yield
