"""Runs a program with bounds and says how it ended."""

import os
import resource
import signal
import subprocess
import time
from dataclasses import dataclass

ADDRESS_SPACE = 8 << 30
# A sanitizer's shadow memory alone takes terabytes of addresses (launch/sanitize).
IS_SANITIZED = "ASAN_OPTIONS" in os.environ


@dataclass
class Outcome:
    code: int  # negative: the signal
    # Of computing, with its children: on a busy machine the clock says nothing.
    seconds: float
    peak_bytes: int
    output: str
    is_hung: bool

    def problem(self, allowed, second_limit, byte_limit):
        """What is wrong with it; None: it ended as it should."""
        if self.is_hung:
            return "hung"
        if self.code < 0:
            return f"crashed by signal {-self.code}"
        if self.code not in allowed:
            return f"ended with code {self.code}, which is none of {sorted(allowed)}"
        if self.code != 0 and self.output.count("fcn-dist: error: ") != 1:
            return "did not say what is wrong in one line"
        if self.seconds > second_limit:
            return f"took {self.seconds:.1f} s"
        if self.peak_bytes > byte_limit:
            return f"took {self.peak_bytes >> 20} MiB of memory"
        return None


def run(command, folder, environment, second_limit) -> Outcome:
    def limit():
        if not IS_SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    # A folder of its own: Open MPI keeps there what processes without a daemon would all give the same name.
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "SWIFT_BACKTRACE": "enable=no", "TMPDIR": folder, **environment}
    is_hung = False
    with open(os.path.join(folder, "output"), "wb+") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            preexec_fn=limit, start_new_session=True)
        deadline = time.monotonic() + 6 * second_limit
        while True:
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                is_hung = True
                os.killpg(process.pid, signal.SIGKILL)
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.002)
        process.returncode = status
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return Outcome(code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10, text, is_hung)
