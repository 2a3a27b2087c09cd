#!/usr/bin/env python3
"""Superpixels of scikit-image beside those of `fcn-dist baseline superpixels` on images with labels: boundary recall,
under-segmentation error, and seconds on one core.

    python3 scikit_superpixels.py IMAGES LABELS [--program fcn-dist] [--count 600] [--compactness 10] [--images 20]

IMAGES and LABELS are folders with files of the same names, as CamVid's val and valannot. Both sides cut the same decoded
images with the same compactness and least size (a quarter of the mean) into about the
same number of segments, from pixels in memory to connected segments; of each image the least of --repeats times
counts. Boundary recall: true edges with an edge of a segment within 2 pixels. Under-segmentation error: for every label
and segment that overlap, the lesser of the segment's pixels within the label and without, over all pixels (Neubert and
Protzel 2012). Needs scikit-image, NumPy and Pillow. Prints one line of JSON.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import skimage
    from PIL import Image
    from scipy.ndimage import binary_dilation
    from skimage.segmentation import slic
except ImportError as error:
    print(f"scikit_superpixels.py: {error}; see benchmarks/README.md", file=sys.stderr)
    sys.exit(66)


def edges(labels):
    result = np.zeros(labels.shape, bool)
    result[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    result[:-1] |= labels[1:] != labels[:-1]
    return result


def boundary_recall(segments, truth):
    true = edges(truth)
    near = binary_dilation(edges(segments), np.ones((5, 5), bool))
    return (true & near).sum() / max(1, true.sum())


def undersegmentation(segments, truth):
    table = np.zeros((segments.max() + 1, truth.max() + 1), np.int64)
    np.add.at(table, (segments.ravel(), truth.ravel()), 1)
    within = np.minimum(table, table.sum(axis=1, keepdims=True) - table)
    return within.sum() / truth.size


def ours(options, paths, work):
    command = [options.program, "baseline", "superpixels", *paths, "--output", work, "--set",
               f"superpixels.count={options.count}", "--set", f"superpixels.compactness={options.compactness}"]
    best = {}
    for _ in range(options.repeats):
        text = subprocess.run(command, check=True, capture_output=True, text=True,
                              env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout
        for name, seconds in re.findall(r"^(\S+): \d+ segments in (\S+) s$", text, re.MULTILINE):
            best[name] = min(best.get(name, 1e9), float(seconds))
    return {name: (np.asarray(Image.open(f"{work}/{name}.png")).astype(np.int64), best[name]) for name in best}


def theirs(options, paths, count):
    """Cut into as many segments as ours: scikit-image's number is below what it is asked for."""
    result = {}
    wanted = options.count
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        best = 1e9
        found = slic(pixels, n_segments=wanted, compactness=options.compactness,
                     min_size_factor=0.25, start_label=0).max() + 1
        asked = round(wanted * count / found)
        for _ in range(options.repeats):
            start = time.perf_counter()
            segments = slic(pixels, n_segments=asked, compactness=options.compactness,
                            min_size_factor=0.25, start_label=0)
            best = min(best, time.perf_counter() - start)
        result[os.path.splitext(os.path.basename(path))[0]] = (segments, best)
    return result


def figures(results, options):
    rows = []
    for name, (segments, seconds) in results.items():
        truth = np.asarray(Image.open(f"{options.labels}/{name}.png")).astype(np.int64)
        rows.append((boundary_recall(segments, truth), undersegmentation(segments, truth),
                     len(np.unique(segments)), seconds))
    means = [float(value) for value in np.mean(rows, axis=0)]
    return dict(zip(("boundary_recall", "undersegmentation_error", "segments", "seconds"), means))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="IMAGES")
    parser.add_argument("labels")
    parser.add_argument("--program", default="fcn-dist")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--compactness", type=float, default=10)
    parser.add_argument("--images", dest="limit", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    names = sorted(os.listdir(options.folder))
    names = names[::max(1, len(names) // options.limit)][:options.limit]
    paths = [os.path.join(options.folder, name) for name in names]
    with tempfile.TemporaryDirectory() as work:
        own = figures(ours(options, paths, work), options)
    other = figures(theirs(options, paths, own["segments"]), options)
    print(json.dumps({
        "peer": "scikit-image slic", "version": skimage.__version__, "images": len(paths), "fcn-dist": own,
        "scikit-image": other, "speed_ratio": other["seconds"] / own["seconds"]}))


if __name__ == "__main__":
    main()
