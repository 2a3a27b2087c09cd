import Basics
import Detection
import Testing

/// Proposals against the same rules written out step by step for all anchors.
@Suite struct ProposalTests {
  struct Maps {
    var grids: [AnchorGrid] = []
    var logits: [[Float]] = []
    var offsets: [[Float]] = []

    init() {
      var random = Philox(seed: 2, purpose: .test, stream: 8)
      for (size, rows, columns) in [(16, 12, 16), (32, 6, 8), (64, 3, 4)] {
        grids.append(
          AnchorGrid(
            size: Float(size), ratios: [0.5, 1, 2], rows: rows, columns: columns, canvasHeight: 96, canvasWidth: 128))
        let count = rows * columns * 3
        // Few different values: ties, as padding makes them.
        logits.append((0..<count).map { _ in Float(random.next(below: 40)) / 4 - 5 })
        offsets.append((0..<4 * count).map { _ in random.next(in: -0.5...0.5) })
      }
      logits[0][5] = .nan
    }

    func propose(_ limits: Proposals.Limits) -> Proposals {
      let levels = grids.indices.map {
        level -> (UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) in
        let scores = UnsafeMutableBufferPointer<Float>.allocate(capacity: logits[level].count)
        let shifts = UnsafeMutableBufferPointer<Float>.allocate(capacity: offsets[level].count)
        _ = scores.initialize(from: logits[level])
        _ = shifts.initialize(from: offsets[level])
        return (scores, shifts)
      }
      defer {
        for (scores, shifts) in levels {
          scores.deallocate()
          shifts.deallocate()
        }
      }
      let inputs = zip(grids, levels).map {
        Proposals.Level(grid: $0, logits: UnsafeBufferPointer($1.0), offsets: UnsafeBufferPointer($1.1))
      }
      return Proposals(levels: inputs, height: 90, width: 120, limits: limits)
    }
  }

  @Test(arguments: [(30, 20), (1000, 50), (100, 1000)]) func theyFollowTheRules(_ before: Int, _ after: Int) {
    let maps = Maps()
    var candidates: [(box: Box, score: Float, level: Int)] = []
    for (level, grid) in maps.grids.enumerated() {
      let logits = maps.logits[level]
      let order = logits.indices.filter { !logits[$0].isNaN }.sorted {
        logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1
      }
      for index in order.prefix(before) {
        let d = maps.offsets[level][(4 * index)..<(4 * index + 4)].map { $0 }
        let box = BoxCoder.anchors.decode(.init(d[0], d[1], d[2], d[3]), from: grid.anchors[index])
          .clipped(width: 120, height: 90)
        if box.width < 1e-3 || box.height < 1e-3 { continue }
        candidates.append((box, Float(1 / (1 + exponential(-Double(logits[index])))), level))
      }
    }
    var kept: [Int] = []
    let order = candidates.indices.sorted {
      candidates[$0].score != candidates[$1].score ? candidates[$0].score > candidates[$1].score : $0 < $1
    }
    for index in order {
      let isFree = kept.allSatisfy {
        candidates[$0].level != candidates[index].level
          || Double(candidates[$0].box.overlap(with: candidates[index].box)) <= 0.7
      }
      if isFree { kept.append(index) }
    }
    let proposals = maps.propose(.init(before: before, after: after))
    #expect(proposals.boxes == kept.prefix(after).map { candidates[$0].box })
    #expect(proposals.scores == kept.prefix(after).map { candidates[$0].score })
    #expect(proposals.boxes.count > 10 && kept.count < candidates.count)
  }
}
