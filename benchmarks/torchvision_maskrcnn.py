#!/usr/bin/env python3
"""Training steps and inference of Mask R-CNN on VGG16 with a feature pyramid in torchvision: the peer of
`fcn-dist benchmark step --config FILE` with model.architecture mask-rcnn.

The same network: VGG16's convolutions, a pyramid on conv3_3, conv4_3, conv5_3 and pool5, torchvision's region proposal
network and heads with their defaults, SGD with momentum and weight decay. Images are noise with four rectangles.

    python3 torchvision_maskrcnn.py --processes 1 --threads 2 --precision bfloat16 --size 320
    python3 torchvision_maskrcnn.py --processes 2 --threads 1 --precision float32 --size 320

Each process trains on --batch images a step; several are joined by DistributedDataParallel over gloo. bfloat16 is
autocast with channels-last memory. Prints one line of JSON: seconds of every step, of the slowest process, and of
looking at one image.
"""

import argparse
import json
import os
import socket
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument("--batch", type=int, default=1, help="images of each process in a step")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--size", type=int, default=320, help="sides of the images")
    parser.add_argument("--classes", type=int, default=2, help="with background")
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


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
    return MaskRCNN(VGG16WithPyramid(), num_classes=options.classes, min_size=options.size, max_size=options.size)


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


def work(rank, options, port, results):
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(options.threads)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=options.processes)
    is_half = options.precision == "bfloat16"
    network = make_network(options).to(memory_format=torch.channels_last)
    model = DistributedDataParallel(network) if options.processes > 1 else network
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-7, momentum=0.9, weight_decay=1e-4, foreach=True)
    generator = torch.Generator().manual_seed(rank)
    images, targets = zip(*[sample(options, generator) for _ in range(options.batch)])

    def measure(body):
        seconds = []
        for step in range(options.warmup + options.repeats):
            dist.barrier()
            start = time.perf_counter()
            body()
            slowest = torch.tensor([time.perf_counter() - start], dtype=torch.float64)
            dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
            if step >= options.warmup:
                seconds.append(slowest.item())
        return seconds

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
    steps = measure(train)
    model.eval()
    looks = measure(look)
    if rank == 0:
        count = sum(parameter.numel() for parameter in network.parameters())
        results.put({"seconds": steps, "inference_seconds": looks, "parameters": count})
    dist.destroy_process_group()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    options = arguments()
    try:
        import torch.multiprocessing as multiprocessing
        import torchvision
    except ImportError as error:
        print(f"torchvision_maskrcnn.py: not installed: {error}; see benchmarks/README.md", file=sys.stderr)
        return 66
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    results = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(work, args=(options, free_port(), results), nprocs=options.processes)
    outcome = results.get()
    outcome["images_per_step"] = options.batch * options.processes
    outcome["torchvision"] = torchvision.__version__
    print(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
