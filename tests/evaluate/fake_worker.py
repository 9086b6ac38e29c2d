"""Stands for `harness.evaluate.worker`: the same protocol, answers made from the request's seed, no vLLM.

The environment variable FAKE_WORKER asks for trouble: `die:N` ends it with exit code 9 after N answers, `room:R` says
that the model has R positions. Each start appends the number of its requests to FAKE_WORKER_LOG.
"""

import json
import os
import sys

job = json.load(sys.stdin)
with open(os.environ["FAKE_WORKER_LOG"], "a") as log:
    log.write(f"{len(job['requests'])}\n")
kind, _, figure = os.environ.get("FAKE_WORKER", "").partition(":")
if kind == "room":
    print(json.dumps({"refused": {"longest_prompt": 10, "room": int(figure)}}))
    sys.exit(0)
print(json.dumps({"versions": {"vllm": "fake"}}))
for index, request in enumerate(job["requests"]):
    if kind == "die" and index == int(figure):
        print("out of memory, say", file=sys.stderr)
        sys.stdout.flush()
        os._exit(9)
    role, content = job["prompts"][request["prompt"]][-1]
    answer = content if request["seed"] % 2 else "7*6"  # the question itself is no expression: wrong, no prediction
    print(json.dumps({"request": index, "output": answer, "tokens": len(answer), "finish": "stop"}), flush=True)
