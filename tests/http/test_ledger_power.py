"""The ledger itself under simulated power loss: acknowledged events are there, once, and the roll-ups equal the events."""
import os
import random
import subprocess
from pathlib import Path

import pytest

import powerloss
from conftest import BUILD, ROOT

DRIVER = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "unit/ledger/crash"
SOURCE = Path(__file__).with_name("powerfail.c")
ROUNDS = 4
pytestmark = [
    pytest.mark.skipif(not DRIVER.exists(), reason="make unit builds the driver"),
    pytest.mark.skipif("san" in str(BUILD), reason="a sanitizer wants to be loaded before the recorder"),
]


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    so = tmp_path_factory.mktemp("powerfail") / "powerfail.so"
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-o", so, SOURCE, "-ldl", "-lpthread"], check=True)
    return so


def load(url, first, env):
    """Acknowledgements, four bytes each, of a driver whose power goes in the middle of a write."""
    driver = subprocess.run([DRIVER, "load", url, str(first)], stdout=subprocess.PIPE, env=env, timeout=300)
    assert driver.returncode == -9
    return driver.stdout


@pytest.mark.parametrize("mode", ["none", "random", "torn"])
def test_power_loss(tmp_path, recorder, mode):
    rng = random.Random(mode)
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite:{data}/ledger.db"
    acked = b""
    for i in range(ROUNDS):
        journal = tmp_path / f"journal{i}"
        env = {**os.environ, "LD_PRELOAD": str(recorder), "PF_DIR": str(data), "PF_LOG": str(journal), "PF_STOP_AFTER": str(rng.randrange(100, 1200))}
        acked += load(url, i * 10_000_000 + 1, env)
        lost = powerloss.apply(journal, mode, rng)
        assert lost > 0 or mode != "none"  # else nothing was simulated
        for shm in data.glob("*-shm"):
            shm.unlink()
        checked = subprocess.run([DRIVER, "check", url], input=acked, capture_output=True, timeout=300)
        assert checked.returncode == 0, checked.stderr.decode()
        assert int(checked.stdout) == len(acked) // 4
    assert acked
