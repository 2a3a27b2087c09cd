import Basics
import Foundation
import SegmentationData
import TestSupport
import Testing

/// Outlines of labelling tools become label maps.
@Suite struct ShapeImportTests {
  private func labelme(_ image: String, _ shapes: String, width: Int = 8, height: Int = 6) -> String {
    """
    {"version": "5.4.1", "flags": {}, "shapes": [\(shapes)], "imagePath": "\(image)", "imageData": null,
     "imageHeight": \(height), "imageWidth": \(width)}
    """
  }

  private func shape(_ label: String, _ points: String, type: String = "polygon", group: String = "null") -> String {
    """
    {"label": "\(label)", "points": \(points), "group_id": \(group), "shape_type": "\(type)", "flags": {}}
    """
  }

  private func picture(_ files: SourceFiles, _ path: String, width: Int = 8, height: Int = 6) throws {
    try files.writePicture(path, width: width, height: height)
  }

  @Test func labelmesShapesArePainted() throws {
    let files = SourceFiles()
    try picture(files, "a.png")
    try picture(files, "bare.png")
    let shapes = [
      shape("road", "[[0, 3], [8, 3], [8, 6], [0, 6]]"), shape("car", "[[5, 5], [2, 2]]", type: "rectangle"),
      shape("__ignore__", "[[7.5, 0.5], [8, 0.5]]", type: "circle"),
    ]
    try files.write(labelme("a.png", shapes.joined(separator: ", ")), "a.json")
    let infos = try files.importing(.labelme)
    #expect(infos[0].classNames == ["background", "car", "road"] && infos[0].sampleCount == 1)
    let expected: [[UInt16]] = [
      [0, 0, 0, 0, 0, 0, 0, 255], [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0, 0, 0], [2, 2, 1, 1, 1, 2, 2, 2],
      [2, 2, 1, 1, 1, 2, 2, 2], [2, 2, 2, 2, 2, 2, 2, 2],
    ]
    #expect(try files.labels() == expected.flatMap { $0 })
    #expect(files.notes.contains { $0.contains("1 picture has no JSON file and is not imported (bare.png)") })
  }

  @Test func aRingInARingOfItsGroupIsAHole() throws {
    let files = SourceFiles()
    try picture(files, "a.png", width: 5, height: 5)
    let rings = [
      shape("pond", "[[0, 0], [5, 0], [5, 5], [0, 5]]", group: "1"),
      shape("pond", "[[1, 1], [4, 1], [4, 4], [1, 4]]", group: "1"),
    ]
    try files.write(labelme("..\\\\x\\\\a.png", rings.joined(separator: ","), width: 5, height: 5), "a.json")
    try files.importing(.labelme)
    let rows = [[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
    #expect(try files.labels() == rows.flatMap { $0.map { UInt16($0) } })
  }

  @Test func whatIsWrongWithLabelmesFilesIsNamed() throws {
    let cases: [(String, String)] = [
      ("{", "a.json is not such an annotation file: it is not JSON"), ("{\"shapes\": []}", "has no 'imagePath'"),
      (labelme("b.png", ""), "its picture \"b.png\" is not there"),
      (labelme("a.png", shape("x", "[[1, 1]]", type: "point")), "shape 0 is a point of 1 points, which is no area"),
      (labelme("a.png", shape("x", "[[1, 1], [2], [3, 3]]")), "shape 0: a point has 1 numbers"),
      (labelme("a.png", shape(" ", "[[1, 1], [2, 2], [3, 3]]")), "shape 0 has no label"),
      (labelme("a.png", "", width: 9), "is for an image of 9 x 6, and it has 8 x 6"),
    ]
    for (text, words) in cases {
      let files = SourceFiles()
      try picture(files, "a.png")
      try files.write(text, "a.json")
      let failure = files.refusal(.labelme)
      #expect(failure?.message.contains(words) == true, "\(failure as Any)")
    }
    let files = SourceFiles()
    try picture(files, "a.png")
    try files.write(labelme("a.png", shape("x", "[[0, 0], [2, 0], [2, 2]]")), "a.json")
    let options = ImportOptions(labels: LabelOptions(classNames: ["background", "y"]))
    #expect(files.refusal(.labelme, options)?.message.contains("the label 'x', which is not in --classes") == true)
  }

  /// Far-away, huge and degenerate outlines: no trap, and nothing is painted outside.
  @Test func outlinesBeyondTheImage() throws {
    let files = SourceFiles()
    try picture(files, "a.png")
    let shapes = [
      shape("x", "[[-1e300, -1e300], [1e300, -1e300], [1e300, 2], [-1e300, 2]]"),
      shape("y", "[[1, 1], [1, 1], [1, 1]]"), shape("z", "[[100, 100], [200, 100], [200, 200]]"),
      shape("y", "[[4, 5], [1e308, 1e308]]", type: "circle"),
      shape("x", "[[-1.7e308, -1.7e308], [1.7e308, 1.7e308], [-1.7e308, 1.7e308], [3, 3]]"),
    ]
    try files.write(labelme("a.png", shapes.joined(separator: ",")), "a.json")
    try files.importing(.labelme)
    #expect(try files.labels().count == 48)
  }

  private let coco = """
    {"images": [{"id": 7, "file_name": "a.png", "height": 4, "width": 5}, {"id": 9, "file_name": "b.png"}],
     "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
     "annotations": [
      {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[0, 0, 3, 0, 3, 2, 0, 2]], "iscrowd": 0},
      {"id": 2, "image_id": 7, "category_id": 1, "iscrowd": 1,
       "segmentation": {"size": [4, 5], "counts": [1, 2, 13, 4]}}]}
    """

  @Test func cocosPolygonsAndRunsArePainted() throws {
    let files = SourceFiles()
    try picture(files, "images/a.png", width: 5, height: 4)
    try picture(files, "images/b.png", width: 3, height: 2)
    try files.write(coco, "annotations/instances_default.json")
    let infos = try files.importing(.cocoSemantic)
    #expect(infos[0].classNames == ["background", "dog", "cat"] && infos[0].split == "train")
    let rows: [[UInt16]] = [[2, 2, 2, 0, 1], [1, 2, 2, 0, 1], [1, 0, 0, 0, 1], [0, 0, 0, 0, 1]]
    #expect(try files.labels() == rows.flatMap { $0 } && files.labels(1) == [0, 0, 0, 0, 0, 0])
    #expect(files.notes.contains { $0.contains("1 of 2 images have no annotation") })
  }

  @Test func cocosSplitsAreInTheFilesNames() throws {
    let files = SourceFiles()
    for (folder, name) in [("train2017", "a"), ("val2017", "a")] {
      try picture(files, "\(folder)/\(name).png", width: 5, height: 4)
      let text = coco.replacingOccurrences(of: ", {\"id\": 9, \"file_name\": \"b.png\"}", with: "")
      try files.write(text, "annotations/instances_\(folder).json")
      try files.write("{}", "annotations/captions_\(folder).json")
    }
    #expect(try files.importing(.cocoSemantic).map(\.split) == ["train", "val"])
  }

  @Test func whatIsWrongWithCocosFilesIsNamed() throws {
    let cases = [
      ("\"category_id\": 3", "\"category_id\": 5", "annotation 0 is of category 5"),
      ("3, 2, 0, 2]]", "3]]", "annotation 0: a polygon has 5 numbers"),
      ("[4, 5], \"counts\"", "[5, 4], \"counts\"", "annotation 1: the mask is for an image of [5, 4]"),
      ("[1, 2, 13, 4]", "[1, 2, 13, 5]", "the runs of a mask do not add up to 5 x 4"),
      ("[1, 2, 13, 4]", "\"~~\"", "the runs of a mask do not add up"),
      ("\"a.png\"", "\"c.png\"", "its image \"c.png\" is not there"), ("\"images\"", "\"imgs\"", "has no 'images'"),
    ]
    for (old, new, words) in cases {
      let files = SourceFiles()
      try picture(files, "images/a.png", width: 5, height: 4)
      try picture(files, "images/b.png", width: 3, height: 2)
      try files.write(coco.replacingOccurrences(of: old, with: new), "coco.json")
      let failure = files.refusal(.cocoSemantic, from: "coco.json", ImportOptions())
      #expect(failure?.message.contains(words) == true, "\(failure as Any)")
    }
  }

  /// Random polygons and packed runs against a direct reading of the rule, written down in Python.
  @Test(.enabled(if: Python.hasPillow)) func randomAnnotationsAgreeWithTheRule() throws {
    let files = SourceFiles()
    try files.folder.makeFolder("source")
    try Python.run(Self.randomCOCO, files.source)
    try files.importing(.cocoSemantic, from: "coco.json")
    let dataset = try files.dataset()
    for index in 0..<dataset.sampleCount {
      let sample = try dataset.read(index)
      let expected = try readBytes("\(files.source)/\(sample.key).raw").map { UInt16($0) }
      #expect(sample.labels == expected, "\(sample.key)")
    }
    #expect(dataset.sampleCount == 12)
  }

  private static let randomCOCO = """
    import json, sys, random
    import numpy as np
    from PIL import Image
    random.seed(5)
    folder = sys.argv[1]
    def inside(x, y, rings):
        odd = False
        for ring in rings:
            for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1]):
                if (y0 <= y) != (y1 <= y) and x >= x0 + (y - y0) / (y1 - y0) * (x1 - x0): odd = not odd
        return odd
    def packed(counts):
        text = ''
        for i, c in enumerate(counts):
            x = c - (counts[i - 2] if i > 2 else 0)
            while True:
                bits, x = x & 31, x >> 5
                more = x != (-1 if bits & 16 else 0)
                text += chr(48 + (bits | 32 if more else bits))
                if not more: break
        return text
    images, annotations = [], []
    for i in range(12):
        h, w = random.randint(5, 30), random.randint(5, 30)
        Image.new('RGB', (w, h)).save(f'{folder}/s{i}.png')
        images.append(dict(id=i, file_name=f's{i}.png', height=h, width=w))
        label = np.zeros((h, w), np.uint8)
        for _ in range(4):
            c = random.randint(1, 3)
            if random.random() < 0.6:
                rings = [[(random.uniform(-3, w + 3), random.uniform(-3, h + 3)) for _ in range(random.randint(3, 7))]
                         for _ in range(random.randint(1, 2))]
                area = np.array([[inside(x + 0.5, y + 0.5, rings) for x in range(w)] for y in range(h)])
                s = [[v for p in ring for v in p] for ring in rings]
            else:
                area = np.random.default_rng(i).random((h, w)) < 0.4
                if random.random() < 0.5: area = np.repeat(area[:, :1], w, 1)
                flat, counts, current = area.T.ravel(), [0], False
                for v in flat:
                    if v != current: counts.append(0); current = v
                    counts[-1] += 1
                s = dict(size=[h, w], counts=packed(counts) if random.random() < 0.7 else counts)
            label[area] = c
            annotations.append(dict(image_id=i, category_id=c, segmentation=s))
        open(f'{folder}/s{i}.raw', 'wb').write(label.tobytes())
    categories = [dict(id=c, name=f'c{c}') for c in (1, 2, 3)]
    json.dump(dict(images=images, annotations=annotations, categories=categories), open(folder + '/coco.json', 'w'))
    """
}
