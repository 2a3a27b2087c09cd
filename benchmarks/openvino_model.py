#!/usr/bin/env python3
"""An exported network in OpenVINO: the peer of inference. Of Mask R-CNN that is the backbone with its feature pyramid,
which `fcn-dist benchmark step` times layer by layer (column forward, conv1_1 to fpn_layer5).

    fcn-dist checkpoint export RUN/checkpoints/best.h5 net.onnx
    python3 openvino_model.py net.onnx --threads 2 --precision bfloat16 --height 320 --width 320

Prints one line of JSON: seconds of each repeat.
"""

import argparse
import json
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--height", type=int, default=320)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)
    return parser.parse_args()


def main():
    options = arguments()
    try:
        import numpy
        import openvino
    except ImportError as error:
        print(f"openvino_model.py: not installed: {error}; see benchmarks/README.md", file=sys.stderr)
        return 66
    core = openvino.Core()
    model = core.read_model(options.model)
    channels = model.inputs[0].partial_shape[1].get_length()
    # OpenVINO is fastest for one known size.
    model.reshape([options.batch, channels, options.height, options.width])
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[options.precision],
        "INFERENCE_NUM_THREADS": options.threads, "PERFORMANCE_HINT": "LATENCY",
    })
    request = compiled.create_infer_request()
    shape = (options.batch, channels, options.height, options.width)
    image = numpy.random.default_rng(1).integers(0, 256, shape).astype(numpy.float32)
    seconds = []
    for repeat in range(options.warmup + options.repeats):
        start = time.perf_counter()
        request.infer({0: image})
        if repeat >= options.warmup:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "openvino": openvino.__version__}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
