// Where a channel file may be written.

import Console
import Glibc
import Testing

private func status(_ path: String) -> Console.ExitStatus? {
    do throws(Complaint) {
        try OutputPlace.check(path)
        return nil
    } catch {
        return error.status
    }
}

/// A file of its own with `content`, which is removed afterwards.
private func withFile(_ content: String, _ body: (String) -> Void) throws {
    var template = Array("/tmp/p2ptv-output-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    let bytes = Array(content.utf8)
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    body(path)
}

@Suite("The place of a channel file")
struct OutputTests {
    @Test("Nothing there, or a channel file that is damaged, may be written over")
    func free() throws {
        #expect(status("no-such-file.torrent") == nil)
        try withFile("") { #expect(status($0) == nil) }
        try withFile("d4:infod4:lived") { #expect(status($0) == nil) }
    }

    @Test("A film or an ordinary torrent of the same name stays")
    func taken() throws {
        try withFile("\u{0}\u{0}\u{0} ftypisom") { #expect(status($0) == .cannotCreate) }
        try withFile("d4:infod6:lengthi1e4:name1:aee") { #expect(status($0) == .cannotCreate) }
    }

    @Test("Devices, folders and folders that are missing are refused")
    func strange() {
        #expect(status("/dev/null") == .cannotCreate)
        #expect(status("/tmp") == .cannotCreate)
        #expect(status("/no-such-folder/news.torrent") == .cannotCreate)
        #expect(status("-") == .usage)
    }
}
