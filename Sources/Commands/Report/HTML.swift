/// Small pieces of HTML.
enum HTML {
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A table row; the first cell is a text, the others are numbers.
  static func row(_ cells: [String], header: Bool = false) -> String {
    let name = header ? "th" : "td"
    let inner = cells.enumerated().map { index, cell in
      "<\(name)\(index == 0 ? "" : " class=\"number\"")>\(cell)</\(name)>"
    }
    return "<tr>" + inner.joined() + "</tr>"
  }
}
