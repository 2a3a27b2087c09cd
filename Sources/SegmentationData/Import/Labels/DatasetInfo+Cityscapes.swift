extension DatasetInfo {
  /// The numbers of the classes in Cityscapes' `_labelIds.png`, in the order of the classes; nil for data of others.
  package var cityscapesIdentifiers: [UInt16]? {
    classNames == LabelTable.cityscapes.classNames ? CityscapesLayout.identifiers : nil
  }
}
