"""Becomes a worker of a Slurm job: makes TF_CONFIG from Slurm's variables, then runs the command.

Usage: srun python slurm_worker.py eagerloop train --strategy multi-worker --run runs/several
"""

import json
import os
import subprocess
import sys

listed = ["scontrol", "show", "hostnames", os.environ["SLURM_STEP_NODELIST"]]
nodes = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
port = 20000 + int(os.environ["SLURM_JOB_ID"]) % 10000  # two jobs on one node do not meet
cluster = {"worker": [f"{node}:{port}" for node in nodes]}  # one task on each node, in this order
os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": int(os.environ["SLURM_PROCID"])}})
os.execvp(sys.argv[1], sys.argv[1:])  # in place of this process, so that Slurm's signals reach the worker
