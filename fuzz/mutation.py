"""What happens to a file: flipped bits, other bytes, edited sizes, cuts, swapped, repeated and inserted pieces."""

import random
import struct

# Numbers on which readers that trust a file stumble.
SIZES = [0, 1, 2, 7, 8, 16, 255, 0x7F, 0x80, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1,
         1 << 63, (1 << 64) - 1]


def flip_bit(data, random):
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def overwrite_run(data, random):
    place = random.randrange(len(data))
    count = min(random.choice([1, 2, 4, 8, 16, 64, 256]), len(data) - place)
    noise = random.random() < 0.5
    data[place:place + count] = random.randbytes(count) if noise else bytes([random.choice([0, 255])]) * count


def edit_size(data, random):
    width = random.choice([1, 2, 4, 8])
    # Headers are aligned; the first part of a file holds most of them.
    limit = len(data) if random.random() < 0.5 else min(len(data), 4096)
    place = random.randrange(limit) // 4 * 4
    if place + width > len(data):
        return
    if random.random() < 0.5:
        value = random.choice(SIZES)
    else:
        value = int.from_bytes(data[place:place + width], "little") + random.choice([-8, -1, 1, 8, 4096])
    data[place:place + width] = struct.pack("<Q", value % (1 << 64))[:width]


def cut(data, random):
    del data[random.randrange(1, len(data)):]


def swap_blocks(data, random):
    size = random.choice([4, 8, 16, 64, 512])
    if len(data) < 2 * size:
        return
    a, b = sorted(random.randrange(0, len(data) - size) // 4 * 4 for _ in range(2))
    if a + size <= b:
        data[a:a + size], data[b:b + size] = data[b:b + size], data[a:a + size]


def copy_block(data, random):
    size = min(random.choice([4, 8, 16, 64, 512]), len(data))
    a, b = (random.randrange(0, len(data) - size + 1) // 4 * 4 for _ in range(2))
    data[b:b + size] = data[a:a + size]


def insert(data, random):
    place = random.randrange(len(data))
    data[place:place] = random.randbytes(random.choice([1, 2, 4, 8, 64]))


def remove(data, random):
    place = random.randrange(len(data))
    del data[place:place + random.choice([1, 2, 4, 8, 64])]


KINDS = [flip_bit, flip_bit, overwrite_run, overwrite_run, edit_size, edit_size, edit_size, cut, swap_blocks,
         copy_block, insert, remove]


def mutate(original: bytes, source: random.Random, kinds=KINDS) -> bytes:
    """One to six changes; never empty."""
    data = bytearray(original)
    for _ in range(source.choice([1, 1, 1, 2, 3, 6])):
        source.choice(kinds)(data, source)
        if len(data) < 2:
            return bytes(data) or b"\0"
    return bytes(data)
