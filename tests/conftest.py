"""What all tests share: fixed draws of hypothesis, the place of real data, a clean environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of a job in the background: tests of Ctrl-C could not be
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[1]

# `make test` tries the same examples every time, `make verify` fresh ones.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("fresh", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def package() -> Path:
    """Folder of the package's sources."""
    return REPOSITORY / "src" / "vesica"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of published data sets, beside the checkout; the test is skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no folder shared/data beside the checkout")
    return folder
