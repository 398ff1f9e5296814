"""Starts a worker on each machine by SSH, in this directory, and waits for all of them.

Usage: python over_ssh.py ada:2222 bob:2222 -- eagerloop train --strategy multi-worker --run runs/several
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

end = sys.argv.index("--")
addresses, command = sys.argv[1:end], shlex.join(sys.argv[end + 1 :])
workers = []
for index, address in enumerate(addresses):
    config = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
    line = f"cd {shlex.quote(str(Path.cwd()))} && TF_CONFIG={shlex.quote(config)} exec {command}"
    host = address.rpartition(":")[0]
    # With -tt, the worker ends when this ssh is ended.
    workers.append(subprocess.Popen(["ssh", "-tt", host, line], stdin=subprocess.DEVNULL))
codes = [worker.wait() for worker in workers]  # one that fails is missed by the others, which then end
sys.exit(max(codes))
