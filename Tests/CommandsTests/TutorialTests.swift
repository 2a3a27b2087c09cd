import Foundation
import TestSupport
import Testing

/// docs/tutorial.md, command by command, on photographs and annotations made by Pillow as the tools write them.
@Suite struct TutorialTests {
  private static let page =
    (try? String(contentsOfFile: TestedPackage.folder + "/docs/tutorial.md", encoding: .utf8)) ?? ""

  /// The commands of the page, each as words.
  private static var commands: [[String]] {
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    var commands: [[String]] = []
    var isContinued = false
    for line in lines where line.hasPrefix("    ") {
      let words = line.split(separator: " ").map(String.init)
      if isContinued {
        commands[commands.count - 1] += words
      } else if words.first == "fcn-dist" {
        commands.append(words)
      }
      isContinued = words.last == "\\" && (isContinued || words.first == "fcn-dist")
    }
    return commands.map { $0.dropFirst().filter { $0 != "\\" } }
  }

  private static var recipe: String {
    page.components(separatedBy: "```yaml\n").last?.components(separatedBy: "```").first ?? ""
  }

  @Test(.enabled(if: Python.hasPillow)) func everyCommandRuns() throws {
    try withTool { tool in
      try Python.run(Self.photographs, tool.folder)
      // The same recipe, for a moment.
      let short = Self.recipe.replacing("steps: 400", with: "steps: 4").replacing(
        "evaluate_every: 50", with: "evaluate_every: 2")
      #expect(short.contains("steps: 4\n") && short.contains("evaluate_every: 2"))
      try short.write(toFile: tool.folder + "/recipe.yaml", atomically: true, encoding: .utf8)
      let commands = Self.commands
      #expect(commands.count == 11 && Set(commands.map { $0[0] }).count == 6, "\(commands)")
      for command in commands {
        let outcome = try tool(command)
        #expect(outcome.exitCode == 0, "\(command): \(outcome)")
        #expect(!outcome.output.contains("warning: split"), "\(command): \(outcome)")
      }
      let files = try FileManager.default.subpathsOfDirectory(atPath: tool.folder)
      for file in [
        "labels.png", "page.png", "run/report.html", "predictions/field17.png", "predictions/field17-overlay.png",
        "new/new02-overlay.png",
      ] { #expect(files.contains(file), "\(file)") }
      // Four ways of labelling, one truth.
      for data in ["data", "data-coco", "data-masks", "data-colours"] {
        let shown = try tool("dataset show \(data) --split train")
        #expect(shown.output.contains(#/ plant +5 +1,280 +25\.00 %/#), "\(shown)")
      }
    }
  }

  private static let photographs = """
    import json, os, sys
    from PIL import Image, ImageDraw
    root = sys.argv[1]
    coco = {'train': dict(images=[], annotations=[]), 'val': dict(images=[], annotations=[])}
    def save(image, *parts):
        path = os.path.join(root, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        image.save(path)
    for split, numbers in (('train', range(1, 6)), ('val', range(17, 19))):
        for n in numbers:
            name = f'field{n:02}'
            photo = Image.new('RGB', (32, 32), (120, 90, 60 + n))
            box = [n % 4 * 2, 4, n % 4 * 2 + 16, 20]
            draw = ImageDraw.Draw(photo)
            draw.rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=(40, 160, 50))
            mask = Image.new('L', photo.size)
            ImageDraw.Draw(mask).rectangle([box[0], box[1], box[2] - 1, box[3] - 1], fill=255)
            corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]]
            save(photo, 'shots', split, name + '.jpg')
            with open(os.path.join(root, 'shots', split, name + '.json'), 'w') as file:
                json.dump(dict(version='5.4.1', flags={}, imagePath=name + '.jpg', imageData=None, imageHeight=32,
                               imageWidth=32, shapes=[dict(label='plant', points=corners, group_id=None,
                                                           shape_type='polygon', flags={})]), file)
            save(photo, 'cvat', 'images', name + '.jpg')
            part = coco[split]
            part['images'].append(dict(id=n, file_name=name + '.jpg', width=32, height=32))
            part['annotations'].append(dict(id=n, image_id=n, category_id=1, iscrowd=0,
                                            segmentation=[[v for corner in corners for v in corner]]))
            for folder in ('masks', 'colours'):
                save(photo, folder, split, 'images', name + '.jpg')
            save(mask, 'masks', split, 'labels', name + '.png')
            save(Image.merge('RGB', (mask, Image.new('L', mask.size), Image.new('L', mask.size))),
                 'colours', split, 'labels', name + '.png')
    os.makedirs(os.path.join(root, 'cvat', 'annotations'))
    for split, content in coco.items():
        content['categories'] = [dict(id=1, name='plant', supercategory='')]
        with open(os.path.join(root, 'cvat', 'annotations', f'instances_{split}.json'), 'w') as file:
            json.dump(content, file)
    with open(os.path.join(root, 'colours.csv'), 'w') as file:
        file.write('0 0 0, background\\n255 0 0, plant\\n')
    save(Image.new('RGB', (40, 36), (120, 90, 60)), 'new01.jpg')
    save(Image.new('RGB', (32, 32), (40, 160, 50)), 'new02.jpg')
    """
}
