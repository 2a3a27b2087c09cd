#!/usr/bin/env python3
"""Training steps and inference of Mask R-CNN on VGG16 or ResNet-50 with a feature pyramid in torchvision: the peer of
`fcn-dist benchmark step --config FILE` with model.architecture mask-rcnn.

The same network: VGG16's convolutions, a pyramid on conv3_3, conv4_3, conv5_3 and pool5 (or, with --backbone resnet50,
torchvision's own with frozen batch normalisations, every layer trained but for --frozen), torchvision's region proposal
network and heads with their defaults, SGD with momentum and weight decay. Images are noise with four rectangles.

    python3 torchvision_maskrcnn.py --processes 1 --threads 2 --precision bfloat16 --size 320
    python3 torchvision_maskrcnn.py --processes 2 --threads 1 --precision float32 --size 320

Each process trains on --batch images a step; several are joined by DistributedDataParallel over gloo. bfloat16 is
autocast with channels-last memory. Prints one line of JSON: seconds of every step, of the slowest process, and of
looking at one image.
"""

import argparse
import json
import sys

import torch_processes


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    torch_processes.add_arguments(parser, processes=1, threads=2, batch=1)
    parser.add_argument("--size", type=int, default=320, help="sides of the images")
    parser.add_argument("--backbone", choices=["vgg16", "resnet50"], default="vgg16")
    parser.add_argument("--frozen", action="store_true", help="resnet50: leave conv1 and layer1 as they are")
    parser.add_argument("--classes", type=int, default=2, help="with background")
    return parser.parse_args()


def make_resnet(is_frozen):
    from torchvision.models import resnet50
    from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
    from torchvision.ops.misc import FrozenBatchNorm2d

    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    for name, vector in body.named_buffers():
        # Without a training behind them, sixteen blocks that each add to the sum grow beyond bounds.
        if name.endswith("bn3.weight"):
            vector.fill_(0.25)
    return _resnet_fpn_extractor(body, 3 if is_frozen else 5)


def make_network(options):
    import torch
    from torch import nn
    from torchvision.models import vgg16
    from torchvision.models.detection import MaskRCNN
    from torchvision.ops import FeaturePyramidNetwork
    from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

    class VGG16WithPyramid(nn.Module):
        out_channels = 256

        def __init__(self):
            super().__init__()
            self.body = vgg16(weights=None).features
            self.pyramid = FeaturePyramidNetwork([256, 512, 512, 512], 256, extra_blocks=LastLevelMaxPool())

        def forward(self, value):
            levels = {}
            for index, layer in enumerate(self.body):
                value = layer(value)
                if index in (15, 22, 29, 30):
                    levels[str(len(levels))] = value
            return self.pyramid(levels)

    torch.manual_seed(1)
    backbone = make_resnet(options.frozen) if options.backbone == "resnet50" else VGG16WithPyramid()
    return MaskRCNN(backbone, num_classes=options.classes, min_size=options.size, max_size=options.size)


def sample(options, generator):
    import torch

    size, third = options.size, options.size // 3
    corners = [(0, 0), (size // 2, size // 5), (size // 5, size // 2), (size - third, size - third)]
    boxes = torch.tensor([[x, y, x + third, y + third] for y, x in corners], dtype=torch.float32)
    masks = torch.zeros(4, size, size, dtype=torch.uint8)
    for mask, (y, x) in zip(masks, corners):
        mask[y:y + third, x:x + third] = 1
    labels = torch.tensor([1 + i % (options.classes - 1) for i in range(4)])
    return torch.rand(3, size, size, generator=generator), {"boxes": boxes, "labels": labels, "masks": masks}


def work(rank, options):
    import torch
    from torch.nn.parallel import DistributedDataParallel

    is_half = options.precision == "bfloat16"
    network = make_network(options).to(memory_format=torch.channels_last)
    model = DistributedDataParallel(network) if options.processes > 1 else network
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-7, momentum=0.9, weight_decay=1e-4, foreach=True)
    generator = torch.Generator().manual_seed(rank)
    images, targets = zip(*[sample(options, generator) for _ in range(options.batch)])

    def train():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            losses = model(list(images), list(targets))
        sum(losses.values()).backward()
        optimizer.step()

    def look():
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            network(list(images[:1]))

    model.train()
    steps = torch_processes.seconds(train, options)
    model.eval()
    looks = torch_processes.seconds(look, options)
    count = sum(parameter.numel() for parameter in network.parameters())
    return {"seconds": steps, "inference_seconds": looks, "parameters": count}


def main():
    options = arguments()
    try:
        import torchvision
    except ImportError as error:
        return torch_processes.missing("torchvision_maskrcnn.py", error)
    outcome = torch_processes.run(work, options)
    outcome["images_per_step"] = options.batch * options.processes
    outcome["torchvision"] = torchvision.__version__
    print(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
