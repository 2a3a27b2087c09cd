/// What a state_dict's pickle is made of. A list or a dictionary may be named more than once, so they are references.
indirect enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case string(String)
  case tuple([PickleValue])
  case list(PickleList)
  case dictionary(PickleDictionary)
  case global(String)
  case storage(PickleStorage)
  case tensor(PickleTensor)
  /// Something that a state_dict may hold beside its tensors, and that is of no interest.
  case other
}

final class PickleList { var items: [PickleValue] = [] }
final class PickleDictionary { var items: [(key: PickleValue, value: PickleValue)] = [] }

/// Numbers of one type, kept outside the pickle under a key.
struct PickleStorage {
  let key: String
  /// nil: a type that holds no weights (int64, bool, …).
  let type: NumberType?
  let count: Int
}

/// A view of a storage.
struct PickleTensor {
  let storage: PickleStorage
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}
