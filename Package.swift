// swift-tools-version: 6.2
// The house: one target a responsibility, in folders that show the flow (docs/DESIGN.md).
// Core targets are pure and strictly memory-safe; Edge targets touch the world.
import PackageDescription

let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
let pure = common + [.strictMemorySafety()]

func core(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path ?? "Sources/Core/\(name)",
        swiftSettings: pure)
}

func edge(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path ?? "Sources/Edge/\(name)",
        swiftSettings: common)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests",
        swiftSettings: common)
}

let package = Package(
    name: "p2ptv",
    products: [.executable(name: "p2ptv", targets: ["p2ptv"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    ],
    targets: [
        // Core: decides and touches nothing.
        core("Primitives"),
        core("Bencode", ["Primitives"]),
        core("Pieces", ["Primitives"]),
        core("Metainfo", ["Primitives", "Bencode", "Pieces"]),
        core("Wire", ["Primitives", "Bencode", "Pieces"]),
        core("Swarm", ["Primitives", "Pieces", "Metainfo", "Wire"]),
        core("Tracker", ["Primitives", "Bencode"]),
        core("Publish", path: "Broadcaster/Publish", ["Primitives", "Pieces", "Metainfo"]),
        core("Playout", path: "Player-bridge/Playout", ["Primitives", "Pieces", "Metainfo"]),

        // Lab: the same core in a virtual world; never imports Edge.
        core(
            "Simulator", path: "Sources/Lab/Simulator",
            ["Primitives", "Pieces", "Metainfo", "Wire", "Swarm", "Playout"]),

        // Edge: touches the world and decides nothing.
        .systemLibrary(
            name: "CLibevent", path: "Sources/C/CLibevent",
            pkgConfig: "libevent libevent_pthreads libevent_openssl openssl",
            providers: [.apt(["libevent-dev", "libssl-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/C/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/C/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        // Not linked: opened when they are needed (libavformat-dev, libavcodec-dev, libavutil-dev).
        .target(name: "CFFmpeg", path: "Sources/C/CFFmpeg", publicHeadersPath: "."),
        .systemLibrary(name: "CLinux", path: "Sources/C/CLinux"),
        .target(name: "CDigest", path: "Sources/C/CDigest", publicHeadersPath: "."),
        edge("Crypto", ["COpenSSL", "CDigest", "Primitives"]),
        edge("Reactor", ["CLibevent", "CZlib", "Primitives"]),
        edge("Storage", ["CLinux", "Primitives", "Pieces"]),
        edge("Ingest", path: "Broadcaster/Ingest", ["CFFmpeg", "Primitives"]),
        edge("Gateway", path: "Player-bridge/Gateway", ["Reactor", "Primitives", "Playout"]),
        edge(
            "Node",
            [
                "Primitives", "Bencode", "Pieces", "Metainfo", "Wire", "Swarm", "Tracker",
                "Publish",
                "Playout", "Crypto", "Reactor", "Storage", "Ingest", "Gateway",
            ]),
        edge(
            "Console",
            [
                "Primitives", "Pieces", "Metainfo", "Swarm", "Simulator", "Crypto", "Reactor",
                "Ingest", "Node", .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .executableTarget(
            name: "p2ptv",
            dependencies: [
                "Console", "Node", "Metainfo", "Simulator", "Reactor", "Ingest", "Primitives",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "Sources/p2ptv", swiftSettings: common),

        tests("Primitives", ["Primitives"]),
        tests("Bencode", ["Bencode", "Primitives"]),
        tests("Pieces", ["Pieces", "Crypto", "Primitives"]),
        tests("Metainfo", ["Metainfo", "Bencode", "Pieces", "Crypto", "Primitives"]),
        tests("Wire", ["Wire", "Bencode", "Pieces", "Primitives"]),
        tests("Swarm", ["Swarm", "Wire", "Metainfo", "Pieces", "Primitives"]),
        tests(
            "Simulator",
            ["Simulator", "Swarm", "Wire", "Metainfo", "Playout", "Pieces", "Primitives"]),
        tests("Tracker", ["Tracker", "Bencode", "Primitives"]),
        tests("Publish", ["Publish", "Metainfo", "Pieces", "Primitives"]),
        tests("Playout", ["Playout", "Metainfo", "Pieces", "Primitives"]),
        tests("Crypto", ["Crypto", "Primitives"]),
        tests("Reactor", ["Reactor", "Primitives"]),
        tests("Storage", ["CLinux", "Storage", "Pieces", "Primitives"]),
        tests("Ingest", ["Ingest", "Primitives"]),
        tests("Gateway", ["Gateway", "Reactor", "Playout", "Primitives"]),
        tests(
            "Node",
            [
                "Node", "Primitives", "Bencode", "Pieces", "Metainfo", "Wire", "Swarm", "Tracker",
                "Crypto", "Reactor", "Storage", "Ingest",
            ]),
        tests(
            "Command",
            ["Console", "Node", "Simulator", "Swarm", "Metainfo", "Ingest", "Pieces", "Primitives"]),
        tests("Architecture", []),
        tests("EndToEnd", ["Reactor", "Primitives"]),
    ]
)
