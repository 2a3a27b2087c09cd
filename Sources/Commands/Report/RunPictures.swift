import Basics

/// The pictures of a run's predictions that its report shows.
enum RunPictures {
  static let sheetName = "sheet.png"

  /// What makes `predict` draw them where the report looks for them.
  static func options(of run: String, _ task: VisionTask) -> [String] {
    let folder = "\(run)/predictions"
    return ["--output", folder] + (task == .semantic ? ["--overlay"] : ["--sheet", "\(folder)/\(sheetName)"])
  }
}
