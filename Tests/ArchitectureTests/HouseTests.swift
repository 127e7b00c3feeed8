import Testing

/// The rules of the house, held by this very source tree.
@Suite("The house")
struct HouseTests {
    private let table: ImportTable
    private let files: [SourceFile]

    init() throws {
        table = ImportTable(try SourceTree.text(ImportTable.path))
        files = try SourceTree.files()
    }

    private func report(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    @Test("is read whole")
    func reading() throws {
        #expect(table.rows.count >= 19)
        let here = try #require(
            files.first { $0.path == "Tests/ArchitectureTests/HouseTests.swift" })
        #expect(here.text.contains("is read whole"))
        for row in table.rows {
            let hasFiles = files.contains { $0.path.hasPrefix(row.folder + "/") }
            #expect(hasFiles, "\(ImportTable.path):\(row.line): \(row.folder) holds nothing")
        }
    }

    @Test("imports downwards only, and each C module once")
    func imports() {
        report(table.violations() + files.flatMap { importViolations($0, table) })
    }

    @Test("keeps clocks, hidden randomness and concurrency out of the core")
    func purity() {
        report(files.flatMap { purityViolations($0, table) })
    }

    @Test("has files and functions that can be read at once")
    func sizes() {
        report(files.flatMap { sizeViolations($0) })
    }

    /// Linked, it would cost every start 70 ms and every node 20 MiB.
    @Test("opens FFmpeg when a broadcast needs it, and links it nowhere")
    func lazyLibraries() throws {
        let map = try SourceTree.text("Sources/C/CFFmpeg/module.modulemap")
        let package = try SourceTree.text("Package.swift")
        #expect(!map.contains("link "))
        #expect(!package.contains("pkgConfig: \"libav"))
    }

    @Test("has nothing unfinished in it")
    func unfinished() {
        report(files.flatMap { unfinishedViolations($0) })
    }

    @Test("names no folder of anybody's machine")
    func machinePaths() {
        report(files.flatMap { machinePathViolations($0) })
    }
}
