// swift-tools-version: 6.2
import PackageDescription

// Other systems name HDF5's pkg-config file differently ("hdf5"); launch/environment exports the name it found.
let hdf5PackageName = Context.environment["FCN_DIST_HDF5_PKGCONFIG"] ?? "hdf5-serial"

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "fcn-dist",
  products: [.executable(name: "fcn-dist", targets: ["fcn-dist"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // C libraries and their shims. oneDNN, libpng and libjpeg-turbo are optional: their shims look for the headers
    // with __has_include and open the library at run time, so that the package builds without them.
    .systemLibrary(name: "SystemMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "SystemHDF5", pkgConfig: hdf5PackageName, providers: [.apt(["libhdf5-dev"])]),
    .target(name: "CMPI", dependencies: ["SystemMPI"]),
    .target(name: "CHDF5", dependencies: ["SystemHDF5"]),
    .target(name: "COneDNN", cSettings: [.headerSearchPath("../../.deps/onednn/include")]),
    .target(name: "CImageFiles"),
    .target(name: "CSystem"),
    .target(name: "CVector"),

    .target(name: "Basics", dependencies: ["CVector"], swiftSettings: strict),
    .target(name: "Detection", dependencies: ["Basics"], swiftSettings: strict),
    .target(name: "Collectives", dependencies: ["CSystem", "Basics"], swiftSettings: strict),
    .target(name: "Conformance", dependencies: ["Collectives", "Basics"], swiftSettings: strict),
    .target(name: "MPITransport", dependencies: ["CMPI", "CSystem", "Collectives", "Basics"], swiftSettings: strict),
    .target(name: "Kernels", dependencies: ["COneDNN", "CVector", "Basics"], swiftSettings: strict),
    .target(name: "Model", dependencies: ["Kernels", "Detection", "Basics"], swiftSettings: strict),
    .target(
      name: "Instances", dependencies: ["Model", "Kernels", "Detection", "Basics"], swiftSettings: strict),
    .target(name: "Storage", dependencies: ["CHDF5", "Basics"], swiftSettings: strict),
    .target(name: "Regions", dependencies: ["Storage", "CVector", "Basics"], swiftSettings: strict),
    .target(name: "ImageFiles", dependencies: ["CImageFiles", "Basics"], swiftSettings: strict),
    .target(
      name: "SegmentationData", dependencies: ["Detection", "Storage", "ImageFiles", "CVector", "Basics"],
      swiftSettings: strict),
    .target(
      name: "TrainingConfiguration", dependencies: ["Model", "Detection", "Basics", "Yams"], swiftSettings: strict),
    .target(
      name: "Checkpoints",
      dependencies: ["Storage", "Basics", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
    .target(
      name: "Weights", dependencies: ["Model", "Detection", "Kernels", "Checkpoints", "Storage", "Basics"],
      swiftSettings: strict),
    .target(name: "RunLogging", dependencies: ["Basics"], swiftSettings: strict),
    .target(name: "Exchange", dependencies: ["Model", "Collectives", "CVector", "Basics"], swiftSettings: strict),
    .target(
      name: "Training",
      dependencies: [
        "TrainingConfiguration", "Checkpoints", "RunLogging", "Exchange", "Instances", "Model", "Detection", "Kernels",
        "SegmentationData", "Collectives", "CVector", "Basics", .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Training", "TrainingConfiguration", "Checkpoints", "RunLogging", "Exchange", "Instances", "Model", "Detection",
        "Kernels", "SegmentationData", "Storage", "Collectives", "CVector", "Basics",
      ], swiftSettings: strict),
    .target(
      name: "Commands",
      dependencies: [
        "Benchmarks", "Training", "TrainingConfiguration", "Checkpoints", "Weights", "RunLogging", "Exchange",
        "Instances", "Model", "Detection", "Kernels", "SegmentationData", "Regions", "Storage", "ImageFiles",
        "MPITransport", "Collectives", "Basics", "CSystem", "Yams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(name: "fcn-dist", dependencies: ["Commands"], swiftSettings: strict),
    .executableTarget(
      name: "mpi-conformance", dependencies: ["Conformance", "MPITransport", "Collectives", "Basics"],
      swiftSettings: strict),

    // What several test targets use: temporary folders, other programs, the package and what lies beside it.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "BasicsTests", dependencies: ["Basics", "CVector", "TestSupport"]),
    .testTarget(name: "DetectionTests", dependencies: ["Detection", "Storage", "Basics", "TestSupport"]),
    .testTarget(name: "CollectivesTests", dependencies: ["Conformance", "Collectives", "Basics", "TestSupport"]),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "COneDNN", "Storage", "Basics", "TestSupport"]),
    .testTarget(
      name: "ModelTests",
      dependencies: [
        "Instances", "Model", "Kernels", "Detection", "Storage", "SegmentationData", "Basics", "TestSupport",
      ]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "Basics", "TestSupport", "fcn-dist"]),
    .testTarget(
      name: "WeightsTests", dependencies: ["Weights", "Checkpoints", "Storage", "Basics", "TestSupport"]),
    .testTarget(name: "RegionsTests", dependencies: ["Regions", "Storage", "Basics", "TestSupport"]),
    .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles", "Basics", "TestSupport"]),
    .testTarget(
      name: "SegmentationDataTests",
      dependencies: ["SegmentationData", "Detection", "Storage", "ImageFiles", "Basics", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Benchmarks", "Training", "TrainingConfiguration", "Checkpoints", "RunLogging", "Exchange", "Model",
        "Kernels", "SegmentationData", "Storage", "Collectives", "Basics", "TestSupport",
      ]),
    .testTarget(
      name: "CommandsTests",
      dependencies: [
        "Commands", "Benchmarks", "Training", "TrainingConfiguration", "Checkpoints", "RunLogging", "Exchange",
        "Detection", "ImageFiles", "Basics", "TestSupport", "fcn-dist",
      ]),
    .testTarget(
      name: "ParallelTests",
      dependencies: [
        "Training", "TrainingConfiguration", "Checkpoints", "RunLogging", "Exchange", "Basics", "TestSupport",
        "fcn-dist", "mpi-conformance",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// Every folder of Sources explains itself.
for target in package.targets where target.path == nil && (target.type == .regular || target.type == .executable) {
  target.exclude.append("README.md")
}
