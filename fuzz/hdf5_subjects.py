"""Shards, checkpoints and models of regions: as fcn-dist seals them, and as other tools write them in the formats of HDF5 1.0 and 1.10."""

import os
import subprocess

import h5py
import numpy as np

from mutation import mutate

SEAL = b"fcn-dist seal 1\n"


CRC_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    CRC_TABLE.append(byte)


def crc32c(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value = CRC_TABLE[(value ^ byte) & 255] ^ value >> 8
    return value ^ 0xFFFFFFFF


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
    task = "semantic"

    def __init__(self, program, folder):
        self.program = program
        self.name = "train-00000-of-00001.h5"
        subprocess.run(
            [program, "dataset", "synthesize", "--output", "data", "--train", "3", "--val", "1", "--height", "16",
             "--width", "24", "--task", self.task], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        self.originals = self.variants(os.path.join(folder, "data", self.name))

    def case(self, source, folder):
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)
        path = os.path.join(folder, "data", self.name)
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.originals), source))
        return [self.program, "dataset", "verify", "data"], [path]


class InstanceShards(Shards):
    """Boxes, classes and masks in flat arrays; half of the damage is to these and their offsets, with the checksums made
    right again, so that more than the checksum is tried."""

    task = "instances"

    def case(self, source, folder):
        if source.random() < 0.5:
            return super().case(source, folder)
        os.makedirs(os.path.join(folder, "data"), exist_ok=True)
        path = os.path.join(folder, "data", self.name)
        with open(path, "wb") as file:
            file.write(self.originals[-1])
        with h5py.File(path, "r+") as file:
            name = source.choice(["offsets", "boxes", "classes", "crowd", "run_offsets", "runs", "runs"])
            values = file["instances"][name][()]
            for _ in range(source.choice([1, 1, 3])):
                limits = (0, 0) if values.dtype.kind == "f" else (np.iinfo(values.dtype).min, np.iinfo(values.dtype).max)
                near = values.flat[source.randrange(values.size)]
                choices = [0, 1, near, *limits] if values.dtype.kind != "f" else [0, np.nan, np.inf, -1e38, near]
                values.flat[source.randrange(values.size)] = source.choice(choices)
            if source.random() < 0.2:
                values = values[:source.randrange(len(values) + 1)]
            del file["instances"][name]
            file["instances"][name] = values
            self.sum(file)
        command = "verify" if source.random() < 0.5 else "show"
        return [self.program, "dataset", command, "data", *(["--output", "page.png"] if command == "show" else [])], [path]

    def sum(self, file):
        group = {name: item[()] for name, item in file["instances"].items()}
        for sample in range(len(file["crc32c"])):
            first, end = (int(v) for v in (list(group["offsets"]) + [0, 0, 0, 0])[sample:sample + 2])
            if not 0 <= first <= end <= len(group["classes"]):
                continue
            runs = [int(v) for v in group["run_offsets"][[min(first, len(group["run_offsets"]) - 1),
                                                          min(end, len(group["run_offsets"]) - 1)]]] \
                if len(group["run_offsets"]) else [0, 0]
            own = [group[name][first:end] for name in ("boxes", "classes", "crowd")]
            own.append(group["runs"][max(0, runs[0]):max(0, runs[1])])
            file["crc32c"][sample, 1] = crc32c(b"".join(values.tobytes() for values in own))


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


class Regions(HDF5Subject):
    """Models of labelled regions, as `baseline fit` writes them, read before they label one small image."""

    def __init__(self, program, folder):
        self.program = program
        self.data = os.path.join(folder, "data")
        data = "dataset synthesize --output data --train 3 --val 1 --height 40 --width 56"
        fit = "baseline fit --data data --output model.h5 --set superpixels.count=30 --set fit.purity=0"
        for command in (data.split(), fit.split()):
            subprocess.run([program, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        self.originals = self.variants(os.path.join(folder, "model.h5"))

    def case(self, source, folder):
        path = os.path.join(folder, "model.h5")
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.originals), source))
        output = os.path.join(folder, "out")
        return [self.program, "baseline", "clusters", "--data", self.data, "--model", path, "--output", output], [path]
