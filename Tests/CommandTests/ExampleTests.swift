// The example of a configuration: the one in the program and the one in the repository.

import Console
import Glibc
import Testing

@Suite("The example of a configuration")
struct ExampleTests {
    @Test("The program prints the file of the repository")
    func same() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try smallFile("/\(folder)/config/p2ptv.toml", limit: 1 << 20)
        #expect(String(decoding: bytes, as: UTF8.self) == ConfigFile.example)
    }

    @Test("It explains every setting and sets none")
    func complete() throws {
        let file = try ConfigFile(ConfigFile.example, path: "p2ptv.toml")
        #expect(file.entries.isEmpty)
        for (name, _) in Keys.all {
            #expect(ConfigFile.example.contains(name.variable))
            #expect(ConfigFile.example.contains(name.flag))
        }
    }

    @Test("What it shows in comments is right too")
    func uncommented() throws {
        let text = ConfigFile.example.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in
                let isSetting = line.hasPrefix("#") && !line.hasPrefix("# ") && line.contains(" = ")
                return isSetting ? String(line.dropFirst()) : String(line)
            }.joined(separator: "\n")
        let file = try ConfigFile(text, path: "p2ptv.toml")
        #expect(file.entries.count == Keys.all.count)
        #expect(Settings(Environment([:]), file: file).firstFault() == nil)
    }
}
