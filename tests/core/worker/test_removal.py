"""What workers have left in their directories, locked or not."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = 65534

LOCKED = """
import os, sys
from pathlib import Path
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
data, user = Path(sys.argv[1]), int(sys.argv[2])
if os.getuid() == 0:  # for whom there are no locks
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
left = data / "workers" / "w1" / "tmp" / "locked"
left.mkdir(parents=True)
(left / "file").write_text("x")
left.chmod(0)
gate = BareKey(Credential("ANTHROPIC_API_KEY", "sk"))
WorkerFactory(FactorySettings(Path("/bin/true"), gate, data, Containment("none")))
print(os.listdir(data / "workers"))
"""


def test_what_an_agent_has_locked_of_its_worker_s_directory_does_not_outlive_the_next_start() -> None:
    with tempfile.TemporaryDirectory() as here:
        data = Path(here, "data")
        data.mkdir()
        Path(here).chmod(0o755)
        if os.getuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        done = subprocess.run(
            [sys.executable, "-c", LOCKED, str(data), str(NOBODY)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
