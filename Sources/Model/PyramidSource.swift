/// A map of the backbone that a level of the feature pyramid is made from, with strides 4, 8, 16 and 32.
struct PyramidSource {
  let value: Int
  let channels: Int
}
