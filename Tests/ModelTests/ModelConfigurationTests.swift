import Basics
import Model
import Testing

@Suite struct ModelConfigurationTests {
  private func complaint(_ change: (inout ModelConfiguration) -> Void) -> Failure? {
    var configuration = ModelConfiguration(classes: 21)
    change(&configuration)
    do {
      try configuration.validate()
      return nil
    } catch { return error as? Failure }
  }

  @Test func defaultsAreThePublishedNet() {
    let configuration = ModelConfiguration(classes: 21)
    #expect(configuration.architecture == .fcn8s)
    #expect(configuration.geometry == .same)
    #expect(configuration.upsampling == .learned)
    #expect(configuration.widths == [64, 128, 256, 512, 512])
    #expect(configuration.fc == 4096)
    #expect(configuration.dropout == 0.5)
    #expect(configuration.channels == 3)
    #expect(complaint { _ in } == nil)
  }

  @Test func everyInvalidValueNamesItsKey() {
    let cases: [(String, (inout ModelConfiguration) -> Void)] = [
      ("model.widths has 4", { $0.widths = [1, 2, 3, 4] }),
      ("model.widths[2]", { $0.widths[2] = 0 }),
      ("model.widths[4]", { $0.widths[4] = .max }),
      ("model.fc", { $0.fc = -1 }),
      ("model.classes", { $0.classes = 0 }),
      ("model.classes", { $0.classes = 65_536 }),
      ("model.channels", { $0.channels = 0 }),
      ("model.dropout", { $0.dropout = 1 }),
      ("model.dropout", { $0.dropout = -0.1 }),
      ("model.dropout", { $0.dropout = .nan }),
      ("model.skip_scale.pool4", { $0.pool4Scale = .infinity }),
      ("model.skip_scale.pool3", { $0.pool3Scale = .nan }),
    ]
    for (key, change) in cases {
      let failure = complaint(change)
      #expect(failure?.kind == .configuration)
      #expect(failure?.message.contains(key) == true, "\(key): \(String(describing: failure))")
      #expect(failure?.remedy != nil)
    }
  }
}
