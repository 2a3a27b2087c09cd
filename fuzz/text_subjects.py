"""Configurations and command lines. Nothing is trained: the data are always missing."""

import os
import re
import subprocess

from mutation import mutate, flip_bit, overwrite_run, cut, swap_blocks, copy_block, insert, remove

WORDS = ["-1", "0", "1", "1e999", "nan", "-0", "9223372036854775808", "99999999999999999999999", "0x10", "", " ", "é",
         "\u202e", "../../..", "/dev/null", "/", ".", "%s%n", "a=b", "=", "train.steps=", "[", "{a: b", "*", "--", "-",
         "-h", "true", "null", "~", "auto"]


class Configurations:
    allowed = {0, 64, 65, 66, 78}
    # MPI need not start a daemon for one process.
    environment = {"OMPI_MCA_ess_singleton_isolated": "1"}
    PIECES = [": ", "- ", "{", "}", "[", "]", "\n", "\t", "'", '"', "&a ", "*a", "!!int ", "1e9", "\0", "é", "|", ">",
              "#", "%", "<<: ", "? ", "---\n", "...\n", "!!binary ", "0o7", "1_0", ".inf", ".nan", "-.inf", "~",
              "99999999999999999999"]

    def __init__(self, program, folder):
        self.program = program
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        names = sorted(os.listdir(os.path.join(root, "configs")))
        self.originals = []
        for name in names:
            if name.endswith(".yaml"):
                with open(os.path.join(root, "configs", name), "rb") as file:
                    self.originals.append(file.read())

    def insert_piece(self, data, source):
        place = source.randrange(len(data))
        data[place:place] = source.choice(self.PIECES).encode()

    def case(self, source, folder):
        kinds = [flip_bit, overwrite_run, cut, swap_blocks, copy_block, insert, remove] + 5 * [self.insert_piece]
        path = os.path.join(folder, "a.yaml")
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.originals), source, kinds))
        return [self.program, "train", "--config", path, "--data", "nowhere", "--output", "run"], [path]


class CommandLines:
    allowed = {0, 64, 65, 66, 73, 78}
    # Where everything else is in order, this is not.
    environment = {"FCN_DIST_BACKEND": "none"}
    COMMANDS = ["train", "evaluate", "predict", "dataset import", "dataset verify", "dataset show", "checkpoint show",
                "checkpoint verify", "checkpoint digest", "checkpoint diff", "checkpoint import", "checkpoint export",
                "benchmark step", "benchmark exchange", "doctor", "report", "verify-exactness", ""]

    def __init__(self, program, folder):
        self.program = program
        self.options = {}
        for command in self.COMMANDS:
            text = subprocess.run([program, *command.split(), "--help"], capture_output=True, text=True).stdout
            self.options[command] = sorted(set(re.findall(r"--[a-z][a-z-]+", text))) or ["--help"]

    def case(self, source, folder):
        command = source.choice(self.COMMANDS)
        arguments = []
        for _ in range(source.randrange(7)):
            arguments.append(source.choice(self.options[command] if source.random() < 0.6 else WORDS))
            if source.random() < 0.15:
                arguments[-1] = "".join(chr(source.randrange(1, 0x3000)) for _ in range(source.randrange(1, 12)))
            if source.random() < 0.1:
                arguments[-1] = arguments[-1][:-1] + source.choice(WORDS)
        if command.split(" ")[0] in ("train", "benchmark", "doctor", "verify-exactness"):
            # These would work, and long.
            arguments.append("--no-such-option")
        # What an operating system cannot pass on is not a command line.
        arguments = [a.encode("utf-8", "surrogatepass").replace(b"\0", b"") for a in arguments]
        return [self.program.encode(), *[c.encode() for c in command.split()], *arguments], []
