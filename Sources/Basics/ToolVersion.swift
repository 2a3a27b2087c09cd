/// The version of fcn-dist.
package enum ToolVersion {
  package static let text = "0.1.0"
}
