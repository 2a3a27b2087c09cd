"""What `dataset import` reads besides pictures: annotations, lists, tables, and arrays of other tools."""

import io
import json
import os
import shutil

import h5py
import numpy as np
from PIL import Image

from mutation import mutate

POLYGON = [[0, 0], [9, 1], [7.5, 11], [1, 8]]


def text_of(value):
    return json.dumps(value).encode()


class Annotations:
    """labelme's and COCO's JSON, list files, tables of values and of colours."""

    allowed = {0, 64, 65, 66}
    environment = {}

    def __init__(self, program, folder):
        self.program = program
        picture = io.BytesIO()
        Image.fromarray(np.arange(12 * 14 * 3, dtype=np.uint8).reshape(12, 14, 3)).save(picture, "PNG")
        label = io.BytesIO()
        Image.fromarray((np.indices((12, 14)).sum(0) % 3).astype(np.uint8)).save(label, "PNG")
        coloured = io.BytesIO()
        Image.new("RGB", (14, 12), (128, 64, 128)).save(coloured, "PNG")
        shapes = [dict(label=n, points=p, shape_type=t, group_id=g)
                  for n, p, t, g in (("a", POLYGON, "polygon", None), ("b", [[1, 1], [5, 4]], "rectangle", 1),
                                     ("a", [[4, 4], [6, 7]], "circle", None), ("b", POLYGON, "polygon", 1))]
        labelme = text_of(dict(imagePath="p.png", imageHeight=12, imageWidth=14, shapes=shapes))
        annotations = [dict(image_id=1, category_id=1, segmentation=[[v for p in POLYGON for v in p]]),
                       dict(image_id=1, category_id=2, segmentation=dict(size=[12, 14], counts=[100, 20, 48])),
                       dict(image_id=1, category_id=2, segmentation=dict(size=[12, 14], counts="d3d0`1"))]
        coco = text_of(dict(images=[dict(id=1, file_name="p.png", height=12, width=14)], annotations=annotations,
                            categories=[dict(id=1, name="a"), dict(id=2, name="b")]))
        files = {"p.png": picture.getvalue(), "images/p.png": picture.getvalue(), "labels/p.png": label.getvalue(),
                 "c/images/p.png": picture.getvalue(), "c/labels/p.png": coloured.getvalue(),
                 "k/a/p.png": picture.getvalue(), "k/b/p.png": picture.getvalue()}
        self.files = files
        self.kinds = [
            ("p.json", labelme, ["labelme", "source"]), ("coco.json", coco, ["coco-semantic", "source/coco.json"]),
            ("list.txt", b"images/p.png\tlabels/p.png\np.png labels/p.png\n", ["folder", "source/list.txt"]),
            ("map.csv", b"value,class\n0,a\n1-2,b\n7,ignore\n", ["folder", "source", "--map", "source/map.csv"]),
            ("pal.csv", b"128 64 128, road\n#000000, ignore\n*: rest\n", ["folder", "source/c", "--palette",
                                                                         "source/pal.csv"]),
            ("classes.txt", b"sky 1 2 3\nsea 4 5 6\nland 7 8 9\n", ["folder", "source"]),
            ("k/classes.txt", b"a goldfish, x\nb\tbear\n", ["classes", "source/k"])]

    def case(self, source, folder):
        name, data, arguments = source.choice(self.kinds)
        shutil.rmtree(os.path.join(folder, "source"), ignore_errors=True)
        shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
        data = data if source.random() < 0.1 else mutate(data, source)
        if name.endswith("json") and source.random() < 0.05:
            data = b"[" * source.choice([100, 100_000]) + data
        paths = []
        for path, content in list(self.files.items()) + [(name, data)]:
            paths.append(os.path.join(folder, "source", path))
            os.makedirs(os.path.dirname(paths[-1]), exist_ok=True)
            with open(paths[-1], "wb") as file:
                file.write(content)
        return [self.program, "dataset", "import", *arguments, "--output", "out"], paths[-1:]


class Instances:
    """COCO's instances and Penn-Fudan's masks. Half of the damage is to single values of the JSON."""

    allowed = {0, 65, 66}
    environment = {}
    VALUES = [0, 1, -1, 2, 1.5, 1e9, 1e18, -1e300, 9007199254740993, True, None, "", "1", "p.png", [], {}, [[]], [0, 1],
              [[0, 0, 9, 1]], [1, 1, 2, 2], {"size": [12, 14], "counts": [168]}, "T3d0`1", [[0, 0, 1e7, 5, 3, 9]]]

    def __init__(self, program, folder):
        self.program = program
        picture, mask = io.BytesIO(), io.BytesIO()
        Image.fromarray(np.arange(12 * 14 * 3, dtype=np.uint8).reshape(12, 14, 3)).save(picture, "PNG")
        Image.fromarray((np.indices((12, 14)).sum(0) // 9).astype(np.uint8)).save(mask, "PNG")
        ring = [v for p in POLYGON for v in p]
        kinds = [[ring, [3, 3, 8, 3, 8, 9]], dict(size=[12, 14], counts=[100, 20, 48]), [ring],
                 dict(size=[12, 14], counts="T3d0`1")]
        self.content = dict(
            info=dict(year=2017), images=[dict(id=7 * i, file_name=n, height=12, width=14)
                                          for i, n in enumerate(["p.png", "q.png", "sub/p.png"])],
            annotations=[dict(id=i, image_id=7 * (i % 2), category_id=3 + i % 2, iscrowd=i // 3, area=9.5,
                              bbox=[1, 2.5, 8, 9], segmentation=kind) for i, kind in enumerate(kinds)],
            categories=[dict(id=4, name="a"), dict(id=3, name="b", supercategory="c")])
        self.files = {"c/p.png": picture.getvalue(), "c/q.png": picture.getvalue(), "c/sub/p.png": picture.getvalue(),
                      "f/images/p.png": picture.getvalue(), "f/masks/p.png": mask.getvalue(),
                      "f/train.txt": b"p\n", "i.json": text_of(self.content)}

    def changed(self, source):
        content = json.loads(text_of(self.content))
        for _ in range(source.choice([1, 1, 2])):
            place = content
            while True:
                key = source.choice(list(place) if isinstance(place, dict) else range(len(place)))
                inner = place[key]
                if not isinstance(inner, (dict, list)) or not inner or source.random() < 0.15:
                    break
                place = inner
            if source.random() < 0.15:
                del place[key]
            else:
                # A copy: the next change may be within it.
                place[key] = json.loads(json.dumps(source.choice(self.VALUES)))
            if not content:
                break
        return text_of(content)

    def case(self, source, folder):
        for name in ("source", "out"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        files, kind = dict(self.files), source.random()
        name = source.choice(["f/masks/p.png", "f/train.txt"]) if kind > 0.9 else "i.json"
        files[name] = self.changed(source) if kind < 0.5 else mutate(files[name], source)
        if name == "i.json" and source.random() < 0.03:
            files[name] = b"[" * source.choice([100, 100_000]) + files[name]
        for path, content in files.items():
            path = os.path.join(folder, "source", path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        arguments = ["pennfudan", "source/f"] if kind > 0.9 else ["coco", "source/c", "--annotations", "source/i.json"]
        return ([self.program, "dataset", "import", *arguments, "--output", "out"],
                [os.path.join(folder, "source", name)])


class Arrays:
    """Files of h5py, as `dataset import hdf5` takes them."""

    allowed = {0, 65}
    environment = {}

    def __init__(self, program, folder):
        self.program = program
        self.files = []
        for libver in ("earliest", "latest"):
            for options in ({}, dict(chunks=True, compression="gzip"), dict(chunks=True, shuffle=True)):
                path = os.path.join(folder, "made.h5")
                with h5py.File(path, "w", libver=libver) as file:
                    image = np.arange(3 * 8 * 9 * 2, dtype=np.float32).reshape(3, 8, 9, 2)
                    image[1, 2, 3, 0] = np.nan
                    file.create_dataset("data/image", data=image, **options)
                    file["data/image"].attrs["_FillValue"] = np.float32(-9)
                    file.create_dataset("data/label", data=np.arange(216).reshape(3, 8, 9) % 4, **options)
                with open(path, "rb") as file:
                    self.files.append(file.read())

    def case(self, source, folder):
        shutil.rmtree(os.path.join(folder, "out"), ignore_errors=True)
        path = os.path.join(folder, "a.h5")
        with open(path, "wb") as file:
            file.write(mutate(source.choice(self.files), source))
        command = [self.program, "dataset", "import", "hdf5", "a.h5", "--image", "data/image", "--label", "data/label"]
        return command + ["--output", "out"], [path]


class Classes:
    """Folders of classes: damaged pictures of every kind, odd names, lists of names."""

    allowed = {0, 64, 65, 66}
    environment = {}
    names = ["a", "b c", "\u00e9\u8857", "-x", "a,b", "train", "Val", ".hidden", "x" * 200, "a\nb", "{split}"]

    def __init__(self, program, folder):
        self.program = program
        noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 11, 3)).astype(np.uint8))
        self.pictures = []
        for image, kind, options in ((noise, "PNG", {}), (noise.convert("L"), "PNG", {}), (noise.quantize(16), "PNG", {}),
                                     (noise.convert("RGBA"), "PNG", {}), (noise, "JPEG", {}),
                                     (noise, "JPEG", {"progressive": True}), (noise.convert("CMYK"), "JPEG", {}),
                                     (noise.convert("L"), "JPEG", {}), (noise, "TIFF", {}), (noise, "BMP", {}),
                                     (noise, "WEBP", {})):
            data = io.BytesIO()
            image.save(data, kind, **options)
            self.pictures.append(data.getvalue())

    def case(self, source, folder):
        for name in ("source", "out"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        paths = []
        damaged = source.random() < 0.6
        for split in source.choice([[""], ["train", "val"], ["train", "valid", "test"]]):
            for name in source.sample(self.names, source.randrange(1, 4)):
                for number in range(source.randrange(0, 3)):
                    data = source.choice(self.pictures)
                    if damaged and source.random() < 0.3:
                        data = mutate(data, source)
                    ending = source.choice(["png", "jpg", "JPEG", "txt", "tif"])
                    paths.append(os.path.join(folder, "source", split, name, f"{number}.{ending}"))
                    os.makedirs(os.path.dirname(paths[-1]), exist_ok=True)
                    with open(paths[-1], "wb") as file:
                        file.write(data)
        os.makedirs(os.path.join(folder, "source"), exist_ok=True)
        if source.random() < 0.3:
            paths.append(os.path.join(folder, "source", "classes.txt"))
            with open(paths[-1], "wb") as file:
                file.write(mutate(b"a goldfish, x\nb c\tbear\n", source))
        command = [self.program, "dataset", "import", "classes", "source", "--output", "out"]
        return command + source.choice([[], ["--split", "val"], ["--channels", "1"], ["--shards", "3"]]), paths
