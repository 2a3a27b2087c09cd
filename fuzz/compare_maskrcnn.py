"""Compares what fcn-dist found and trained with what foreign_maskrcnn.py wrote of torchvision."""

import json

import h5py
import numpy


def decoded(text):
    """COCO's compressed run lengths."""
    counts, place = [], 0
    while place < len(text):
        value, shift, more = 0, 0, True
        while more:
            group = ord(text[place]) - 48
            value |= (group & 31) << shift
            more, place, shift = bool(group & 32), place + 1, shift + 5
            if not more and group & 16:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts


def bitmap(counts):
    return numpy.repeat(numpy.arange(len(counts)) % 2, counts)


def detections(expected, found, tolerance=1e-4):
    """One to one, in the same order: classes, scores, boxes in pixels, masks but for pixels on the fence."""
    expected, found = (json.load(open(path)) for path in (expected, found))
    assert len(expected) > 40, len(expected)
    for image in sorted({one["image"] for one in expected}):
        a = [one for one in expected if one["image"] == image]
        b = [one for one in found if one["image_id"] == image]
        assert [x["category"] for x in a] == [y["category_id"] for y in b], image
        for x, y in zip(a, b):
            assert abs(x["score"] - y["score"]) < tolerance, (image, x["score"], y["score"])
            left, top, width, height = y["bbox"]
            difference = abs(numpy.array(x["box"]) - [left, top, left + width, top + height]).max()
            assert difference < 100 * tolerance, (image, x["box"], y["bbox"])
            pixels = (bitmap(x["counts"]) != bitmap(decoded(y["segmentation"]["counts"]))).sum()
            assert pixels <= 2, (image, pixels)


def name_of(layer, part, backbone):
    """torchvision's name."""
    heads = {
        "rpn_conv": "rpn.head.conv.0.0", "rpn_cls_logits": "rpn.head.cls_logits", "rpn_bbox_pred": "rpn.head.bbox_pred",
        "box_fc6": "roi_heads.box_head.fc6", "box_fc7": "roi_heads.box_head.fc7",
        "cls_score": "roi_heads.box_predictor.cls_score", "bbox_pred": "roi_heads.box_predictor.bbox_pred",
        "mask_deconv": "roi_heads.mask_predictor.conv5_mask",
        "mask_logits": "roi_heads.mask_predictor.mask_fcn_logits"}
    for number in range(4):
        heads[f"fpn_inner{number + 2}"] = f"backbone.fpn.inner_blocks.{number}.0"
        heads[f"fpn_layer{number + 2}"] = f"backbone.fpn.layer_blocks.{number}.0"
        heads[f"mask_fcn{number + 1}"] = f"roi_heads.mask_head.{number}.0"
    if backbone == "vgg16":
        names = [f"conv{block}_{i}" for block, n in enumerate([2, 2, 3, 3, 3], 1) for i in range(1, n + 1)]
        for name, index in zip(names, [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]):
            heads[name] = f"backbone.body.{index}"
    return f"{heads.get(layer, 'backbone.body.' + layer)}.{part}"


def tensors(path):
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[tuple(name.split("/")[-2:])] = item[()]

    with h5py.File(path) as file:
        (file["model/parameters"] if "model/parameters" in file else file).visititems(visit)
    return found


def steps(expected, run, start, backbone, tolerance=1e-4):
    """Five losses of every step, and what training has changed in every parameter."""
    expected = numpy.load(expected)
    lines = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    lines = [line for line in lines if "losses" in line]
    assert len(lines) == len(expected["losses"]), len(lines)
    for line, losses in zip(lines, expected["losses"]):
        for name, loss in zip(("objectness", "rpn_box", "class", "box", "mask"), losses):
            assert abs(line["losses"][name] - loss) <= tolerance * abs(loss), (name, line["losses"][name], loss)
    after, before = tensors(f"{run}/checkpoints/latest.h5"), tensors(start)
    after = {key: value for key, value in after.items() if key in before}
    names = [name for name in expected.files if name != "losses"]
    assert len(after) == len(names), (len(after), len(names))
    for (layer, part), value in after.items():
        wanted = expected[name_of(layer, part, backbone)].reshape(value.shape)
        if layer.startswith("bn") or ".bn" in layer or layer.endswith("downsample.1"):
            assert (value == before[layer, part]).all(), layer
            continue
        moved, meant = value - before[layer, part], wanted - before[layer, part]
        assert abs(value - wanted).max() <= tolerance * abs(wanted).max(), (layer, part)
        # Weights are float32: a change can be no more exact than their last bit.
        slack = 4e-7 * abs(wanted).max()
        assert abs(moved - meant).max() <= 1e-3 * abs(meant).max() + slack, (
            layer, part, abs(moved - meant).max(), abs(meant).max())
