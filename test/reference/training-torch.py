"""The rates of PyTorch's one-cycle, which Keras has not; makes training-torch.json beside this file.

    pip install torch==2.15.0 && python training-torch.py
"""
import json
from pathlib import Path

import torch

TOTAL = 42
NAMES = {"rise": "pct_start", "startDivisor": "div_factor", "endDivisor": "final_div_factor"}


def rates(settings):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    given = {NAMES[key]: value for key, value in settings.items()}
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=TOTAL, cycle_momentum=False, **given)
    out = []
    for step in range(TOTAL):
        out.append(cycle.get_last_lr()[0])
        optimizer.step()
        if step < TOTAL - 1:
            cycle.step()
    return out


cases = [{}, {"rise": 0.5, "startDivisor": 10, "endDivisor": 100}]
lines = [json.dumps({"schedule": {"kind": "one-cycle", **case}, "rates": rates(case)}) for case in cases]
Path(__file__).with_suffix(".json").write_text("[\n " + ",\n ".join(lines) + "\n]\n")
