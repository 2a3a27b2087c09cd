"""torchvision's Mask R-CNN with random weights, for the tests of `checkpoint import` and of the net itself: the state of
one on a ResNet-50 or a VGG16 of small widths, a COCO data set, what the net finds in it, and what training makes of it.

    foreign_maskrcnn.py FOLDER resnet50|vgg16

writes into FOLDER weights.pth, weights.safetensors and old.pth (the same in names of torchvision 0.12), images/ and
annotations.json, config.yaml, found.json (detections with masks as run lengths) and steps.npz (five losses of each of
three steps with a batch of 1, and all parameters after them, under torchvision's names).
"""

import json
import os
import struct
import sys

import numpy
import torch
from PIL import Image
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.resnet import Bottleneck, ResNet
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
from torchvision.ops.misc import FrozenBatchNorm2d

WIDTHS = {"resnet50": [8, 4, 6, 8, 10], "vgg16": [8, 8, 12, 16, 16]}
MEAN, STD = [120.0, 115.0, 105.0], [60.0, 61.0, 62.0]
CLASSES, PYRAMID = 4, 16


class SmallResNet(ResNet):
    def __init__(self, widths):
        nn.Module.__init__(self)
        self._norm_layer = FrozenBatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = widths[0], 1, 1, 64
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = FrozenBatchNorm2d(widths[0])
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        for number, (width, count) in enumerate(zip(widths[1:], [3, 4, 6, 3]), 1):
            stage = self._make_layer(Bottleneck, width, count, stride=1 if number == 1 else 2)
            setattr(self, f"layer{number}", stage)

    def forward(self, value):
        value = self.maxpool(self.relu(self.bn1(self.conv1(value))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            value = stage(value)
            yield value


class SmallVGG(nn.Sequential):
    def __init__(self, widths):
        parts, inputs = [], 3
        for width, count in zip(widths, [2, 2, 3, 3, 3]):
            for _ in range(count):
                parts += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
            parts.append(nn.MaxPool2d(2))
        super().__init__(*parts)

    def forward(self, value):
        for index, part in enumerate(self):
            value = part(value)
            if index in (15, 22, 29, 30):
                yield value


class Pyramid(nn.Module):
    out_channels = PYRAMID

    def __init__(self, backbone):
        super().__init__()
        widths = WIDTHS[backbone]
        self.body = (SmallResNet if backbone == "resnet50" else SmallVGG)(widths)
        inputs = [4 * w for w in widths[1:]] if backbone == "resnet50" else [widths[i] for i in (2, 3, 4, 4)]
        self.fpn = FeaturePyramidNetwork(inputs, PYRAMID, extra_blocks=LastLevelMaxPool())

    def forward(self, value):
        return self.fpn({str(i): level for i, level in enumerate(self.body(value))})


def make_network(backbone):
    torch.manual_seed(4)
    everything = 1_000_000
    net = MaskRCNN(
        Pyramid(backbone), min_size=96, max_size=4096, image_mean=[m / 255 for m in MEAN],
        image_std=[s / 255 for s in STD],
        rpn_anchor_generator=AnchorGenerator(((16,), (24,), (40,), (64,), (96,)), ((0.5, 1.0, 2.0),) * 5),
        box_head=TwoMLPHead(PYRAMID * 49, 32), box_predictor=FastRCNNPredictor(32, CLASSES),
        mask_head=MaskRCNNHeads(PYRAMID, [12] * 4, 1), mask_predictor=MaskRCNNPredictor(12, 12, CLASSES),
        rpn_batch_size_per_image=everything, rpn_pre_nms_top_n_train=4000, rpn_post_nms_top_n_train=120,
        rpn_pre_nms_top_n_test=4000, rpn_post_nms_top_n_test=80, box_batch_size_per_image=everything,
        box_detections_per_img=20)
    generator = torch.Generator().manual_seed(9)
    noise = lambda tensor: torch.rand(tensor.shape, generator=generator) - 0.5
    with torch.no_grad():
        for name, buffer in net.named_buffers():
            if name.endswith("weight"):
                buffer.copy_((1 + noise(buffer)) * (0.3 if "bn3" in name else 1))
            elif name.endswith("running_var"):
                buffer.copy_(1 + noise(buffer))
            else:
                buffer.copy_(0.2 * noise(buffer))
        for name, parameter in net.named_parameters():
            if name.endswith("bias"):
                parameter.copy_(0.1 * noise(parameter))
            elif "rpn.head.cls" in name or "predictor" in name:
                # Scores and boxes that differ.
                parameter.copy_(noise(parameter) * (0.5 if "bbox" in name else 30) / parameter[0].numel() ** 0.5)
            elif name.startswith("rpn.head.conv"):
                parameter.copy_(noise(parameter) * 4 / parameter[0].numel() ** 0.5)
        for name, parameter in net.named_parameters():
            if name.endswith("rpn.head.bbox_pred.weight"):
                parameter.copy_(noise(parameter) * 0.2)
    return net


def old_names(state):
    """As torchvision before version 0.13 called the layers."""
    replaced = {}
    for name, tensor in state.items():
        name = name.replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        for blocks in ("inner_blocks", "layer_blocks"):
            for number in range(4):
                name = name.replace(f"{blocks}.{number}.0.", f"{blocks}.{number}.")
        for number in range(4):
            name = name.replace(f"roi_heads.mask_head.{number}.0.", f"roi_heads.mask_head.mask_fcn{number + 1}.")
        replaced[name] = tensor
    return replaced


def write_safetensors(state, path):
    header, parts, end = {}, [], 0
    for name, tensor in state.items():
        data = tensor.numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + len(data)]}
        end += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def run_lengths(mask):
    """COCO's uncompressed run lengths: column after column, zeros first."""
    flat = numpy.asarray(mask, dtype=numpy.uint8).T.ravel()
    ends = numpy.flatnonzero(numpy.diff(flat)) + 1
    counts = numpy.diff(numpy.concatenate([[0], ends, [flat.size]])).tolist()
    return ([0] if flat[0] else []) + counts


def make_samples(folder):
    """Images in which rectangles with cut corners lie; the first is for training."""
    random = numpy.random.default_rng(3)
    samples = []
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    for number, (height, width) in enumerate([(72, 96), (96, 128), (75, 110), (160, 120)]):
        rows, columns = numpy.mgrid[:height, :width]
        pixels = 90 + 50 * numpy.sin(rows / 9.0 + number)[..., None] + 40 * numpy.cos(columns / [7.0, 11.0, 5.0])[..., :] \
            if False else numpy.stack([90 + 50 * numpy.sin(rows / (9.0 + c)) + 40 * numpy.cos(columns / (7.0 + 2 * c))
                                       for c in range(3)], axis=-1)
        boxes, labels, masks = [], [], []
        for thing in range(3):
            x, y = random.integers(0, width - 30), random.integers(0, height - 30)
            w, h = random.integers(14, 30), random.integers(14, 30)
            mask = (columns >= x) & (columns < x + w) & (rows >= y) & (rows < y + h)
            mask &= (columns - x) + (rows - y) >= 5
            pixels[mask] = random.integers(0, 256, 3)
            boxes.append([float(x), float(y), float(x + w), float(y + h)])
            labels.append(1 + thing)
            masks.append(mask)
        pixels = numpy.clip(pixels + random.normal(0, 12, pixels.shape), 0, 255).astype(numpy.uint8)
        Image.fromarray(pixels).save(os.path.join(folder, f"images/{number + 1}.png"))
        samples.append((pixels, boxes, labels, masks))
    return samples


def write_annotations(samples, path):
    images, annotations = [], []
    for number, (pixels, boxes, labels, masks) in enumerate(samples, 1):
        height, width = pixels.shape[:2]
        images.append({"id": number, "width": width, "height": height, "file_name": f"{number}.png"})
        for box, label, mask in zip(boxes, labels, masks):
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": label, "iscrowd": 0,
                "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]], "area": int(mask.sum()),
                "segmentation": {"size": [height, width], "counts": run_lengths(mask)}})
    categories = [{"id": i, "name": f"thing{i}"} for i in range(1, CLASSES)]
    with open(path, "w") as file:
        json.dump({"images": images, "annotations": annotations, "categories": categories}, file)


CONFIGURATION = """\
model: {{architecture: mask-rcnn, backbone: {backbone}, widths: {widths}, classes: 4, channels: 3}}
detection: {{fpn_channels: 16, box_features: 32, mask_channels: 12, anchor_sizes: [16, 24, 40, 64, 96], min_size: 96,
  max_size: 4096, rpn_batch_per_image: 1000000, rpn_pre_nms_train: 4000, rpn_post_nms_train: 120, rpn_pre_nms_test: 4000,
  rpn_post_nms_test: 80, box_batch_per_image: 1000000, detections_per_image: 20}}
data: {{mean: {mean}, std: {std}}}
batch: {{global: 1, micro: 1}}
optimizer: {{name: sgd, learning_rate: 0.01, momentum: 0.9, weight_decay: 0.001, bias_weight_decay: 0.001,
  bias_learning_rate_multiplier: 1}}
schedule: {{name: constant}}
train: {{steps: 3, checkpoint_every: 3}}
"""


def tensor_of(pixels):
    return torch.from_numpy(pixels).permute(2, 0, 1).double() / 255


def detections(net, samples):
    net.eval()
    found = []
    with torch.no_grad():
        for number, (pixels, *_) in enumerate(samples, 1):
            result = net([tensor_of(pixels)])[0]
            for box, label, score, mask in zip(result["boxes"], result["labels"], result["scores"], result["masks"]):
                found.append({"image": number, "category": int(label), "score": float(score), "box": box.tolist(),
                              "counts": run_lengths(mask[0].numpy() > 0.5)})
    return found


def train(net, sample):
    pixels, boxes, labels, masks = sample
    target = {"boxes": torch.tensor(boxes, dtype=torch.float64), "labels": torch.tensor(labels),
              "masks": torch.from_numpy(numpy.stack(masks).astype(numpy.uint8))}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=0.001)
    net.train()
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        values = net([tensor_of(pixels)], [dict(target)])
        losses.append([float(values[name]) for name in (
            "loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask")])
        sum(values.values()).backward()
        optimizer.step()
    return losses


def main():
    folder, backbone = sys.argv[1:]
    torch.set_num_threads(1)
    net = make_network(backbone)
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    torch.save(state, os.path.join(folder, "weights.pth"))
    torch.save(old_names(state), os.path.join(folder, "old.pth"))
    write_safetensors(state, os.path.join(folder, "weights.safetensors"))
    samples = make_samples(folder)
    write_annotations(samples, os.path.join(folder, "annotations.json"))
    write_annotations(samples[:1], os.path.join(folder, "first.json"))
    with open(os.path.join(folder, "config.yaml"), "w") as file:
        file.write(CONFIGURATION.format(backbone=backbone, widths=WIDTHS[backbone], mean=MEAN, std=STD))
    net.double()
    with open(os.path.join(folder, "found.json"), "w") as file:
        json.dump(detections(net, samples), file)
    losses = train(net, samples[0])
    trained = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    numpy.savez(os.path.join(folder, "steps.npz"), losses=numpy.array(losses), **trained)


if __name__ == "__main__":
    main()
