"""PNG, JPEG, TIFF, BMP and WebP through `dataset import folder`."""

import io
import os
import shutil
import zlib

import numpy as np
from PIL import Image

from mutation import mutate


def with_checksums(png: bytes) -> bytes:
    """A PNG file whose chunks' checksums fit again, so that damage gets beyond them."""
    data = bytearray(png)
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place:place + 4], "big")
        if end + 4 > len(data):
            break
        data[end:end + 4] = zlib.crc32(data[place + 4:end]).to_bytes(4, "big")
        place = end + 4
    return bytes(data)


class Pictures:
    allowed = {0, 65}
    environment = {}

    def __init__(self, program, folder):
        self.program = program
        noise = np.random.default_rng(1).integers(0, 256, (24, 32, 3)).astype(np.uint8)
        smooth = np.indices((24, 32)).sum(0).astype(np.uint8)
        colour, grey = Image.fromarray(noise), Image.fromarray(smooth)
        self.photos = [("a.png", colour, {}), ("a.png", grey, {}), ("a.png", colour.quantize(16), {}),
                       ("a.png", Image.fromarray(smooth.astype(np.uint16) * 7), {}),
                       ("a.png", colour.convert("RGBA"), {}),
                       ("a.jpg", colour, {}), ("a.jpg", colour, {"progressive": True}), ("a.jpg", grey, {}),
                       ("a.jpg", colour.convert("CMYK"), {}),
                       ("a.tif", colour, {"compression": "tiff_lzw"}), ("a.tif", colour.quantize(16), {}),
                       ("a.tif", grey, {"compression": "tiff_adobe_deflate"}),
                       ("a.tif", colour, {"compression": "packbits"}), ("a.tif", colour, {"compression": "jpeg"}),
                       ("a.tif", Image.fromarray(smooth.astype(np.uint16) * 7), {}),
                       ("a.tif", Image.fromarray(smooth.astype(np.float32) / 3), {}),
                       ("a.bmp", colour, {}), ("a.bmp", colour.quantize(16), {}), ("a.bmp", colour.convert("RGBA"), {}),
                       ("a.webp", colour, {}), ("a.webp", colour.convert("RGBA"), {"lossless": True})]
        self.photos = [(name, self.encoded(name, image, options)) for name, image, options in self.photos]
        classes = Image.fromarray((smooth % 3).astype(np.uint8))
        coloured = classes.copy()
        coloured.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [0] * 759)
        self.labels = [self.encoded("l.png", image, {}) for image in (classes, coloured)]

    @staticmethod
    def encoded(name, image, options):
        data = io.BytesIO()
        ending = name.rsplit(".", 1)[1]
        image.save(data, {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper()), **options)
        return data.getvalue()

    def case(self, source, folder):
        name, photo = source.choice(self.photos)
        label = source.choice(self.labels)
        if source.random() < 0.75:
            photo = mutate(photo, source)
        else:
            label = mutate(label, source)
        if source.random() < 0.6:
            photo = with_checksums(photo) if name.endswith("png") else photo
            label = with_checksums(label)
        for place in ("source/images", "source/labels", "out"):
            shutil.rmtree(os.path.join(folder, place), ignore_errors=True)
        files = []
        for kind, file_name, data in (("images", name, photo), ("labels", "a.png", label)):
            os.makedirs(os.path.join(folder, "source", kind))
            files.append(os.path.join(folder, "source", kind, file_name))
            with open(files[-1], "wb") as file:
                file.write(data)
        return [self.program, "dataset", "import", "folder", "source", "--output", "out"], files
