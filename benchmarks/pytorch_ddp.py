#!/usr/bin/env python3
"""Training steps of FCN-8s on VGG16 with PyTorch's DistributedDataParallel over gloo: the peer of
`fcn-dist benchmark step`.

The same network: VGG16 with padding 1, fc6 7x7 with padding 3, dropout, score layers on pool4 and pool3, learned
upsampling without bias, mean cross-entropy per pixel, SGD with momentum and weight decay.

    python3 pytorch_ddp.py --processes 2 --threads 1 --precision bfloat16 --batch 4
    python3 pytorch_ddp.py --processes 1 --threads 2 --precision float32 --batch 1
    python3 pytorch_ddp.py --widths 8,8,8,8,8 --fc 16 --height 64 --width 64 --repeats 2     # does it start?

bfloat16 is autocast with channels-last memory and DDP's bfloat16 gradient hook. Prints one line of JSON: seconds of
every step, of the slowest process.
"""

import argparse
import json
import sys

import torch_processes


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    torch_processes.add_arguments(parser, processes=2, threads=1, batch=4)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--classes", type=int, default=11)
    parser.add_argument("--widths", default="64,128,256,512,512")
    parser.add_argument("--fc", type=int, default=4096)
    return parser.parse_args()


def make_network(options):
    import torch
    from torch import nn

    class FCN8s(nn.Module):
        def __init__(self, widths, fc, classes):
            super().__init__()
            self.blocks = nn.ModuleList()
            channels = 3
            for width, count in zip(widths, [2, 2, 3, 3, 3]):
                layers = []
                for _ in range(count):
                    layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                    channels = width
                self.blocks.append(nn.Sequential(*layers, nn.MaxPool2d(2, 2, ceil_mode=True)))
            self.classifier = nn.Sequential(
                nn.Conv2d(channels, fc, 7, padding=3), nn.ReLU(inplace=True), nn.Dropout(0.5),
                nn.Conv2d(fc, fc, 1), nn.ReLU(inplace=True), nn.Dropout(0.5))
            self.score_fr = nn.Conv2d(fc, classes, 1)
            self.score_pool4 = nn.Conv2d(widths[3], classes, 1)
            self.score_pool3 = nn.Conv2d(widths[2], classes, 1)
            self.upscore2 = nn.ConvTranspose2d(classes, classes, 4, stride=2, bias=False)
            self.upscore_pool4 = nn.ConvTranspose2d(classes, classes, 4, stride=2, bias=False)
            self.upscore8 = nn.ConvTranspose2d(classes, classes, 16, stride=8, bias=False)

        @staticmethod
        def cropped(values, offset, like):
            return values[:, :, offset:offset + like.shape[2], offset:offset + like.shape[3]]

        def forward(self, image):
            value, pools = image, []
            for block in self.blocks:
                value = block(value)
                pools.append(value)
            value = self.score_fr(self.classifier(value))
            value = self.cropped(self.upscore2(value), 1, pools[3]) + self.score_pool4(pools[3])
            value = self.cropped(self.upscore_pool4(value), 1, pools[2]) + self.score_pool3(pools[2])
            return self.cropped(self.upscore8(value), 4, image)

    torch.manual_seed(1)
    return FCN8s([int(width) for width in options.widths.split(",")], options.fc, options.classes)


def work(rank, options):
    import torch
    from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook
    from torch.nn.parallel import DistributedDataParallel

    is_half = options.precision == "bfloat16"
    network = make_network(options).to(memory_format=torch.channels_last)
    model = DistributedDataParallel(network, gradient_as_bucket_view=True)
    if is_half:
        model.register_comm_hook(None, bf16_compress_hook)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-7, momentum=0.9, weight_decay=5e-4, foreach=True)
    generator = torch.Generator().manual_seed(rank)
    images = torch.randn(options.batch, 3, options.height, options.width, generator=generator)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, options.classes, (options.batch, options.height, options.width), generator=generator)
    losses = []

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_half):
            logits = model(images)
        loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    seconds = torch_processes.seconds(step, options)
    count = sum(parameter.numel() for parameter in network.parameters())
    return {"seconds": seconds, "parameters": count, "loss": losses[-1]}


def main():
    options = arguments()
    try:
        import torch
    except ImportError as error:
        return torch_processes.missing("pytorch_ddp.py", error)
    outcome = torch_processes.run(work, options)
    images = options.batch * options.processes
    median = sorted(outcome["seconds"])[len(outcome["seconds"]) // 2]
    print(json.dumps({
        "peer": "PyTorch DDP (gloo)", "version": torch.__version__, "precision": options.precision,
        "processes": options.processes, "threads": options.threads, "images": images,
        "parameters": outcome["parameters"], "images_per_second": images / median, "seconds": outcome["seconds"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
