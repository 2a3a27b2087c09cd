import Basics
import Testing

@Suite struct NumberTextTests {
  @Test(arguments: [
    (0, 3, "0"), (1, 3, "1.00"), (0.001234, 3, "0.00123"), (1e-10, 3, "1.00e-10"), (-0.5, 2, "-0.50"),
    (1000, 3, "1000"), (1234567, 3, "1234567"), (9.999, 3, "10.00"), (1e12, 2, "1.0e12"), (0.1, 2, "0.10"),
    (.nan, 3, "nan"), (.infinity, 3, "inf"),
  ])
  func significantDigits(value: Double, digits: Int, expected: String) {
    #expect(significant(value, digits) == expected)
  }

  @Test(arguments: [(1.005, 1, "1.0"), (-0.04, 1, "0.0"), (0.05, 1, "0.1"), (12, 0, "12"), (0.999, 2, "1.00")])
  func fixedPlaces(value: Double, places: Int, expected: String) { #expect(fixed(value, places) == expected) }

  @Test func sharesAndThousands() {
    #expect(percentage(0.62134) == "62.13 %" && percentage(nil) == "-" && percentage(.nan) == "-")
    #expect(grouped(0) == "0" && grouped(999) == "999" && grouped(134_285_653) == "134,285,653")
    #expect(grouped(-1000) == "-1,000")
  }
}
