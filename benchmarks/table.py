#!/usr/bin/env python3
"""Makes the table of benchmarks/run: the medians of all rounds of each side, in Markdown.

    python3 table.py RAW FAILURES [yes]         yes: of a trial with tiny sizes
"""

import collections
import glob
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys


def read(folder):
    """The results of each side, in the order of the rounds."""
    sides = collections.OrderedDict()
    for path in sorted(glob.glob(f"{folder}/*.json"), key=os.path.getmtime):
        with open(path) as file:
            sides.setdefault(os.path.basename(path).rsplit(".", 2)[0], []).append(json.load(file))
    return sides


def values(side, name):
    """What a side is compared by, of every repetition of every round: (unit, numbers)."""
    numbers = []
    for result in side:
        if name.startswith("step"):
            numbers += [result["settings"]["batch"] / s for s in result["seconds"]["step"]["rounds"]]
        elif name.startswith("torch"):
            numbers += [result["images"] / s for s in result["seconds"]]
        elif name.startswith("exchange"):
            numbers += [1e3 * s for s in result["seconds"]["exchange"]["rounds"]]
        elif name.startswith("allreduce"):
            numbers += [1e3 * s for s in result["sum_and_update"]]
        elif name == "loader":
            rounds = result["seconds"]["augmented"]["rounds"]
            numbers += [result["settings"]["images"] / s / result["settings"]["loader_threads"] for s in rounds]
        elif name.startswith("h5py"):
            numbers += result["images_per_second"]
        else:
            numbers += [1e3 * s for s in result["seconds"]["write"]["rounds"]]
    is_time = name.startswith(("exchange", "allreduce", "checkpoint"))
    return ("ms" if is_time else "images/s"), numbers


def limit(side):
    """How near our side is to its own limit."""
    figures = [result["figures"] for result in side if "figures" in result]
    shares = [f["share_of_limit"] for f in figures if f.get("share_of_limit")]
    if shares:
        return f"{100 * statistics.median(shares):.1f} % of the limit"
    factors = [f["times_the_limit"] for f in figures if f.get("times_the_limit")]
    return f"{statistics.median(factors):.2f} times the memory traffic" if factors else ""


def short(number):
    return f"{number:.4g}"


def version(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not there"


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names) or os.cpu_count()} processors"


def package(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not there"


def ratios(sides):
    """Each of ours against the best peer of its kind, by the medians."""
    def medians(prefix):
        return {n: statistics.median(values(s, n)[1]) for n, s in sides.items() if n.startswith(prefix)}

    for ours, peers, best in [
        ("step-bfloat16", "torch-bfloat16", max), ("step-float32", "torch-float32", max), ("loader", "h5py", max),
        ("exchange", "allreduce", min),
    ]:
        rivals = medians(peers)
        for name, own in medians(ours).items():
            if not rivals:
                continue
            rival = best(rivals, key=rivals.get)
            factor = own / rivals[rival] if best is max else rivals[rival] / own
            yield f"- {name}: {factor:.2f} times {rival}"


def main():
    sides = read(sys.argv[1])
    with open(sys.argv[2]) as file:
        failures = collections.Counter(line.strip() for line in file)
    print(f"# Measured on {platform.node()}\n")
    if sys.argv[3:] == ["yes"]:
        print("**A trial with tiny sizes (--quick): these numbers say nothing about speed.**\n")
    print(f"{version(['date', '-u', '+%Y-%m-%d %H:%M UTC'])}; {processor()}; {platform.system()} {platform.release()}.")
    # Library, version and instruction set; precision and threads are in the names of the sides.
    engines = {", ".join(result["engine"].split(", ")[:2])
               for side in sides.values() for result in side if result.get("engine")}
    tools = {result.get("tool_version") for side in sides.values() for result in side} - {None}
    print(f"fcn-dist {', '.join(sorted(tools)) or 'not there'} ({'; '.join(sorted(engines)) or 'no engine'}); "
          f"{version(['mpirun', '--version'])}; PyTorch {package('torch')}; h5py {package('h5py')}; "
          f"Python {platform.python_version()}.\n")
    print("| side | rounds | median | min | max | unit | its own limit |\n|---|---|---|---|---|---|---|")
    for name, side in sides.items():
        unit, numbers = values(side, name)
        print(f"| {name} | {len(side)} x {len(numbers) // len(side)} | {short(statistics.median(numbers))} "
              f"| {short(min(numbers))} | {short(max(numbers))} | {unit} | {limit(side)} |")
    lines = list(ratios(sides))
    if lines:
        print("\nAgainst the best peer, by the medians:\n\n" + "\n".join(lines))
    if failures:
        print("\nLeft out:\n\n" + "\n".join(f"- {text} ({count} times)" for text, count in failures.items()))


if __name__ == "__main__":
    main()
