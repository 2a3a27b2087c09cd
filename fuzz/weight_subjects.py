"""Foreign weight files through `checkpoint import`."""

import os

import foreign_weights
from mutation import mutate

WRITERS = [("pth", ()), ("pth", (True, "module.")), ("old_pth", ()), ("safetensors", ()), ("safetensors", (True,)),
           ("onnx", ()), ("onnx", (False,)), ("caffemodel", ()), ("caffemodel", (True,)), ("keras_h5", ()),
           ("keras3_weights", ()), ("keras_archive", ()), ("hdf5", ())]


class Weights:
    allowed = {0, 65}
    environment = {}

    def __init__(self, program, folder):
        self.program = program
        self.files = []
        for number, (name, arguments) in enumerate(WRITERS):
            path = os.path.join(folder, f"{number}-{name}")
            getattr(foreign_weights, name)(path, *arguments)
            with open(path, "rb") as file:
                self.files.append(file.read())

    def case(self, source, folder):
        data = bytearray(source.choice(self.files))
        if source.random() < 0.5:
            # The tables are at a file's head, and a ZIP archive's at its end: random places would change numbers only.
            for _ in range(source.randint(1, 6)):
                place = source.randrange(min(len(data), 6000))
                if source.random() < 0.5:
                    place = len(data) - 1 - place
                data[place] = source.choice([0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)])
            data = bytes(data)
        else:
            data = mutate(bytes(data), source)
        path = os.path.join(folder, "weights.bin")
        with open(path, "wb") as file:
            file.write(data)
        output = os.path.join(folder, "out.h5")
        if os.path.exists(output):
            os.remove(output)
        return [self.program, "checkpoint", "import", path, output], [path]
