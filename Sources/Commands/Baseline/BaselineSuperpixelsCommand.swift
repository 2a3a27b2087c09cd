import ArgumentParser
import Basics
import ImageFiles
import Regions
import RunLogging
import SegmentationData
import Training

struct BaselineSuperpixelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "superpixels", abstract: "Cut image files into superpixels.",
    discussion: """
      Writes a grey PNG of 16 bits for each image: the number of each pixel's superpixel, or with --merged of its region. \
      Prints how many there are, and the seconds that one thread needed without reading and writing.

        fcn-dist baseline superpixels photo.jpg --output superpixels
      """)

  @Argument(help: "Image files.") var images: [String]
  @Option(help: ArgumentHelp("The folder for the pictures.", valueName: "folder")) var output: String
  @Flag(help: "Merge them into regions.") var merged = false
  @OptionGroup var options: RegionOptions

  func run() throws {
    try Launch.inFirstProcess {
      let settings = try options.settings(over: RegionSettings())
      let sources = try PredictionSources(images, except: output).sources
      guard !sources.isEmpty else {
        throw Failure(.missingInput, "there is no picture in \(images.joined(separator: ", "))")
      }
      try Folder.make(output, remedy: "give another one with --output")
      let console = Console.standardOutput()
      for source in sources {
        let file = try ImageFile.read(source.path)
        let labels = [UInt16](repeating: 0, count: file.width * file.height)
        let sample = try RawSample(file, key: source.key, labels: labels, channels: 3, name: source.path)
        let pixels = Canvas(sample).pixels
        let watch = Stopwatch()
        let image = LabImage(width: file.width, height: file.height, pixels: pixels)
        let found =
          merged ? settings.regions(of: image).regions : Superpixels.segments(of: image, settings.superpixels)
        let seconds = watch.seconds
        guard found.count <= 65_536 else {
          throw Failure(
            .usage, "\(source.path) has \(found.count) segments, more than 16 bits can number",
            remedy: "set superpixels.count lower")
        }
        if let slash = source.key.lastIndex(of: "/") { try Folder.make("\(output)/\(source.key[..<slash])") }
        try PNG.write(
          Image(
            width: file.width, height: file.height, channels: 1, bitDepth: 16,
            pixels: .uint16(found.labels.map { UInt16($0) })), to: "\(output)/\(source.key).png")
        console.line("\(source.key): \(found.count) segments in \(fixed(seconds, 6)) s")
      }
    }
  }
}
