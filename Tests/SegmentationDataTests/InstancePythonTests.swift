import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// h5py reads what was written, and pycocotools finds the same masks and boxes in the source.
@Suite(.enabled(if: (try? Python.run("import pycocotools, h5py, PIL, numpy")) != nil, "needs pycocotools and h5py"))
struct InstancePythonTests {
  private static let source = """
    import json, random, sys
    import numpy as np
    from PIL import Image
    from pycocotools import mask as codec
    folder = sys.argv[1]
    source = random.Random(5)
    images, annotations = [], []
    for number in range(12):
      h, w = source.randint(20, 90), source.randint(20, 120)
      Image.fromarray(np.random.default_rng(number).integers(0, 255, (h, w, 3), np.uint8)).save(f'{folder}/i{number}.png')
      images.append(dict(id=1000 - 7 * number, file_name=f'i{number}.png', height=h, width=w))
      for _ in range(number % 5):
        kind = source.choice(['polygons', 'runs', 'text'])
        if kind == 'polygons':
          outline = [[source.uniform(-3, [w, h][place % 2] + 3) for place in range(2 * source.randint(3, 9))]
                     for _ in range(source.randint(1, 3))]
          mask = codec.decode(codec.merge(codec.frPyObjects(outline, h, w)))
        else:
          mask = np.zeros((h, w), np.uint8)
          y, x = source.randint(0, h - 3), source.randint(0, w - 3)
          mask[y:y + source.randint(1, 40), x:x + source.randint(1, 40)] = 1
          mask[np.random.default_rng(number).random((h, w)) < 0.1] = 0
          packed = codec.encode(np.asfortranarray(mask))
          flat = mask.flatten(order='F')
          bounds = [0] + [i for i in range(1, flat.size) if flat[i] != flat[i - 1]] + [flat.size]
          counts = ([0] if flat[0] else []) + list(map(int, np.diff(bounds)))
          outline = dict(size=[h, w], counts=packed['counts'].decode() if kind == 'text' else counts)
        if not mask.any(): continue
        box = list(map(float, codec.toBbox(codec.encode(np.asfortranarray(mask)))))
        annotations.append(dict(id=len(annotations) + 1, image_id=1000 - 7 * number, category_id=source.choice([4, 11]),
                                iscrowd=int(source.random() < 0.2), bbox=box, segmentation=outline))
    source.shuffle(annotations)
    json.dump(dict(images=images, annotations=annotations,
                   categories=[dict(id=11, name='b'), dict(id=4, name='a')]), open(f'{folder}/all.json', 'w'))
    """
  private static let comparison = """
    import json, sys
    import h5py
    import numpy as np
    from pycocotools.coco import COCO
    truth = COCO(sys.argv[1] + '/all.json')
    with h5py.File(sys.argv[2] + '/train-00000-of-00001.h5') as file:
      assert file.attrs['task'] == 'instances' and file.attrs['classes'] == 3
      assert [n.decode() for n in file['class_names']] == ['background', 'a', 'b']
      all = file['instances']
      keys = [k.decode() for k in file['keys']]
      total = 0
      for sample, (key, image) in enumerate(zip(keys, truth.dataset['images'])):
        h, w = file['images'][key].shape[:2]
        own = [a for a in truth.dataset['annotations'] if a['image_id'] == image['id']]
        first, end = all['offsets'][sample:sample + 2]
        assert end - first == len(own), key
        for j, annotation in zip(range(first, end), own):
          runs = all['runs'][all['run_offsets'][j]:all['run_offsets'][j + 1]]
          mask = np.repeat(np.arange(len(runs)) % 2, runs).reshape((h, w), order='F')
          assert (mask == truth.annToMask(annotation)).all(), (key, annotation['id'])
          x, y, bw, bh = annotation['bbox']
          assert np.abs(all['boxes'][j] - [x, y, x + bw, y + bh]).max() < 1e-4
          assert all['classes'][j] == {4: 1, 11: 2}[annotation['category_id']]
          assert all['crowd'][j] == annotation['iscrowd']
          total += 1
      print(total, len(file['instances/run_offsets']) - 1)
    """

  @Test func masksAndBoxesArePycocotools() throws {
    let folder = TemporaryFolder()
    try folder.makeFolder("in")
    try Python.run(Self.source, folder.file("in"))
    let options = ImportOptions(annotations: folder.file("in/all.json"))
    _ = try DatasetImport.run(.coco, from: folder.file("in"), to: folder.file("out"), options)
    let numbers =
      try Python.run(Self.comparison, folder.file("in"), folder.file("out"))
      .split(whereSeparator: \.isNewline).last?.split(separator: " ").compactMap { Int($0) } ?? []
    #expect(numbers.count == 2 && numbers[0] == numbers[1] && numbers[0] > 10)
  }
}
