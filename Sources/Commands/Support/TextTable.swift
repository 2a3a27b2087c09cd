/// A table for a terminal: `leftColumns` (the first) to the left, the others to the right, as wide as their texts.
package struct TextTable {
  private var rows: [[String]] = []
  private let leftColumns: Set<Int>

  package init(leftColumns: Set<Int> = [0]) { self.leftColumns = leftColumns }

  /// Appends a row; cells that are missing stay empty.
  package mutating func add(_ cells: [String]) { rows.append(cells) }

  /// Lines without trailing blanks.
  package var text: String {
    let columnCount = rows.map(\.count).max() ?? 0
    let widths = (0..<columnCount).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += (column > 0 ? "  " : "") + (leftColumns.contains(column) ? cell + space : space + cell)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
