import Basics
import Detection
import Foundation
import TestSupport
import Testing

/// COCO's metric against pycocotools on random cases: crowds, ties of scores and overlaps, more than 100 detections of
/// an image, areas at the ends of their ranges, polygons, images and classes without instances.
@Suite(
  .enabled(if: (try? Python.run("import pycocotools, numpy")) != nil, "needs python3 with pycocotools and numpy"))
struct PycocotoolsTests {
  private static let script = """
    import contextlib, io, json, sys, numpy as np
    from pycocotools import mask as codec
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    folder, seed = sys.argv[1], int(sys.argv[2]); rng = np.random.default_rng(seed)
    images, annotations, detections = [], [], []
    def runs(m):
        flat = m.T.reshape(-1); edges = np.flatnonzero(np.diff(flat)) + 1
        c = [int(x) for x in np.diff(np.concatenate([[0], edges, [flat.size]]))]
        return [0] + c if flat[0] else c
    def mask(h, w, x, y, s):
        yy, xx = np.mgrid[:h, :w]
        return (((xx - x) / s) ** 2 + ((yy - y) / (s * .7)) ** 2 <= 1).astype(np.uint8)
    for i in rng.permutation(40):
        h, w = int(rng.integers(40, 260)), int(rng.integers(40, 260))
        images.append(dict(id=int(i) * 3 + 2, width=w, height=h, file_name=str(i)))
        crowded = rng.random() < .1
        for _ in range(int(rng.integers(0, 8))):
            x, y, s = rng.uniform(0, w), rng.uniform(0, h), rng.choice([3., 8, 16, 30, 48, 90])
            crowd = int(rng.random() < .12); category = int(rng.choice([1, 2, 5]))
            m = mask(h, w, x, y, s); rle = codec.encode(np.asfortranarray(m)); box = codec.toBbox(rle)
            if crowd: seg = dict(size=[h, w], counts=runs(m))
            elif rng.random() < .5:
                a = np.linspace(0, 2 * np.pi, 9)[:-1]
                corners = np.stack([x + s * np.cos(a), y + .7 * s * np.sin(a)], 1)
                seg = [[float(v) for v in np.round(corners.reshape(-1), 2)]]
            else: seg = dict(size=[h, w], counts=rle['counts'].decode())
            area = float(rng.choice([codec.area(rle), 1024, 9216])) if rng.random() < .3 else float(codec.area(rle))
            annotations.append(dict(id=len(annotations) + 1, image_id=int(i) * 3 + 2, category_id=category,
                                    iscrowd=crowd, area=area, bbox=[float(v) for v in box], segmentation=seg))
            for _ in range(int(rng.integers(0, 5)) if not crowded else 60):
                d = codec.encode(np.asfortranarray(mask(h, w, x + rng.integers(-4, 5), y + rng.integers(-4, 5), s)))
                c = category if rng.random() < .9 else int(rng.choice([1, 2, 4, 5, 9]))
                detections.append(dict(image_id=int(i) * 3 + 2, category_id=c,
                                       score=float(np.round(rng.random(), 1)),
                                       bbox=[float(v) for v in codec.toBbox(d)],
                                       segmentation=dict(size=[h, w], counts=d['counts'].decode())))
    rng.shuffle(detections)
    categories = [dict(id=k, name=str(k)) for k in (1, 2, 4, 5)]
    truth = dict(images=images, annotations=annotations, categories=categories)
    json.dump(truth, open(folder + '/truth.json', 'w'))
    json.dump(detections, open(folder + '/detections.json', 'w')); result = {}
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(folder + '/truth.json'); dt = gt.loadRes(folder + '/detections.json')
        for kind in ('bbox', 'segm'):
            e = COCOeval(gt, dt, kind); e.evaluate(); e.accumulate(); e.summarize()
            result[kind] = [float(x) for x in e.stats]
    json.dump(result, open(folder + '/expected.json', 'w'))
    """

  @Test(arguments: 1...12) func randomCasesAreEqual(_ seed: Int) throws {
    let folder = TemporaryFolder()
    try Python.run(Self.script, folder.path, String(seed))
    let data = try COCOCase(truth: "\(folder.path)/truth.json", detections: "\(folder.path)/detections.json")
    let expected = try COCOCase.object("\(folder.path)/expected.json")
    for kind in EvaluationKind.allCases {
      let summary = try EvaluationSummary(data.matches(kind), categories: data.categories)
      EvaluationTests.expectEqual(
        summary.values, expected[kind.rawValue] as? [Double] ?? [], "seed \(seed), \(kind.rawValue)")
    }
  }
}
