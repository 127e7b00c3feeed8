import Testing

/// The rules themselves, shown what they must refuse and what they must let pass.
@Suite("A rule of the house")
struct RulesTests {
    private let table = ImportTable(
        """
        # a comment
        Low   core  Low
        High  core  High   Low
        CLib  c     CLib
        Edge  edge  Edge   CLib High Glibc  # another
        """)

    private func core(_ text: String) -> SourceFile { SourceFile(path: "High/a.swift", text: text) }
    private func edge(_ text: String) -> SourceFile { SourceFile(path: "Edge/a.swift", text: text) }

    @Test(
        "lets a sound table pass, and finds what is wrong with others",
        arguments: [
            ("A core A\nB core B A", 0),
            ("A core A B\nB core B", 2),
            ("A core A Glibc", 1),
            ("E edge E\nA core A E", 1),
            ("C c C\nA core A C", 1),
            ("C c C\nE edge E C\nF edge F C", 1),
        ])
    func tables(text: String, count: Int) {
        #expect(ImportTable(text).violations().count == count)
    }

    @Test(
        "finds imports in all their forms",
        arguments: [
            ("import A", ["A"]), ("package import A", ["A"]), ("@preconcurrency import A", ["A"]),
            ("@_exported public import A", ["A"]), ("import struct A.B", ["A"]),
            ("import A; import B", ["A"]), ("  import A // why", ["A"]), ("// import A", []),
            ("/* \n import A \n*/", []), ("let a = \"import A\"", []),
            ("\"\"\"\nimport A\n\"\"\"", []),
            ("let import = 1", []),
        ])
    func importForms(source: String, modules: [String]) {
        #expect(imports(in: source).map(\.module) == modules)
    }

    @Test("lets allowed imports pass", arguments: ["import Low", "import Swift", "let a = 1"])
    func allowedImports(source: String) {
        #expect(importViolations(core(source), table) == [])
    }

    @Test(
        "refuses upward and worldly imports",
        arguments: [
            "import Edge", "import CLib", "import Foundation", "import FoundationEssentials",
            "package import Glibc", "import Dispatch", "import Synchronization", "import Logging",
            "import High", "import Unheard",
        ])
    func badImports(source: String) throws {
        let found = importViolations(core("\n" + source), table)
        #expect(found.map(\.line) == [2])
        #expect(try #require(found.first).description.hasPrefix("High/a.swift:2: High "))
    }

    @Test("refuses what is in nobody's folder, and lets tests import anything")
    func strays() {
        let stray = SourceFile(path: "Elsewhere/a.swift", text: "")
        #expect(importViolations(stray, table).count == 1)
        let test = SourceFile(path: "Tests/ATests/a.swift", text: "import Foundation")
        #expect(importViolations(test, table) == [])
        #expect(importViolations(edge("import Glibc\nimport CLib"), table) == [])
        #expect(importViolations(edge("import Foundation"), table).count == 1)
    }

    @Test(
        "refuses clocks, hidden randomness and concurrency in the core",
        arguments: [
            "ContinuousClock().now", "SuspendingClock.now", "let d = Date()",
            "clock_gettime(1, &t)",
            "gettimeofday(&t, nil)", "var g = SystemRandomNumberGenerator()",
            "Int.random(in: 0..<3)",
            "Int.random(in: f(\n0)..<3)", "Int.random(\nin: 0..<3)", "a.shuffled()",
            "a.randomElement()", "a.shuffle()",
            "Bool.random()", "func f() async {}", "await f()", "Task { }", "let m: Mutex<Int>",
            "Atomic<Int>(0)", "let a = \"at \\(Date())\"", "let a = #\"\\#(Date())\"#",
            "/* a */ Date()", "let a = \"\\\"\"; Date()",
        ])
    func impure(source: String) {
        #expect(purityViolations(core(source), table).count == 1)
        #expect(purityViolations(edge(source), table) == [])
    }

    @Test(
        "lets pure code pass",
        arguments: [
            "// a Date, await", "/* /* Task */ Task */", "let a = \"await\"",
            "a.shuffled(using: &g)",
            "Int.random(in: 0..<3, using: &g)", "Int.random(\nin: 0..<3, using: &g)",
            "Double.random(in: f(1)...2,\n using: &g)", "let updateDate = 1", "struct Tasks {}",
            "a.randomElement(using: &g)", "\"\"\"\nTask \" \\\"\"\" Date\n\"\"\"", "#\"\"Date\\\"#",
        ])
    func pure(source: String) {
        #expect(purityViolations(core(source), table) == [])
    }

    @Test("counts a file's lines", arguments: [(400, 0), (401, 1)])
    func fileSize(lines: Int, count: Int) {
        let text = String(repeating: "let a = 1\n", count: lines)
        #expect(sizeViolations(core(text)).count == count)
        #expect(sizeViolations(SourceFile(path: "Tests/A/a.swift", text: text)) == [])
    }

    @Test("counts a function's lines", arguments: [(58, 0), (59, 1)])
    func functionSize(lines: Int, count: Int) {
        let body = String(repeating: "    let b = \"}\" // }\n", count: lines)
        for head in [
            "func f() {", "init?(a: [Int] = { [1] }()) throws {", "deinit {",
            "func f<T>(_ t: T) -> [T] {",
        ] {
            let found = sizeViolations(core("let a = 1\n\(head)\n\(body)}\nlet c = 1\n"))
            #expect(found.count == count)
            #expect(found.allSatisfy { $0.line == 2 })
        }
    }

    @Test("is not misled by functions without a body and calls of initialisers")
    func bodiless() {
        let body = String(repeating: "    let b = 1\n", count: 80)
        let text =
            "protocol P {\n func f() -> Int\n init()\n}\nlet a = A.init()\nenum E {\n\(body)}\n"
        #expect(sizeViolations(core(text)) == [])
    }

    @Test(
        "refuses marks of unfinished work",
        arguments: [
            "// TO" + "DO: more", "# FIX" + "ME", "x() // X" + "XX", "not imple" + "mented",
            "let a = \"place" + "holder\"",
        ])
    func unfinished(line: String) {
        for path in ["Sources/a.swift", "Tests/a.swift", "scripts/a", "a.py"] {
            let file = SourceFile(path: path, text: "fine\n\(line)\n")
            #expect(unfinishedViolations(file).map(\.line) == [2])
        }
    }

    @Test(
        "lets words pass that only look like marks",
        arguments: ["mktemp a.XXXXXX", "HACKER", "method"])
    func finished(line: String) {
        #expect(unfinishedViolations(SourceFile(path: "scripts/a", text: line)) == [])
    }

    @Test(
        "refuses paths of a developer's machine",
        arguments: ["/wo" + "rk/x", "/ro" + "ot/x", "/ho" + "me/me"])
    func machinePath(path: String) {
        for line in [path, "cd \(path)", "\"\(path)\"", "DIR=\(path)", "(\(path))"] {
            let file = SourceFile(path: "docs/a.md", text: "fine\n\(line)")
            #expect(machinePathViolations(file).map(\.line) == [2])
        }
        for line in ["https://example.org\(path)", "$HOME\(path)", "Sources\(path)", "../\(path)"] {
            #expect(machinePathViolations(SourceFile(path: "a.md", text: line)) == [])
        }
    }
}
