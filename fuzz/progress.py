"""How far a long run is."""

import sys


def progress(name, done, count, findings):
    """A line that updates on a terminal; in a log file a line for each twentieth."""
    text = f"{name}: {done} of {count} cases, {findings} findings"
    if sys.stdout.isatty():
        print(f"\r{text}", end="\n" if done == count else "", flush=True)
    elif done * 20 // count > (done - 1) * 20 // count:
        print(text, flush=True)
