// The rules about code: a core without clocks, hidden randomness and concurrency, and bounds on
// the length of files and functions.

/// What the core may not name, and what to do instead.
private let worldly: [(word: String, advice: String)] =
    [
        "ContinuousClock", "SuspendingClock", "Date", "clock_gettime", "gettimeofday",
    ].map { ($0, "reads a clock; take the time as a parameter `now: Instant`") }
    + [
        "SystemRandomNumberGenerator", ".shuffled()", ".randomElement()", ".shuffle()",
    ].map { ($0, "is hidden randomness; draw from a SeededRandom that is handed in") }
    + ["async", "await", "Task", "AsyncStream"].map {
        ($0, "is concurrency; let the core be called, and answer with outputs")
    }
    + ["Mutex", "Atomic"].map { ($0, "is a lock; the core runs on one thread") }

/// The words in a file of the core that no pure code needs.
func purityViolations(_ file: SourceFile, _ table: ImportTable) -> [Violation] {
    guard file.isSwift, table.row(of: file.path)?.shelf == "core" else { return [] }
    let text = SwiftText(file.text)
    var found: [Violation] = []
    for line in text.lines.indices {
        for (word, advice) in worldly where !places(of: word, in: text.lines[line]).isEmpty {
            found.append(Violation(path: file.path, line: line + 1, advice: "\(word) \(advice)"))
        }
    }
    return found + unseededDraws(file.path, text)
}

/// The calls of `random`, with a range or without, that do not say `using:`.
private func unseededDraws(_ path: String, _ text: SwiftText) -> [Violation] {
    let code = Array(text.lines.joined(separator: [newline]))
    return places(of: ".random(", in: code).compactMap { place in
        var depth = 0
        let call = code[place...].prefix { byte in
            depth += byte == UInt8(ascii: "(") ? 1 : byte == UInt8(ascii: ")") ? -1 : 0
            return depth > 0 || byte != UInt8(ascii: ")")
        }
        guard places(of: "using:", in: Array(call)).isEmpty else { return nil }
        let line = code[..<place].count { $0 == newline } + 1
        let advice = ".random() is hidden randomness; draw `using:` a SeededRandom handed in"
        return Violation(path: path, line: line, advice: advice)
    }
}

/// The most lines of a file.
let longestFile = 400
/// The most lines of a function.
let longestFunction = 60

/// A file, or functions in it, that nobody can read at once.
func sizeViolations(_ file: SourceFile) -> [Violation] {
    guard file.isSwift, !file.isTest, file.path != "Package.swift" else { return [] }
    let text = SwiftText(file.text)
    var found: [Violation] = []
    let count = text.lines.count - (text.lines.last?.isEmpty == true ? 1 : 0)
    if count > longestFile {
        let advice =
            "\(count) lines, more than \(longestFile); split it by concern (Type+Concern.swift)"
        found.append(Violation(path: file.path, line: longestFile + 1, advice: advice))
    }
    for function in functions(in: text) where function.count > longestFunction {
        let advice =
            "a function of \(function.count) lines, more than \(longestFunction); divide it"
        found.append(Violation(path: file.path, line: function.lowerBound + 1, advice: advice))
    }
    return found
}

/// The lines of each function and initialiser with a body, from its name to its last brace.
func functions(in text: SwiftText) -> [Range<Int>] {
    let code = Array(text.lines.joined(separator: [newline]))
    let starts = ["func", "init", "deinit", "subscript"].flatMap { places(of: $0, in: code) }
    return starts.compactMap { start in
        guard start == 0 || code[start - 1] != UInt8(ascii: "."),
            let body = bodyStart(after: start, in: code)
        else { return nil }
        var depth = 0
        let end = code[body...].firstIndex { byte in
            depth += byte == UInt8(ascii: "{") ? 1 : byte == UInt8(ascii: "}") ? -1 : 0
            return depth == 0
        }
        let first = code[..<start].count { $0 == newline }
        return first..<code[..<(end ?? code.count)].count { $0 == newline } + 1
    }
}

/// Where the body of the declaration at `start` opens, or nil where it has none.
private func bodyStart(after start: Int, in code: [UInt8]) -> Int? {
    var depth = 0
    for place in start..<code.count {
        switch Character(Unicode.Scalar(code[place])) {
        case "(", "[": depth += 1
        case ")", "]": depth -= 1
        case "{" where depth == 0: return place
        case "}" where depth == 0: return nil
        case "\n" where depth == 0 && !goesOn(after: place, in: code): return nil
        default: continue
        }
    }
    return nil
}

/// Whether the head of a declaration goes on beyond the line that ends at `place`.
private func goesOn(after place: Int, in code: [UInt8]) -> Bool {
    let rest = code[place...].drop { $0 <= 0x20 }
    return ["->", "{", "throws", "where", "async", "rethrows"].contains {
        rest.starts(with: $0.utf8)
    }
}
