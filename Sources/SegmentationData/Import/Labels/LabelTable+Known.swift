extension LabelTable {
  /// The names that `--palette` takes besides a file.
  static let knownNames = ["voc", "camvid32", "cityscapes"]

  /// A palette in common use; nil: there is none of this name.
  static func known(_ name: String) -> LabelTable? {
    switch name {
    case "voc": voc
    case "camvid32": camvid32
    case "cityscapes": cityscapes
    default: nil
    }
  }

  private init(classes: [(String, UInt32)], ignored: [UInt32]) {
    self.init()
    for (name, colour) in classes { _ = add(.colour(colour), name) }
    for colour in ignored { _ = add(.colour(colour), nil) }
  }

  /// The 21 classes of PASCAL VOC; the border is of no class.
  static let voc = LabelTable(
    classes: VOCLayout.classNames.enumerated().map { label, name in
      let colour = Palette.voc[3 * label..<3 * label + 3].map { UInt32($0) }
      return (name, colour[0] << 16 | colour[1] << 8 | colour[2])
    }, ignored: [0xE0_E0C0])

  /// CamVid's `label_colors.txt` (Brostow et al., 2009); Void is of no class.
  static let camvid32 = LabelTable(
    classes: [
      ("Animal", 0x40_8040), ("Archway", 0xC0_0080), ("Bicyclist", 0x00_80C0), ("Bridge", 0x00_8040),
      ("Building", 0x80_0000), ("Car", 0x40_0080), ("CartLuggagePram", 0x40_00C0), ("Child", 0xC0_8040),
      ("Column_Pole", 0xC0_C080), ("Fence", 0x40_4080), ("LaneMkgsDriv", 0x80_00C0), ("LaneMkgsNonDriv", 0xC0_0040),
      ("Misc_Text", 0x80_8040), ("MotorcycleScooter", 0xC0_00C0), ("OtherMoving", 0x80_4040),
      ("ParkingBlock", 0x40_C080), ("Pedestrian", 0x40_4000), ("Road", 0x80_4080), ("RoadShoulder", 0x80_80C0),
      ("Sidewalk", 0x00_00C0), ("SignSymbol", 0xC0_8080), ("Sky", 0x80_8080), ("SUVPickupTruck", 0x40_80C0),
      ("TrafficCone", 0x00_0040), ("TrafficLight", 0x00_4040), ("Train", 0xC0_4080), ("Tree", 0x80_8000),
      ("Truck_Bus", 0xC0_80C0), ("Tunnel", 0x40_0040), ("VegetationMisc", 0xC0_C000), ("Wall", 0x40_C000),
    ], ignored: [0])

  /// The 19 classes that Cityscapes evaluates, in the colours of its `_color.png` files (Cordts et al., 2016,
  /// cityscapesScripts' labels.py); its other colours are of no class.
  static let cityscapes = LabelTable(
    classes: [
      ("road", 0x80_4080), ("sidewalk", 0xF4_23E8), ("building", 0x46_4646), ("wall", 0x66_669C),
      ("fence", 0xBE_9999), ("pole", 0x99_9999), ("traffic light", 0xFA_AA1E), ("traffic sign", 0xDC_DC00),
      ("vegetation", 0x6B_8E23), ("terrain", 0x98_FB98), ("sky", 0x46_82B4), ("person", 0xDC_143C),
      ("rider", 0xFF_0000), ("car", 0x00_008E), ("truck", 0x00_0046), ("bus", 0x00_3C64), ("train", 0x00_5064),
      ("motorcycle", 0x00_00E6), ("bicycle", 0x77_0B20),
    ],
    ignored: [
      0, 0x6F_4A00, 0x51_0051, 0xFA_AAA0, 0xE6_968C, 0xB4_A5B4, 0x96_6464, 0x96_785A, 0x00_005A, 0x00_006E,
    ])
}
