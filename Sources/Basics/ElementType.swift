/// How an activation is stored.
package enum ElementType: Sendable {
  case float32
  case bfloat16

  package var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// What the backend multiplies in. Master weights, gradients and the loss are float32 in both.
package enum Precision: String, Sendable, CaseIterable, Codable {
  case float32
  case bfloat16
}
