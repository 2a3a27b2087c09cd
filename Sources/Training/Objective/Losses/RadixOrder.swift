/// The order of numbers from 0 up. Equal numbers stay in their order.
enum RadixOrder {
  /// - Parameter values: not below 0; not-a-number is above all.
  /// - Returns: the places of the values, the smallest first.
  static func ascending(_ values: [Float]) -> [Int] {
    // The bits of such numbers are in the numbers' order.
    var keys = values.map { $0.bitPattern & 0x7FFF_FFFF }
    var places = values.indices.map { UInt32(truncatingIfNeeded: $0) }
    var otherKeys = keys
    var otherPlaces = places
    for shift in [0, 11, 22] as [UInt32] {
      var starts = [Int](repeating: 0, count: 2049)
      for key in keys { starts[Int(key >> shift & 0x7FF) + 1] += 1 }
      for digit in 1..<starts.count { starts[digit] += starts[digit - 1] }
      for (key, place) in zip(keys, places) {
        let digit = Int(key >> shift & 0x7FF)
        otherKeys[starts[digit]] = key
        otherPlaces[starts[digit]] = place
        starts[digit] += 1
      }
      swap(&keys, &otherKeys)
      swap(&places, &otherPlaces)
    }
    return places.map { Int($0) }
  }
}
