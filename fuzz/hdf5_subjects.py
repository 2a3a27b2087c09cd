"""Shards and checkpoints: as fcn-dist seals them, and as other tools write them in the formats of HDF5 1.0 and 1.10."""

import os
import subprocess

import h5py
import numpy as np

from mutation import mutate

SEAL = b"fcn-dist seal 1\n"


def without_seal(data: bytes) -> bytes:
    """The HDF5 file before the seal (docs/formats.md)."""
    assert data[-32:-16] == SEAL
    return data[:int.from_bytes(data[-16:-8], "little")]


def rewritten(source, target, libver):
    """All of a file again, by h5py, in one of the library's formats; text as h5py likes it best."""
    with h5py.File(source, "r") as old, h5py.File(target, "w", libver=libver) as new:
        def attributes(a, b):
            for name, value in a.attrs.items():
                b.attrs[name] = value

        def copy(name, item):
            if isinstance(item, h5py.Group):
                made = new.require_group(name)
            elif item.dtype.kind in "SO":
                text = [v.decode() if isinstance(v, bytes) else v for v in np.atleast_1d(item[()]).tolist()]
                text = text if item.shape else text[0]
                made = new.create_dataset(name, data=text, dtype=h5py.string_dtype("utf-8"))
            else:
                made = new.create_dataset(name, data=item[()], chunks=item.chunks)
            for key, value in item.attrs.items():
                if not isinstance(value, h5py.Reference) and key not in ("PALETTE", "crc32c"):
                    made.attrs[key] = value

        attributes(old, new)
        old.visititems(copy)


class HDF5Subject:
    allowed = {0, 65}
    environment = {}

    def variants(self, path):
        """Bytes to begin with: sealed, without the seal, and by h5py."""
        with open(path, "rb") as file:
            sealed = file.read()
        originals = [sealed, without_seal(sealed)]
        for libver in ("earliest", ("v110", "v110"), "earliest", ("v110", "v110"), "latest"):
            other = path + ".other"
            rewritten(path, other, libver)
            with open(other, "rb") as file:
                originals.append(file.read())
            os.remove(other)
        return originals


class Shards(HDF5Subject):
    def __init__(self, program, folder):
        self.program = program
        self.name = "train-00000-of-00001.h5"
        subprocess.run(
            [program, "dataset", "synthesize", "--output", "data", "--train", "3", "--val", "1", "--height", "16",
             "--width", "24"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        self.originals = self.variants(os.path.join(folder, "data", self.name))

    def case(self, source, folder):
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)
        path = os.path.join(folder, "data", self.name)
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.originals), source))
        return [self.program, "dataset", "verify", "data"], [path]


class Checkpoints(HDF5Subject):
    CONFIGURATION = """
model: {architecture: fcn32s, widths: [2, 2, 2, 2, 2], fc: 4}
batch: {global: 1, micro: 1}
train: {steps: 2, evaluate_every: 1, checkpoint_every: 2}
"""

    def __init__(self, program, folder):
        self.program = program
        with open(os.path.join(folder, "tiny.yaml"), "w") as file:
            file.write(self.CONFIGURATION)
        data = "dataset synthesize --output data --train 2 --val 1 --height 32 --width 32"
        run = "train --config tiny.yaml --data data --output run --backend portable"
        for command in (data.split(), run.split()):
            subprocess.run([program, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        self.originals = self.variants(os.path.join(folder, "run", "checkpoints", "step-000000002.h5"))

    def case(self, source, folder):
        path = os.path.join(folder, "a.h5")
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.originals), source))
        command = source.choice([["verify", path], ["verify", path], ["digest", path], ["show", path]])
        return [self.program, "checkpoint", *command], [path]
