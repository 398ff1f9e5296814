"""Becomes a worker of an indexed Kubernetes Job: makes TF_CONFIG from the pod's variables, then trains or resumes.

Usage: python pod_worker.py runs/several --dataset csv --dataset.path table.csv
"""

import json
import os
import sys
from pathlib import Path

job, count, index = os.environ["JOB"], int(os.environ["WORKERS"]), int(os.environ["JOB_COMPLETION_INDEX"])
cluster = {"worker": [f"{job}-{number}.{job}:2222" for number in range(count)]}  # the pods' names in the headless service
os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
run, *options = sys.argv[1:]
words = ["resume", run] if Path(run, "run.toml").exists() else ["train", *options, "--run", run]
os.execvp("eagerloop", ["eagerloop", *words, "--strategy", "multi-worker"])
