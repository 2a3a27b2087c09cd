import Foundation
import Testing

/// Every benchmark on tiny sizes: it ends well and its file has the keys that benchmarks/README.md names. Nothing is said
/// about speed: these machines do other things meanwhile.
@Suite(.serialized)
struct BenchmarkTests {
  private let rounds = ["--warmup", "0", "--repeats", "2"]

  @Test func `steps are split into their parts, with every layer beside them`() throws {
    let outcome = try BenchmarkResult(
      ["step", "--batch", "2", "--micro", "1"] + BenchmarkResult.tinyModel + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == (BenchmarkResult.commonKeys + ["layers"]).sorted())
    #expect(
      outcome.keys("seconds") == [
        "compute", "evaluation", "exchange", "limit", "limit_layers", "limit_update", "start", "step", "update",
      ])
    #expect(
      outcome.keys("figures") == [
        "evaluation_images_per_second", "evaluation_share_of_forward", "images_per_second", "limit_images_per_second",
        "memory_bytes", "memory_bytes_of_a_further_rank", "memory_bytes_per_second", "share_of_limit", "start_seconds",
      ])
    #expect(outcome.rounds("step").count == 2)
    let layers = try #require(outcome.json["layers"] as? [[String: Any]])
    #expect(layers.count == 21)
    #expect(layers[0]["name"] as? String == "conv1_1")
    #expect(layers[0]["backward_data"] is NSNull, "the first layer needs no gradient of its source")
    #expect(layers[1]["backward_data"] is NSNumber)
    // 3 x 3 x 3 x 4 multiplications for each of 32 x 48 pixels.
    #expect((layers[0]["multiplications"] as? NSNumber)?.intValue == 165_888)
    // 11 x 11 channels and a kernel of 16 x 16 for each of 4 x 6 source pixels.
    #expect((layers[20]["multiplications"] as? NSNumber)?.intValue == 4 * 6 * 11 * 11 * 16 * 16)
    let median = outcome.rounds("step").reduce(0, +) / 2
    let rate = try #require(outcome.number("figures", "images_per_second"))
    #expect(abs(rate * median - 2) < 1e-6)
    #expect(outcome.output.contains("% of the limit"))
  }

  @Test func `a step with what is done for safety stands beside one without`() throws {
    let outcome = try BenchmarkResult(
      ["safety", "--batch", "2", "--micro", "1"] + BenchmarkResult.tinyModel + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == BenchmarkResult.commonKeys)
    #expect(outcome.keys("seconds") == ["checksums", "digests", "heartbeats", "safe_step", "step"])
    #expect(outcome.keys("figures") == ["share", "share_of_parts"])
    let parts = try #require(outcome.number("figures", "share_of_parts"))
    // Something was done, and not more than all.
    #expect(parts > 0 && parts < 10)
    #expect(outcome.leftovers.isEmpty)
  }

  @Test func `the exchange stands beside an all-reduce and beside memory`() throws {
    let outcome = try BenchmarkResult(["exchange", "--parameters", "70000", "--threads", "1"] + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == BenchmarkResult.commonKeys)
    #expect(
      outcome.keys("seconds") == [
        "all_reduce", "all_reduce_sum", "all_reduce_update", "exchange", "limit", "publish", "sum", "sum_any_order",
        "update",
      ])
    #expect(
      outcome.keys("figures") == [
        "memory_bytes_per_second", "sum_times_any_order", "times_faster_than_all_reduce", "times_the_limit",
      ])
    #expect(outcome.rounds("exchange").count == 2)
    #expect(outcome.number("settings", "parameters") == 70_000)
  }

  @Test func `overlapped steps take turns with others`() throws {
    let outcome = try BenchmarkResult(["overlap", "--batch", "2", "--micro", "1"] + BenchmarkResult.tinyModel + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == BenchmarkResult.commonKeys)
    let parts = ["compute", "exchange", "update"]
    #expect(
      outcome.keys("seconds")
        == (["overlapped"] + parts.map { "overlapped_\($0)" } + ["sequential"] + parts.map { "sequential_\($0)" }))
    #expect(outcome.keys("figures") == ["compute_cost", "exposed_exchange", "times_faster"])
  }

  @Test func `the scaling model says that it is one`() throws {
    try withTool { tool in
      let outcome = try tool("benchmark scaling --machines 1,16")
      #expect(outcome.exitCode == 0)
      #expect(outcome.output.hasPrefix("MODEL, not a measurement"))
      #expect(outcome.output.components(separatedBy: "100.0 %").count == 3, "one machine has nobody to wait for")
      // Under mpirun one process speaks.
      #expect(try tool("benchmark scaling", environment: ["OMPI_COMM_WORLD_RANK": "1"]).output == "")
      #expect(try tool("benchmark scaling --machines 1,x").exitCode == 64)
      #expect(try tool("benchmark scaling --bandwidth 0").exitCode == 64)
    }
  }

  @Test func `the loader draws its own scenes and removes them`() throws {
    let outcome = try BenchmarkResult(
      ["loader", "--images", "8", "--scenes", "4", "--height", "24", "--width", "32"] + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == BenchmarkResult.commonKeys)
    #expect(outcome.keys("seconds") == ["augmented", "limit", "plain"])
    #expect(outcome.keys("figures").contains("augmented_images_per_second_per_thread"))
    #expect(outcome.number("settings", "images") == 8)
    #expect(outcome.leftovers.isEmpty)
    // Image and label, and the little that a file has beside them.
    #expect((outcome.number("settings", "bytes_per_image") ?? 0) >= Double(24 * 32 * 4))
  }

  @Test func `a checkpoint is written, verified, read and compared with a plain write`() throws {
    let outcome = try BenchmarkResult(["checkpoint"] + BenchmarkResult.tinyModel + rounds)
    try #require(outcome.exitCode == 0, "\(outcome.errors)")
    #expect(outcome.json.keys.sorted() == BenchmarkResult.commonKeys)
    #expect(outcome.keys("seconds") == ["copy", "limit", "read", "verify", "write"])
    #expect(outcome.keys("figures").contains("share_of_limit"))
    let parameters = try #require(outcome.number("settings", "parameters"))
    // Parameters and momentum.
    #expect((outcome.number("settings", "bytes") ?? 0) > 8 * parameters)
  }

  @Test(arguments: [
    ["step", "--repeats", "0"], ["step", "--precision", "float16"], ["exchange", "--parameters", "0"],
    ["loader", "--loader-threads", "0"], ["checkpoint", "--height", "0"], ["walk"],
  ])
  func `what cannot be measured is refused in one line`(_ arguments: [String]) throws {
    let outcome = try BenchmarkResult(arguments)
    #expect(outcome.exitCode == 64)
    #expect(outcome.errors.hasPrefix("fcn-dist: error: "))
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(outcome.json.isEmpty)
  }

  @Test func `a folder that cannot be written to is said`() throws {
    let outcome = try BenchmarkResult(
      ["checkpoint", "--folder", "/proc/nowhere"] + BenchmarkResult.tinyModel + rounds)
    #expect(outcome.exitCode == 73)
    #expect(outcome.errors.contains("/proc/nowhere"))
  }
}
