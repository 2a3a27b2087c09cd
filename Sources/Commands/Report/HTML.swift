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

  /// A whole page with the style of all our pages.
  static func page(title: String, _ content: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escaped(title)) · fcn-dist</title>
    <style>\(style)</style>
    </head>
    <body>
    <main>
    <header><p class="tool">fcn-dist</p><h1>\(escaped(title))</h1></header>
    \(content)
    </main>
    </body>
    </html>

    """
  }

  static func charts(_ charts: [LineChart]) -> String {
    "<section class=\"charts\">\(charts.map { "<figure>\($0.svg)</figure>" }.joined(separator: "\n"))</section>"
  }
}
