import Basics
import Foundation
import SegmentationData
import Training

/// One of the systems that a report sets side by side: a run, or whatever left a folder of label images.
struct ComparedSystem {
  let name: String
  let predictions: ForeignPredictions
  /// nil: not trained here.
  let run: RunComparison.Run?

  /// - Throws: `Failure` naming the folder: there are no label images, or not those of the split.
  static func all(in folders: [String], _ dataset: Dataset) throws -> [ComparedSystem] {
    let names = PredictionSources.uniqueKeys(folders.map(Self.names))
    return try zip(folders, names).map { folder, name in
      let isRun = FileManager.default.fileExists(atPath: folder + "/metrics.jsonl")
      guard isRun else {
        return ComparedSystem(
          name: name, predictions: try ForeignPredictions(folder: folder, dataset: dataset), run: nil)
      }
      let predictions = folder + "/predictions"
      guard FileManager.default.fileExists(atPath: predictions) else {
        throw Failure(
          .missingInput, "the run \(folder) has no label images: there is no \(predictions)",
          remedy: "make them: fcn-dist predict --checkpoint \(folder)/checkpoints/best.h5 --data \(dataset.folder) "
            + "--split \(dataset.info.split) --output \(predictions)")
      }
      return ComparedSystem(
        name: name, predictions: try ForeignPredictions(folder: predictions, dataset: dataset),
        run: try ReportCommand.run(in: folder))
    }
  }

  /// A folder's last name, and as much of its path as may be needed to tell it apart.
  private static func names(_ folder: String) -> [String] {
    let parts = URL(fileURLWithPath: folder).standardizedFileURL.path.split(separator: "/").map(String.init)
    return (1..<max(2, parts.count + 1)).map { parts.suffix($0).joined(separator: "/") }
  }
}
