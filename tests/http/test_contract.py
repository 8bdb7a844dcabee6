"""The ledger's own unit programs, that test what every store must do, with the ledger in PostgreSQL."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import BUILD, ROOT
from stores import postgresql

UNIT = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "unit/ledger"


@pytest.fixture(scope="module")
def pg():
    folder = Path(tempfile.mkdtemp(prefix="inlay-"))
    server = postgresql(folder)
    yield server
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("program", ["orders", "model", "events"])
def test_on_postgresql(pg, program):
    if not (UNIT / program).exists():
        pytest.skip("make unit builds it")
    done = subprocess.run([UNIT / program], env={**os.environ, "LEDGER_POSTGRESQL": pg.url}, capture_output=True, text=True, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
