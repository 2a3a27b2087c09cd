/// A writer of shards in Python, as docs/formats.md has them, with a CRC-32C of its own.
enum ShardScript {
  static let text = """
    import sys, h5py
    import numpy as np
    def crc32c(data):
        c = 0xFFFFFFFF
        for b in bytes(data):
            c ^= b
            for _ in range(8): c = (c >> 1) ^ (0x82F63B78 if c & 1 else 0)
        return c ^ 0xFFFFFFFF
    def write_shard(path, samples, split='train', shard=0, shards=1, classes=3, channels=3, ignore=255, **options):
        with h5py.File(path, 'w', libver=('v110', 'v110')) as f:
            f.attrs.update(format='fcn-dist-dataset', version=1, split=split, shard=shard, shards=shards,
                           samples=len(samples), classes=classes, ignore_label=ignore, channels=channels)
            text = h5py.string_dtype('utf-8')
            f.create_dataset('class_names', data=[f'class {i}' for i in range(classes)], dtype=text)
            f.create_dataset('palette', data=np.zeros((256, 3), np.uint8))
            f.create_dataset('keys', data=[k for k, _, _ in samples], dtype=text)
            for k, image, label in samples:
                f.create_dataset(f'images/{k}', data=image, **options)
                f.create_dataset(f'labels/{k}', data=label)
            crc = [(crc32c(i.tobytes()), crc32c(l.tobytes())) for _, i, l in samples]
            f.create_dataset('crc32c', data=np.array(crc, np.uint32).reshape(len(samples), 2))
    """
}
