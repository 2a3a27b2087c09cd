import Basics

/// One key of the configuration: what it is called, what it means, how it is read and written.
package struct ConfigurationKey: Sendable {
  /// For example "optimizer.learning_rate".
  package let path: String
  /// What it means, a few words for the reference.
  package let summary: String
  /// What it may be.
  package let values: String
  let read: @Sendable (ConfigurationValue, inout Configuration) throws -> Void
  /// The value as YAML; nil: the key is left out.
  let write: @Sendable (Configuration) -> String?

  /// The YAML text of the value in `configuration`, as in a configuration file; "" where the key is left out.
  package func written(_ configuration: Configuration) -> String { write(configuration) ?? "" }
}

// One function for each kind of value. `member` is where the value lives.
extension ConfigurationKey {
  typealias Member<Value> = WritableKeyPath<Configuration, Value> & Sendable

  static func integer(
    _ path: String, _ member: any Member<Int>, in range: ClosedRange<Int>, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: words(for: range),
      read: { $1[keyPath: member] = try $0.integer(in: range) },
      write: { "\($0[keyPath: member])" })
  }

  static func optionalInteger(
    _ path: String, _ member: any Member<Int?>, in range: ClosedRange<Int>, or word: String, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: "\(words(for: range)), or \(word)",
      read: { $1[keyPath: member] = $0.isAbsent(orWord: word) ? nil : try $0.integer(in: range, or: word) },
      write: { $0[keyPath: member].map { "\($0)" } ?? word })
  }

  static func number(
    _ path: String, _ member: any Member<Double>, _ range: NumberRange, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: range.description,
      read: { $1[keyPath: member] = try $0.number(in: range) },
      write: { "\($0[keyPath: member])" })
  }

  static func number(
    _ path: String, _ member: any Member<Float>, _ range: NumberRange, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: range.description,
      read: { $1[keyPath: member] = try $0.float(in: range) },
      write: { "\($0[keyPath: member])" })
  }

  static func boolean(_ path: String, _ member: any Member<Bool>, _ summary: String) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: "true | false",
      read: { $1[keyPath: member] = try $0.boolean() },
      write: { "\($0[keyPath: member])" })
  }

  static func choice<Value: RawRepresentable & CaseIterable & SendableMetatype>(
    _ path: String, _ member: any Member<Value>, _ summary: String
  ) -> ConfigurationKey where Value.RawValue == String {
    ConfigurationKey(
      path: path, summary: summary, values: Value.allCases.map(\.rawValue).joined(separator: " | "),
      read: { $1[keyPath: member] = try $0.choice(of: Value.self) },
      write: { $0[keyPath: member].rawValue })
  }

  static func cadence(_ path: String, _ member: any Member<Interval>, _ summary: String) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: "steps, epoch, or never (0)",
      read: { value, configuration in
        switch value.word {
        case "epoch": configuration[keyPath: member] = .epoch
        case "never", "none": configuration[keyPath: member] = .never
        default:
          let steps = try value.integer(in: 0...1_000_000_000, or: "epoch or never")
          configuration[keyPath: member] = steps == 0 ? .never : .steps(steps)
        }
      },
      write: { configuration in
        switch configuration[keyPath: member] {
        case .never: "0"
        case .steps(let steps): "\(steps)"
        case .epoch: "epoch"
        }
      })
  }

  /// One number per channel, or "auto".
  static func channelNumbers(
    _ path: String, _ member: any Member<[Float]?>, _ range: NumberRange, _ summary: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      path: path, summary: summary, values: "[one per channel], each \(range.description), or auto",
      read: { value, configuration in
        configuration[keyPath: member] =
          value.isAbsent(orWord: "auto") ? nil : try value.floats(in: range, of: "numbers, one per channel, or auto")
      },
      write: { $0[keyPath: member].map { "\($0)" } ?? "auto" })
  }

  private static func words(for range: ClosedRange<Int>) -> String {
    "whole number, \(range.lowerBound) … \(range.upperBound)"
  }
}

extension ConfigurationValue {
  /// Read at single precision, so that the written text is read back as the same bits.
  func float(in range: NumberRange) throws -> Float {
    let wide = try number(in: range)
    let value = plainText.flatMap { Float($0) } ?? Float(wide)
    guard range.contains(Double(value)) else { throw failure(expected: range.description) }
    return value
  }

  /// Two numbers, the smaller first.
  func bounds(within limits: ClosedRange<Float>) throws -> ClosedRange<Float> {
    let bounds = try floats(in: .positive, of: "two numbers")
    guard bounds.count == 2, bounds[0] <= bounds[1], bounds[0] >= limits.lowerBound, bounds[1] <= limits.upperBound
    else {
      throw failure(
        expected: "a list of two numbers in \(limits.lowerBound) … \(limits.upperBound), the smaller first")
    }
    return bounds[0]...bounds[1]
  }

  func floats(in range: NumberRange, of noun: String) throws -> [Float] {
    let elements = try list(of: noun)
    guard (1...65_536).contains(elements.count) else { throw failure(expected: "a list of \(noun)") }
    return try elements.map { try $0.float(in: range) }
  }
}
