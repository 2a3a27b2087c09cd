/// Output channels that one tile of a product holds side by side.
let panelWidth = 16
typealias PanelLanes = SIMD16<Float>
