import Commands
import Testing

@Suite struct TypefaceTests {
  @Test func everyPrintableCharacterHasItsOwnGlyph() {
    var seen: [[[Bool]]] = []
    for code in 32..<127 {
      let glyph = Typeface.glyph(Character(Unicode.Scalar(UInt8(code))))
      #expect(glyph.count == Typeface.ascent + Typeface.descent)
      #expect(Set(glyph.map(\.count)).count == 1 && (1...5).contains(glyph[0].count))
      #expect(!seen.contains(glyph), "\(Character(Unicode.Scalar(UInt8(code))))")
      seen.append(glyph)
    }
    #expect(Typeface.glyph("é") == Typeface.glyph("漢"))
  }

  @Test func textIsAsWideAsItSays() {
    var canvas = Canvas(width: 200, height: 40)
    canvas.write("Hgj |1", x: 10, y: 5, .ink)
    let inked = (0..<200).filter { x in (0..<40).contains { canvas[x, $0] != .white } }
    #expect(inked.first == 10 && inked.last == 10 + Canvas.textWidth("Hgj |1") - 1)
    let rows = (0..<40).filter { y in (0..<200).contains { canvas[$0, y] != .white } }
    #expect(rows.first == 5 && rows.last == 5 + Canvas.textHeight - 1)
  }

  @Test func textBeyondTheEdgesIsLeftOut() {
    for (x, y) in [(-50, 3), (95, 3), (3, -9), (3, 17), (-9, -9), (500, 500)] {
      var canvas = Canvas(width: 100, height: 20)
      canvas.write("edge", x: x, y: y, .ink)
      #expect(canvas.pixels.count == 6000)
    }
  }

  @Test func longTextIsShortened() {
    let short = Canvas.shortened("a very long name of a class", toFit: 80)
    #expect(Canvas.textWidth(short) <= 80 && short.hasSuffix("..") && short.hasPrefix("a very"))
    #expect(Canvas.shortened("abc", toFit: 80) == "abc")
  }
}

@Suite struct CanvasTests {
  @Test func reducingTakesMeans() {
    var canvas = Canvas(width: 4, height: 2, colour: Colour(0, 0, 0))
    canvas.fill(x: 0, y: 0, width: 1, height: 2, Colour(100, 200, 40))
    let reduced = canvas.reduced(toFit: 2, 2)
    #expect(reduced.width == 2 && reduced.height == 1)
    #expect(reduced[0, 0] == Colour(50, 100, 20) && reduced[1, 0] == Colour(0, 0, 0))
  }

  @Test func fittingKeepsProportions() {
    let small = Canvas(width: 10, height: 5).fitted(to: 35, 35)
    #expect(small.width == 30 && small.height == 15)
    let large = Canvas(width: 1000, height: 10).fitted(to: 100, 100)
    #expect(large.width == 100 && large.height == 1)
  }

  @Test func blendLeavesWhatIsOfNoClass() {
    let image = Canvas(width: 3, height: 1, colour: Colour(100, 100, 100))
    let palette: [UInt8] = [200, 0, 0] + [UInt8](repeating: 0, count: 765)
    let blended = Overlay.blend(image, [0, 0, 255], palette: palette, classCount: 1)
    #expect(blended[0, 0] == Colour(155, 45, 45))
    #expect(blended[1, 0] == Colour(195, 5, 5), "the edge to the next label is drawn")
    #expect(blended[2, 0] == Colour(100, 100, 100))
  }

  @Test func panelsOfAnySizeAreDrawn() {
    for (width, height) in [(1, 1), (1, 300), (700, 2), (64, 48)] {
      let image = Canvas(width: width, height: height, colour: .ink)
      let labels = [UInt16](repeating: 1, count: width * height)
      for truth in [nil, labels] {
        let panel = Overlay.panel(
          image: image, labels: labels, truth: truth, classNames: ["a", "a name that is much too long to be shown"],
          palette: [UInt8](repeating: 9, count: 768), caption: "caption")
        #expect(panel.width > width && panel.height > height)
      }
    }
  }
}
