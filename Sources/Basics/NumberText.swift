/// `value` with `digits` significant digits, short: "0.0123", "1.5e-07", "nan".
package func significant(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
  let exponent = Int(floorOfLogarithm10(abs(value)))
  guard exponent >= -4, exponent < 9 else {
    let mantissa = value / power(10, Double(exponent))
    return fixed(mantissa, digits - 1) + "e\(exponent)"
  }
  return fixed(value, max(0, digits - 1 - exponent))
}

/// `value` with `places` digits after the point.
package func fixed(_ value: Double, _ places: Int) -> String {
  let scale = power(10, Double(places))
  let scaled = (abs(value) * scale).rounded()
  guard scaled < 1e15 else { return "\(value)" }
  let digits = String(Int(scaled))
  let sign = value < 0 && scaled > 0 ? "-" : ""
  guard places > 0 else { return sign + digits }
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  return sign + padded.dropLast(places) + "." + padded.suffix(places)
}

/// A share in 0 ... 1 as "62.13 %", or "-" for none.
package func percentage(_ share: Double?) -> String {
  guard let share, share.isFinite else { return "-" }
  return fixed(share * 100, 2) + " %"
}

/// Thousands apart: "134,285,653".
package func grouped(_ value: Int) -> String {
  let digits = Array(String(value.magnitude))
  var result = value < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return result
}

private func floorOfLogarithm10(_ value: Double) -> Double {
  let estimate = (logarithm(value) / logarithm(10)).rounded(.down)
  // The logarithm of an exact power may fall just short.
  return power(10, estimate + 1) <= value ? estimate + 1 : estimate
}
