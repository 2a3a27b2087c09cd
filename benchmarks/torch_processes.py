"""What the PyTorch peers have in common: processes joined over gloo, and seconds of the slowest of them."""

import os
import socket
import sys
import time


def add_arguments(parser, processes, threads, batch):
    """The arguments of every peer; the numbers are defaults."""
    parser.add_argument("--processes", type=int, default=processes)
    parser.add_argument("--threads", type=int, default=threads, help="of each process")
    parser.add_argument("--batch", type=int, default=batch, help="images of each process in a step")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="bfloat16")
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=7)


def run(work, options):
    """Starts the processes, each with work(rank, options), and returns what the first one's work returned."""
    import torch.multiprocessing as multiprocessing

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    results = multiprocessing.get_context("spawn").SimpleQueue()
    multiprocessing.spawn(_join, args=(work, options, port, results), nprocs=options.processes)
    return results.get()


def _join(rank, work, options, port, results):
    import torch
    import torch.distributed as dist

    torch.set_num_threads(options.threads)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=rank, world_size=options.processes)
    outcome = work(rank, options)
    if rank == 0:
        results.put(outcome)
    dist.destroy_process_group()


def seconds(body, options):
    """Seconds of each repeat of body, of the slowest process."""
    import torch
    import torch.distributed as dist

    measured = []
    for step in range(options.warmup + options.repeats):
        dist.barrier()
        start = time.perf_counter()
        body()
        slowest = torch.tensor([time.perf_counter() - start], dtype=torch.float64)
        dist.all_reduce(slowest, op=dist.ReduceOp.MAX)
        if step >= options.warmup:
            measured.append(slowest.item())
    return measured


def missing(program, error):
    """Says what a peer lacks; returns its exit code."""
    print(f"{program}: not installed: {error}; see benchmarks/README.md", file=sys.stderr)
    return 66
