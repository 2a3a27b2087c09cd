"""Writes a tiny VGG16 in the formats of other tools, by Python and NumPy alone: torch, onnx and Caffe need not be there.

Every value follows from its parameter's number and its place (`values`), so that a reader can be checked by computing
them. Used by Tests/WeightsTests and fuzz/weight_subjects.py.
"""

import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile
import zlib

import numpy as np

try:
    import h5py
except ImportError:
    h5py = None
widths, fc, classes = [4, 6, 8, 10, 12], 14, 5
layers, c = [], 3
for b, n in enumerate([2, 2, 3, 3, 3]):
    for i in range(n):
        layers.append(("conv%d_%d" % (b + 1, i + 1), (widths[b], c, 3, 3))); c = widths[b]
layers += [("fc6", (fc, c, 7, 7)), ("fc7", (fc, fc, 1, 1)), ("score_fr", (classes, fc, 1, 1))]
def values(number, shape):
    n = int(np.prod(shape))
    return (((number * 7919 + np.arange(n) * 31) % 1009) / 1024 - 0.5).astype(np.float32).reshape(shape)
def parameters(bgr=False):
    for k, (name, shape) in enumerate(layers):
        w, b = values(2 * k, shape), values(2 * k + 1, shape[:1])
        if name == "conv1_1" and bgr: w = w[:, ::-1]
        yield name, np.ascontiguousarray(w), b
conv_index = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
tv = {l[0]: "features.%d" % i for l, i in zip(layers, conv_index)}
tv.update(fc6="classifier.0", fc7="classifier.3", score_fr="classifier.6")
def torchvision_state():
    state = {}
    for name, w, b in parameters():
        if name in ("fc6", "fc7", "score_fr"): w = w.reshape(w.shape[0], -1)
        state[tv[name] + ".weight"] = w; state[tv[name] + ".bias"] = b
    return state

# torch.save without torch: modules of the names that its pickles name.
class Storage:
    def __init__(self, key, kind, array): self.key, self.kind, self.array = key, kind, array
torch = types.ModuleType("torch"); utils = types.ModuleType("torch._utils")
class FloatStorage: pass
class HalfStorage: pass
for t in (FloatStorage, HalfStorage): t.__module__ = "torch"; t.__qualname__ = t.__name__; setattr(torch, t.__name__, t)
def _rebuild_tensor_v2(*a): pass
_rebuild_tensor_v2.__module__ = "torch._utils"; _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
utils._rebuild_tensor_v2 = _rebuild_tensor_v2; torch._utils = utils
sys.modules["torch"], sys.modules["torch._utils"] = torch, utils
class Tensor:
    def __init__(self, storage, offset, shape, strides): self.a = (storage, offset, shape, strides, False, None)
    def __reduce__(self): return (_rebuild_tensor_v2, self.a)
class Pickler(pickle.Pickler):
    def persistent_id(self, o):
        if isinstance(o, Storage): return ("storage", o.kind, o.key, "cpu", int(o.array.size))
def tensors(state, half=False, transposed=()):
    storages, out = [], {}
    for k, (name, a) in enumerate(state.items()):
        kind = HalfStorage if half else FloatStorage
        stored = a.astype(np.float16 if half else np.float32)
        if name in transposed:   # a view with the axes turned, in a storage with three numbers before it
            flat = np.concatenate([np.zeros(3, stored.dtype), np.ascontiguousarray(stored.T).reshape(-1)])
            s = Storage(str(k), kind, flat); shape = a.shape
            st = np.cumprod((1,) + a.T.shape[::-1][:-1])
            strides = tuple(int(x) for x in st)
            out[name] = Tensor(s, 3, shape, strides)
        else:
            s = Storage(str(k), kind, stored.reshape(-1))
            st = tuple(int(x) // a.itemsize for x in np.ascontiguousarray(a).strides)
            out[name] = Tensor(s, 0, a.shape, st)
        storages.append(s)
    return out, storages
def pth(path, half=False, wrap=None, transposed=()):
    out, storages = tensors(torchvision_state(), half, transposed)
    if wrap: out = {"epoch": 3, "state_dict": {wrap + k: v for k, v in out.items()}}
    buf = io.BytesIO(); Pickler(buf, protocol=2).dump(out)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("archive/data.pkl", buf.getvalue())
        z.writestr("archive/byteorder", "little")
        for s in storages: z.writestr("archive/data/" + s.key, s.array.tobytes())
        z.writestr("archive/version", "3\n")
def old_pth(path):
    out, storages = tensors(torchvision_state())
    with open(path, "wb") as f:
        for o in (0x1950a86a20f9469cfc6c, 1001, {"protocol_version": 1001, "little_endian": True}):
            pickle.dump(o, f, protocol=2)
        Pickler(f, protocol=2).dump(out)
        pickle.dump([s.key for s in storages], f, protocol=2)
        for s in storages: f.write(struct.pack("<q", s.array.size)); f.write(s.array.tobytes())
def evil_pth(path):
    class Evil:
        def __reduce__(self): return (os.system, ("touch %s.executed" % path,))
    with zipfile.ZipFile(path, "w") as z: z.writestr("archive/data.pkl", pickle.dumps({"a": Evil()}, protocol=2))
def safetensors(path, paper=False, broken=None, rename=None):
    state = torchvision_state()
    if paper: state = {n + k: v for n, w, b in parameters(bgr=True) for k, v in ((".weight", w), (".bias", b))}
    if broken: state[broken] = state[broken].copy(); state[broken].reshape(-1)[7] = np.nan
    if rename: state = {rename.get(k, k): v for k, v in state.items()}
    header, blob = {"__metadata__": {"format": "pt"}}, b""
    for k, v in state.items():
        header[k] = {"dtype": "F32", "shape": list(v.shape), "data_offsets": [len(blob), len(blob) + v.nbytes]}
        blob += v.tobytes()
    text = json.dumps(header).encode()
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + blob)

# Protocol buffers by hand.
def varint(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)]); n >>= 7
        if not n: return out
def field(n, v): return varint(n << 3) + varint(v) if isinstance(v, int) else varint(n << 3 | 2) + varint(len(v)) + v
def onnx(path, names=True):
    graph, nodes = b"", b""
    for name, w, b in parameters(bgr=not names):
        if name in ("fc6", "fc7", "score_fr"):
            if not names: continue
            w = w.reshape(w.shape[0], -1)
        pair = (tv[name] + ".weight", tv[name] + ".bias") if names else ("const_%s_w" % zlib.crc32(name.encode()), "c_%s" % zlib.crc32(name.encode()))
        for key, v in zip(pair, (w, b)):
            graph += field(5, b"".join(field(1, int(d)) for d in v.shape) + field(2, 1) + field(8, key.encode())
                           + field(9, v.tobytes()))
        if name.startswith("conv"):
            nodes += field(1, field(1, b"x") + field(1, pair[0].encode()) + field(1, pair[1].encode())
                           + field(2, b"y") + field(4, b"Conv"))
    open(path, "wb").write(field(1, 8) + field(2, b"test") + field(7, nodes + field(2, b"g") + graph))
def caffemodel(path, v1=False):
    net = field(1, b"VGG")
    for name, w, b in parameters(bgr=True):
        title = {"score_fr": "fc8"}.get(name, name)
        if name in ("fc6", "fc7", "score_fr"): w = w.reshape(1, 1, w.shape[0], -1)
        blobs = b""
        for v in (w, b if not v1 else b.reshape(1, 1, 1, -1)):
            shape = (b"".join(field(i + 1, int(d)) for i, d in enumerate(v.shape)) if v1
                     else field(7, field(1, b"".join(varint(int(d)) for d in v.shape))))
            blobs += field(6 if v1 else 7, shape + field(5, v.astype("<f4").tobytes()))
        net += field(2, field(4, title.encode()) + field(5, 4) + blobs) if v1 else field(100, field(1, title.encode()) + field(2, b"Convolution") + blobs)
    open(path, "wb").write(net)
keras_names = {"fc6": "fc1", "fc7": "fc2", "score_fr": "predictions"}
def keras_arrays():
    for name, w, b in parameters(bgr=True):
        k = keras_names.get(name, "block%s_conv%s" % (name[4], name[6]) if name.startswith("conv") else name)
        w = w.transpose(2, 3, 1, 0)
        yield k, np.ascontiguousarray(w if name.startswith("conv") else w.reshape(-1, w.shape[-1])), b
def keras_h5(path):
    with h5py.File(path, "w") as f:
        f.attrs["keras_version"] = "2.11.0"
        for k, w, b in keras_arrays():
            g = f.create_group("model_weights/%s/%s" % (k, k)); g["kernel:0"] = w; g["bias:0"] = b
        f["optimizer_weights/block1_conv1/kernel/m:0"] = np.zeros((3, 3, 3, 4), np.float32)
def keras3_weights(path, automatic=False):
    with h5py.File(path, "w") as f:
        n = 0
        for k, w, b in keras_arrays():
            if automatic:
                if w.ndim != 4: continue
                k = "conv2d" if n == 0 else "conv2d_%d" % n; n += 1
            g = f.create_group("layers/%s/vars" % k); g["0"] = w; g["1"] = b
def keras_archive(path):
    keras3_weights(path + ".part")
    with zipfile.ZipFile(path, "w") as z: z.writestr("metadata.json", "{}"); z.writestr("config.json", "{}"); z.write(path + ".part", "model.weights.h5")
def hdf5(path, hwio=False, everywhere=False):
    with h5py.File(path, "w") as f:
        for name, w, b in parameters():
            f[name + "/weight"] = w.transpose(2, 3, 1, 0) if hwio and (everywhere or name.startswith("conv")) else w; f[name + "/bias"] = b
