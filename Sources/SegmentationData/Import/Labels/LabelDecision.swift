import Basics

/// Decides what the labels of a folder mean, from what somebody said and from what the files have.
struct LabelDecision {
  private let options: LabelOptions
  /// Names, and colours where there are, of the source's `classes.txt`.
  private let listed: ClassList?

  init(_ options: LabelOptions, folder: String) throws {
    self.options = options
    listed = try ClassList(folder: folder)
  }

  /// Whether the values of the labels have to be known first.
  var needsValues: Bool { options.mapFile == nil && options.palette == nil }

  /// - Throws: `Failure` if the options do not fit together, or the values are not believed to be classes.
  func code(_ look: SourceLook, note: (String) -> Void) throws -> LabelCode {
    if look.greyInColourCount > 0 {
      note("\(look.greyInColourCount) labels have three equal channels and were read as grey")
    }
    if let table = try table() { return LabelCode(try named(table)) }
    let palette = listed?.palette ?? look.palette ?? Palette.voc
    if let values = options.values { return try code(values, palette: look.palette ?? Palette.voc) }
    let names = options.classNames ?? listed?.names
    let found = look.values(without: options.ignoredValues)
    try checkMask(look, names)
    try checkPair(found, names)
    guard names != nil || found.count <= LabelOptions.valueLimit || options.acceptsManyValues else {
      throw Failure(
        .badData,
        "the labels have \(found.count) different values (\(found[0]) to \(found[found.count - 1])): as of a photograph, "
          + "or of a mask that went through JPEG or was scaled with interpolation",
        remedy: "name the classes with --classes or classes.txt, say with --values or --map what the values are, or "
          + "confirm with --many-classes that each is a class")
    }
    return LabelCode(
      classNames: names ?? (0..<max(1, (found.last ?? 0) + 1)).map { "class \($0)" }, palette: palette,
      ignored: options.ignoredValues)
  }

  /// The commonest file there is: a mask whose class is 255, which is "of no class" elsewhere.
  private func checkMask(_ look: SourceLook, _ names: [String]?) throws {
    guard options.ignored == nil, look.hasValue[255], look.values(without: [0, 255]).isEmpty, (names?.count ?? 2) < 256
    else { return }
    let values = look.hasValue[0] ? "only the values 0 and 255" : "only the value 255"
    throw Failure(
      .badData, "the labels have \(values), and 255 stands for 'of no class' unless something else is said",
      remedy: "for masks say --values 0,255 (each value is a class); if 255 is really of no class, --ignore 255; if no "
        + "value is to be ignored, --ignore none")
  }

  /// Other masks: of 0 and 254, or of 0 and 65535 in 16 bits.
  private func checkPair(_ found: [Int], _ names: [String]?) throws {
    guard names == nil, let last = found.last, last > LabelOptions.valueLimit, !options.acceptsManyValues,
      found.count <= 2
    else {
      guard (found.last ?? 0) < DatasetInfo.maximumClassCount else {
        throw Failure(
          .badData,
          "the labels have the value 65535, and classes are numbered up to \(DatasetInfo.maximumClassCount - 1)",
          remedy: "say with --values or --map what the values are, or --ignore 65535")
      }
      return
    }
    throw Failure(
      .badData,
      "the labels have only the values \(found.map(String.init).joined(separator: " and ")) besides what is ignored, as "
        + "masks have",
      remedy: "say --values \(found.map(String.init).joined(separator: ",")) (each value is a class), or --ignore VALUE"
    )
  }

  private func table() throws -> LabelTable? {
    if let name = options.palette {
      if let table = LabelTable.known(name) { return table }
      guard SourceFolder.exists(name) else {
        throw Failure(
          .missingInput, "--palette: there is no palette and no file '\(name)'",
          remedy: "give \(LabelTable.knownNames.joined(separator: ", ")) or a file")
      }
      let table = try LabelTable.read(name)
      guard table.hasColours else {
        throw Failure(.badData, "\(name) has no colours", remedy: "give it as --map if it is about values")
      }
      return table
    }
    guard let file = options.mapFile else { return nil }
    let table = try LabelTable.read(file)
    guard !table.hasColours || !table.hasValues else {
      throw Failure(.badData, "\(file) has both values and colours", remedy: "write one file for each kind of label")
    }
    return table
  }

  /// The table with the classes in the order asked for, and with what is ignored besides.
  private func named(_ table: LabelTable) throws -> LabelTable {
    var named = LabelTable(classNames: options.classNames ?? table.classNames)
    for name in table.classNames where !named.classNames.contains(name) {
      throw Failure(
        .usage, "the table's class '\(name)' is not in --classes", remedy: "add it there, or leave --classes out")
    }
    for (key, meaning) in table.meanings.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      if case .label(let label) = meaning {
        _ = named.add(key, table.classNames[label])
      } else {
        _ = named.add(key, nil)
      }
    }
    if let ignored = options.ignored, !ignored.isEmpty {
      guard !table.hasColours else {
        throw Failure(
          .usage, "--ignore is about values, and the labels are in colours",
          remedy: "write '128 64 128, ignore' into the palette's file")
      }
      for value in ignored { _ = named.add(.value(UInt16(value)), nil) }
    }
    return named
  }

  private func code(_ values: [Int], palette colours: [UInt8]) throws -> LabelCode {
    let names = options.classNames ?? listed?.names ?? values.map { "value \($0)" }
    guard names.count == values.count else {
      throw Failure(
        .usage, "--values has \(values.count) values for \(names.count) classes",
        remedy: "give one value for each class")
    }
    if let double = (options.ignored ?? []).first(where: values.contains) {
      throw Failure(.usage, "the value \(double) is in --values and in --ignore", remedy: "say it once")
    }
    var table = LabelTable(classNames: names)
    for (value, name) in zip(values, names) { _ = table.add(.value(UInt16(value)), name) }
    for value in options.ignoredValues { _ = table.add(.value(UInt16(value)), nil) }
    let own = values.allSatisfy { $0 < 256 } ? values.flatMap { Array(colours[3 * $0..<3 * $0 + 3]) } : Palette.voc
    // Masks of 0 and 255 would be painted in black and in the border's colour.
    return LabelCode(table, palette: listed?.palette ?? (values.count <= 2 ? Palette.voc : Palette.padded(own)))
  }
}
