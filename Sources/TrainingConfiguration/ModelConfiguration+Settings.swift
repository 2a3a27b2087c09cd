import Basics
import Model

extension ModelConfiguration {
  /// The model that a configuration describes, once its classes and channels are known.
  package init(_ settings: Configuration.Model) throws {
    guard let classes = settings.classes, let channels = settings.channels else {
      let key = settings.classes == nil ? "model.classes" : "model.channels"
      throw Failure(
        .configuration, "\(key) is not known", remedy: "set it in the configuration, or with --set \(key)=…")
    }
    self.init(
      architecture: settings.architecture, geometry: settings.geometry, upsampling: settings.upsampling,
      widths: settings.widths, fc: settings.fc, dropout: settings.dropout, pool4Scale: settings.pool4Scale,
      pool3Scale: settings.pool3Scale, classes: classes, channels: channels,
      detection: settings.detection, backbone: settings.backbone, batchNormEpsilon: settings.batchNormEpsilon)
    try validate()
  }
}
