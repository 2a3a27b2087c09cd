import Basics
import Foundation
import RunLogging
import TestSupport
import Testing

private func stepRecord(_ step: Int, loss: Double = 1.5) -> StepRecord {
  StepRecord(
    step: step, epoch: Double(step) / 4, loss: loss, learningRate: 1e-10, imagesPerSecond: 3.25,
    seconds: StepRecord.Seconds(data: 0.001, compute: 0.5, exchange: 0.25, update: 0.125))
}

private func evaluationRecord(_ step: Int, _ task: VisionTask = .semantic) -> EvaluationRecord {
  EvaluationRecord(
    step: step, task: task, values: [0.5, 0.75], loss: 0.875,
    classes: [
      .init(name: "a \"b\"\\\n", value: 0.1), .init(name: "sky", value: nil),
    ])
}

@Suite struct MetricsFileTests {
  @Test func readsWhatItWrote() throws {
    let folder = TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    let file = try MetricsFile(path: path, continuingAfterStep: 0)
    try file.append(stepRecord(1))
    try file.append(evaluationRecord(1))
    try file.append(stepRecord(2, loss: .nan))
    try file.append(evaluationRecord(2, .classification))
    let content = try MetricsContent(path: path)
    #expect(content.steps.count == 2 && content.steps[0] == stepRecord(1))
    #expect(content.steps[1].loss.isNaN)
    #expect(content.evaluations == [evaluationRecord(1), evaluationRecord(2, .classification)])
    #expect(content.unreadableLines == 0)
  }

  @Test(.enabled(if: Python.isAvailable)) func linesAreWhatTheContractSays() throws {
    let folder = TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    let file = try MetricsFile(path: path, continuingAfterStep: 0)
    try file.append(stepRecord(7, loss: .infinity))
    try file.append(evaluationRecord(7))
    let script = """
      import json, sys
      a, b = [json.loads(line) for line in open(sys.argv[1])]
      assert list(a) == ["kind", "step", "epoch", "loss", "learning_rate", "images_per_second", "seconds"], a
      assert a["kind"] == "step" and a["step"] == 7 and a["loss"] is None and a["learning_rate"] == 1e-10
      assert a["seconds"] == {"data": 0.001, "compute": 0.5, "exchange": 0.25, "update": 0.125}
      assert b == {"kind": "evaluation", "step": 7, "mean_iou": 0.5, "pixel_accuracy": 0.75, "loss": 0.875,
                   "classes": {"a \\"b\\"\\\\\\n": 0.1, "sky": None}}, b
      print("ok")
      """
    #expect(try Python.run(script, path) == "ok\n")
  }

  /// A killed run leaves steps after its last checkpoint, and a line that was being written.
  @Test func continuesAfterTheResumedStep() throws {
    let folder = TemporaryFolder()
    let path = folder.file("metrics.jsonl")
    let file = try MetricsFile(path: path, continuingAfterStep: 0)
    for step in 1...5 { try file.append(stepRecord(step)) }
    try file.append(evaluationRecord(4))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data("{\"kind\": \"step\", \"st".utf8))
    try handle.close()
    #expect(try MetricsContent(path: path).unreadableLines == 1)

    let resumed = try MetricsFile(path: path, continuingAfterStep: 4)
    try resumed.append(stepRecord(5, loss: 9))
    let content = try MetricsContent(path: path)
    #expect(content.steps.map(\.step) == [1, 2, 3, 4, 5])
    #expect(content.steps[4].loss == 9)
    #expect(content.evaluations.map(\.step) == [4])
    #expect(content.unreadableLines == 0)
    #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    #expect {
      try MetricsFile(path: "/nonexistent/metrics.jsonl", continuingAfterStep: 0)
    } throws: {
      ($0 as? Failure)?.kind == .cannotCreate && "\($0)".contains("/nonexistent/metrics.jsonl")
    }
  }
}

@Suite struct EventFileTests {
  /// Reads the file back with its own framing, checksum and wire format code.
  static let reader = """
    import struct, sys
    def crc32c(data):
        crc = 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF
    def masked(data):
        crc = crc32c(data)
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    def varint(data, at):
        value = shift = 0
        while True:
            byte = data[at]; at += 1
            value |= (byte & 127) << shift; shift += 7
            if byte < 128: return value, at
    def fields(data):
        at = 0
        while at < len(data):
            key, at = varint(data, at)
            number, kind = key >> 3, key & 7
            if kind == 0: value, at = varint(data, at)
            elif kind == 1: value = struct.unpack("<d", data[at:at + 8])[0]; at += 8
            elif kind == 5: value = struct.unpack("<f", data[at:at + 4])[0]; at += 4
            else:
                size, at = varint(data, at); value = data[at:at + size]; at += size
            yield number, value
    data = open(sys.argv[1], "rb").read(); at = 0
    while at < len(data):
        length = data[at:at + 8]; size = struct.unpack("<Q", length)[0]
        assert struct.unpack("<I", data[at + 8:at + 12])[0] == masked(length)
        event = data[at + 12:at + 12 + size]
        assert struct.unpack("<I", data[at + 12 + size:at + 16 + size])[0] == masked(event)
        at += 16 + size
        e = dict(fields(event))
        line = [f"time={e[1]}", f"step={e.get(2, 0)}"]
        if 3 in e: line.append(e[3].decode())
        if 7 in e: line.append(f"session={dict(fields(e[7]))}")
        for number, value in fields(e.get(5, b"")):
            v = dict(fields(value)); line.append(f"{v[1].decode()}={v[2]}")
        print(" ".join(line))
    """

  @Test(.enabled(if: Python.isAvailable)) func anIndependentReaderReadsIt() throws {
    let folder = TemporaryFolder()
    let events = try EventFile(folder: folder.path, continuingAfterStep: 299, time: 1000.5)
    try events.append([("loss/train", 0.5), ("bad", .nan), ("rate", 0.25)], step: 300, time: 1001.25)
    let name = try #require(folder.names.first)
    #expect(name.hasPrefix("events.out.tfevents.1000."))
    let text = try Python.run(Self.reader, folder.file(name))
    #expect(
      text == """
        time=1000.5 step=0 brain.Event:2
        time=1000.5 step=300 session={1: 1}
        time=1001.25 step=300 loss/train=0.5 rate=0.25

        """)
  }
}

@Suite struct RunLockTests {
  @Test func aSecondJobIsToldWhoHoldsTheFolder() throws {
    let folder = TemporaryFolder()
    let first = try RunFolder(path: folder.file("a/run"))
    #expect {
      try RunFolder(path: folder.file("a/run"))
    } throws: {
      let failure = $0 as? Failure
      return failure?.kind == .cannotCreate
        && failure?.message.contains("process \(ProcessInfo.processInfo.processIdentifier) on ") == true
        && failure?.message.contains("\(folder.path)/a/run already") == true
    }
    first.close()
    _ = try RunFolder(path: folder.file("a/run"))
  }

  @Test func whatADeadProcessLeftIsTakenOver() throws {
    let folder = TemporaryFolder()
    let dead = RunLock.Holder(host: RunLock.Holder.current.host, process: 999_999_999, boot: "another")
    try Data("\(dead.host)\n\(dead.process)\n\(dead.boot)\n".utf8).write(
      to: URL(fileURLWithPath: folder.file(".lock")))
    let lock = try RunLock(path: folder.file(".lock"))
    let text = try String(contentsOfFile: folder.file(".lock"), encoding: .utf8)
    #expect(text.contains("\(ProcessInfo.processInfo.processIdentifier)\n"))
    lock.release()
  }

  @Test(.enabled(if: Python.isAvailable)) func theLockEndsWithItsKilledHolder() throws {
    let folder = TemporaryFolder()
    let holder = Process()
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    holder.arguments = [
      "python3", "-c",
      "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.flock(f,2); f.write('far\\n5\\nx\\n'); f.flush(); "
        + "print('held',flush=True); time.sleep(60)", folder.file(".lock"),
    ]
    let output = Pipe()
    holder.standardOutput = output
    try holder.run()
    var line = Data()
    while line.last != UInt8(ascii: "\n"), let more = try output.fileHandleForReading.read(upToCount: 1) {
      line += more
    }
    #expect(line == Data("held\n".utf8))
    #expect { try RunLock(path: folder.file(".lock")) } throws: { "\($0)".contains("process 5 on far") }
    kill(holder.processIdentifier, SIGKILL)
    holder.waitUntilExit()
    _ = try RunLock(path: folder.file(".lock"))
  }

  @Test func aFolderThatCannotBeMadeIsAFailure() throws {
    let folder = TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: folder.file("file")))
    #expect { try RunFolder(path: folder.file("file/run")) } throws: { ($0 as? Failure)?.kind == .cannotCreate }
  }
}

@Suite struct ProgressTests {
  @Test func aLogGetsALineNowAndThen() {
    var lines: [String] = []
    var time = 0.0
    let progress = Progress(
      console: Console(isTerminal: false) { lines.append($0) }, totalSteps: 300, totalEpochs: 75, startingAtStep: 0,
      now: { time })
    for step in 1...300 {
      time += 1
      progress.show(stepRecord(step))
    }
    // Every 5 s in the first minute, then every 20 s; the first and the last always.
    #expect(lines.count >= 20 && lines.count <= 30)
    #expect(
      lines[0] == "step 1/300  epoch 0.25/75  loss 1.500  rate 1.00e-10  3.25 images/s  4:59 left\n")
    #expect(lines.last?.hasPrefix("step 300/300  epoch 75.00/75 ") == true)
    #expect(lines.last?.hasSuffix("0 s left\n") == true)
  }

  @Test func aTerminalKeepsOneLine() {
    var text = ""
    let console = Console(isTerminal: true) { text += $0 }
    console.transient("loss 1.25")
    console.transient("loss 1")
    console.line("done")
    #expect(text == "\rloss 1.25\rloss 1   \r      \rdone\n")
  }

  /// A line that wraps would be left behind with every step.
  @Test func aTransientLineIsNeverAsWideAsTheTerminal() {
    var text = ""
    var width = 10
    let console = Console(isTerminal: true, width: { width }) { text += $0 }
    console.transient("step 1/100")
    #expect(text == "\rstep 1/1…")
    text = ""
    width = 6
    console.transient("s 2")
    #expect(text == "\rs 2  ")
  }

  @Test(arguments: [(0, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (725, "12:05"), (11045, "3:04:05"), (.infinity, "?")])
  func duration(seconds: Double, expected: String) { #expect(Progress.duration(seconds) == expected) }
}
