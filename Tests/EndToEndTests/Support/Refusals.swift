// A table of what p2ptv refuses: the command, the exit code and the words, and that nothing is
// left behind.

import Testing

/// A command that p2ptv must refuse.
struct Refusal {
    let title: String
    let arguments: [String]
    let code: Int32
    /// What the error must say, besides that it is one.
    let words: [String]
    /// Where it may leave nothing.
    var folder: String?

    init(_ title: String, _ arguments: [String], _ code: Int32, _ words: String...) {
        (self.title, self.arguments, self.code, self.words) = (title, arguments, code, words)
    }

    /// The same, with nothing new in a folder afterwards.
    func leavingNothing(in folder: String) -> Refusal {
        var copy = self
        copy.folder = folder
        return copy
    }
}

extension Stage {
    /// Runs each command and checks code, words, form, and that nothing is left behind.
    func check(_ refusals: [Refusal]) async throws {
        for refusal in refusals { try await check(refusal) }
    }

    private func check(_ refusal: Refusal) async throws {
        let before = refusal.folder.map { names(in: $0) }
        let child = try p2ptv(refusal.arguments)
        let ending = try await child.ended(within: 15)
        child.end()
        let told = "\(refusal.title): \(child.lastWords)"
        #expect(ending == .code(refusal.code), "\(told)")
        let lines = child.errors.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("p2ptv: error: ") } == 1, "\(told)")
        #expect(lines.count { $0.hasPrefix("hint: ") } == 1, "\(told)")
        #expect(child.output.isEmpty || child.output.hasPrefix("http://"), "\(told)")
        for word in refusal.words { #expect(child.errors.contains(word), "\(told)") }
        if let folder = refusal.folder { #expect(names(in: folder) == before, "\(told)") }
    }
}
