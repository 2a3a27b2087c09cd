import ArgumentParser
import Basics
import Collectives
import MPITransport
import Model
import RunLogging
import SegmentationData
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Score a trained network on a split of a dataset.",
    discussion: """
      Prints pixel accuracy, mean class accuracy, mean IoU and frequency-weighted IoU, and a line for each class. All \
      ranks share the images; the result does not depend on how many there are.

        fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 --data camvid
        mpirun -n 8 fcn-dist evaluate --checkpoint RUN/checkpoints/best.h5 \\
            --data camvid --split test --json test.json
      """)

  @Option(help: ArgumentHelp("The checkpoint, or a file of parameters together with --config.", valueName: "file"))
  var checkpoint: String
  @Option(help: ArgumentHelp("The dataset's folder.", valueName: "folder")) var data: String
  @Option(help: "The split.") var split = "val"
  @Option(help: ArgumentHelp("Write the result, with the confusion matrix, into this file.", valueName: "file"))
  var json: String?
  @OptionGroup var settings: ConfigurationOptions
  @OptionGroup var backendOptions: BackendOptions

  func run() throws {
    withMPI { (group: MPIProcessGroup) -> Void in
      let console = Console.standardOutput()
      let dataset = try Dataset(folder: data, split: split)
      let model = try TrainedModel(
        file: checkpoint, settings: settings, backendOptions: backendOptions, dataset: dataset, size: dataset.size(0),
        group: group)
      try DatasetFit.check(dataset, model, file: checkpoint)
      let evaluator = Evaluator(
        network: model.network, dataset: dataset, normalisation: model.normalisation, group: group,
        batch: model.batch)
      let watch = Stopwatch()
      let evaluation = try evaluator.evaluate(model.memory) { done, count in
        if group.isCoordinator { console.transient("evaluating: \(done) of this rank's \(count) images") }
      }
      guard group.isCoordinator else { return }
      let report = EvaluationReport(split: split, classNames: model.classNames, evaluation: evaluation)
      console.line(report.table)
      let seconds = watch.seconds
      console.line(
        "\(counted(evaluation.imageCount, "image")) in \(fixed(seconds, 1)) s, "
          + "\(significant(Double(evaluation.imageCount) / seconds, 3)) images/s")
      guard let json else { return }
      try Array((report.json.line + "\n").utf8).withUnsafeBytes { try FileBytes.write($0, to: json) }
      console.line("wrote \(json)")
    }
  }
}
