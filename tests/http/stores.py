"""The stores a ledger can be kept in. What is true of the books is tested on each."""
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

STORES = ["sqlite", "postgresql"]
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class PostgreSQL:
    """A private cluster on a Unix socket, run by a user who is not root. It does not wait for the disk: tests end processes, not the power."""

    def __init__(self, folder):
        self.folder = Path(folder) / "pg"
        self.sockets = Path(folder) / "s"
        self.bin = BINARIES[-1]
        self.folder.mkdir()
        self.sockets.mkdir()
        self.user = []
        if os.geteuid() == 0:
            who = next((n for n in ("postgres", "nobody") if any(u.pw_name == n for u in pwd.getpwall())), None)
            self.user = ["setpriv", f"--reuid={who}", f"--regid={pwd.getpwnam(who).pw_gid}", "--clear-groups", "env", "LC_ALL=C"]
            os.chmod(folder, 0o755)
            for d in (self.folder, self.sockets):
                shutil.chown(d, who)
        self.run("initdb", "-D", self.folder / "data", "-U", "inlay", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync")
        with open(self.folder / "data/postgresql.conf", "a") as f:
            f.write(f"listen_addresses=''\nunix_socket_directories='{self.sockets}'\nmax_connections=60\nshared_buffers=32MB\n"
                    "fsync=off\n")
        self.start()
        self.run("createdb", "-h", self.sockets, "-U", "inlay", "books")

    @property
    def url(self):
        return f"postgresql://inlay@/books?host={self.sockets}"

    def run(self, program, *args, check=True):
        return subprocess.run([*self.user, self.bin / program, *map(str, args)], check=check, capture_output=True, text=True, timeout=60,
                              cwd=self.sockets)

    def start(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start")

    def stop(self, how="fast"):
        """immediate: as if by kill -9, with recovery at the next start."""
        self.run("pg_ctl", "-D", self.folder / "data", "-m", how, "-w", "stop", check=False)

    def pid(self):
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def sql(self, text):
        return self.run("psql", "-h", self.sockets, "-U", "inlay", "-d", "books", "-XAtc", text).stdout.strip()


def postgresql(folder):
    if not BINARIES or shutil.which("setpriv") is None:
        pytest.skip("no PostgreSQL server here (package postgresql)")
    return PostgreSQL(folder)


def flags_of(store, folder):
    """Flags of `inlay serve` for a fresh ledger there, and what ends it."""
    if store == "sqlite":
        return [], lambda: None
    pg = postgresql(folder)
    return ["--ledger", pg.url], lambda: pg.stop("immediate")


@pytest.fixture(scope="module", params=STORES)
def store(request):
    return request.param
