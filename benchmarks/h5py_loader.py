#!/usr/bin/env python3
"""Augmented images from the same shards with h5py, NumPy and, where PyTorch is there, its DataLoader: the peer of
`fcn-dist benchmark loader`.

    python3 h5py_loader.py DATASET [--split train] [--workers 1] [--images 256] [--repeats 7]

Images are flipped, scaled by 0.75 to 1.75 (bilinear, with Pillow), cut to their size, changed in brightness and
contrast, and normalised. `--workers 0` loads in the process itself. Prints one line of JSON.
"""

import argparse
import glob
import json
import sys
import time

try:
    import h5py
    import numpy as np
    from PIL import Image
except ImportError as error:
    print(f"h5py_loader.py: {error}; see benchmarks/README.md", file=sys.stderr)
    sys.exit(66)


class Shards:
    """Samples of all shards of a split; files are opened in the process that reads them."""

    def __init__(self, folder, split, length):
        self.paths = sorted(glob.glob(f"{folder}/{split}-*-of-*.h5"))
        if not self.paths:
            print(f"h5py_loader.py: no shards of {split} in {folder}", file=sys.stderr)
            sys.exit(66)
        self.length = length
        self.files = None
        self.places = []
        for number, path in enumerate(self.paths):
            with h5py.File(path) as file:
                self.places += [(number, key) for key in file["images"]]

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        if self.files is None:
            self.files = [h5py.File(path) for path in self.paths]
        random = np.random.default_rng(index)
        number, key = self.places[random.integers(len(self.places))]
        file = self.files[number]
        return augmented(file["images"][key][()], file["labels"][key][()], random)


def augmented(image, label, random):
    height, width = label.shape
    scale = random.uniform(0.75, 1.75)
    size = (round(width * scale), round(height * scale))
    image = np.asarray(Image.fromarray(image).resize(size, Image.BILINEAR), dtype=np.float32)
    label = np.asarray(Image.fromarray(label.astype(np.uint8)).resize(size, Image.NEAREST))
    if random.random() < 0.5:
        image, label = image[:, ::-1], label[:, ::-1]
    pixels = np.zeros((height, width, 3), np.float32)
    labels = np.full((height, width), 255, np.int64)
    kept = (min(height, label.shape[0]), min(width, label.shape[1]))
    top = random.integers(label.shape[0] - kept[0] + 1)
    left = random.integers(label.shape[1] - kept[1] + 1)
    piece = image[top:top + kept[0], left:left + kept[1]]
    contrast, brightness = random.uniform(0.7, 1.3), random.uniform(0.7, 1.3)
    piece = (piece - 110) * contrast + 110 * brightness
    pixels[:kept[0], :kept[1]] = (piece - 110) / 60
    labels[:kept[0], :kept[1]] = label[top:top + kept[0], left:left + kept[1]]
    return pixels, labels


def batches(shards, workers):
    if workers > 0:
        try:
            from torch.utils.data import DataLoader
        except ImportError:
            print("h5py_loader.py: PyTorch is not installed; use --workers 0", file=sys.stderr)
            sys.exit(66)
        return DataLoader(shards, batch_size=8, num_workers=workers, persistent_workers=True)
    return ([shards[start + i] for i in range(8)] for start in range(0, len(shards), 8))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--split", default="train")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    shards = Shards(options.folder, options.split, max(8, options.images // 8 * 8))
    loader = batches(shards, options.workers) if options.workers else None
    rates = []
    for repeat in range(1 + options.repeats):
        start = time.perf_counter()
        for _ in loader if options.workers else batches(shards, 0):
            pass
        if repeat > 0:
            rates.append(len(shards) / (time.perf_counter() - start))
    print(json.dumps({
        "peer": "h5py + DataLoader" if options.workers else "h5py + NumPy", "version": h5py.__version__,
        "workers": options.workers, "images": len(shards), "images_per_second": rates}))


if __name__ == "__main__":
    main()
