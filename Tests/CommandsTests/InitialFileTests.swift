import Foundation
import TestSupport
import Testing

/// `train --init` with files as people have them: kernels in another order, of another net, with broken numbers.
@Suite(.enabled(if: Python.hasH5py, "needs python3 with NumPy and h5py")) struct InitialFileTests {
  private static let train = "train --config \(TestedPackage.folder)/configs/smoke.yaml --set train.steps=1 --data data"

  /// Parameters of a training, changed by `change`, an expression of `name` and `value`; nil leaves one out.
  private func write(_ path: String, _ change: String, in tool: Tool) throws {
    try Python.run(
      """
      import sys, os, h5py, numpy as np
      os.chdir(sys.argv[1])
      found = {}
      h5py.File('run/checkpoints/latest.h5')['model/parameters'].visititems(
          lambda name, value: found.__setitem__(name, value[()]) if isinstance(value, h5py.Dataset) else None)
      turned = lambda value: value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
      broken = lambda value: np.where(np.arange(value.size).reshape(value.shape) == 3, np.float32('inf'), value)
      with h5py.File(sys.argv[2], 'w') as file:
          for name, value in found.items():
              changed = \(change)
              if changed is not None: file['model/parameters/' + name] = changed
      """, tool.folder, path)
  }

  private func withRun(_ body: (Tool) throws -> Void) throws {
    try withTool { tool in
      try tool("dataset synthesize --output data --train 2 --val 1 --height 48 --width 64")
      let outcome = try tool("\(Self.train) --output run")
      #expect(outcome.exitCode == 0, "\(outcome)")
      try body(tool)
    }
  }

  /// Nothing is trained from biases alone: not unless somebody says so.
  @Test func kernelsInAnotherOrderAreRefusedAsAWhole() throws {
    try withRun { tool in
      try write("turned.h5", "turned(value) if name.startswith('conv') else value", in: tool)
      let refused = try tool("\(Self.train) --output out --init turned.h5")
      #expect(refused.exitCode == 78, "\(refused)")
      for words in [
        "no convolution of the backbone in turned.h5 fits", "conv1_1: has shape [3, 3, 3, 4]", "--init-anyway",
      ] {
        #expect(refused.errors.contains(words), "\(words): \(refused)")
      }
      let forced = try tool("\(Self.train) --output forced --init turned.h5 --init-anyway")
      #expect(forced.exitCode == 0 && forced.output.contains("left conv1_1: has shape"), "\(forced)")
      for what in ["value if name.endswith('bias') else None", "value if name.startswith('fc6/bias') else None"] {
        try? FileManager.default.removeItem(atPath: tool.folder + "/part.h5")
        try write("part.h5", what, in: tool)
        let part = try tool("\(Self.train) --output part --init part.h5")
        #expect(part.exitCode == 78 && part.errors.contains("part.h5 fits this model"), "\(part)")
      }
    }
  }

  /// Its bias fits, and without its weight it is worth nothing.
  @Test func aLayerIsTakenWholeOrLeft() throws {
    try withRun { tool in
      try write("one.h5", "turned(value) if name == 'conv3_1/weight' else value", in: tool)
      let outcome = try tool("\(Self.train) --output out --init one.h5")
      #expect(outcome.exitCode == 0, "\(outcome)")
      let lines = outcome.output.split(separator: "\n")
      let took = try #require(lines.first { $0.contains("took conv1_1") })
      #expect(!took.contains("conv3_1") && took.contains("conv3_2"), "\(took)")
      #expect(lines.contains { $0.contains("left conv3_1: has shape [3, 3, 4, 8]") }, "\(outcome)")
    }
  }

  @Test func numbersThatAreNoneAreNamedWithFileAndTensor() throws {
    try withRun { tool in
      try write("broken.h5", "broken(value) if name == 'conv2_1/weight' else value", in: tool)
      let outcome = try tool("\(Self.train) --output out --init broken.h5")
      #expect(outcome.exitCode == 65, "\(outcome)")
      #expect(outcome.errors.contains("broken.h5: value 3 of conv2_1/weight is inf"), "\(outcome)")
    }
  }
}
