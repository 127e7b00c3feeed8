// How files are listed: types, order, subtitles, and names that would break a list.

import Testing

@testable import Gateway

private func file(_ index: Int, _ path: String, _ length: Int64 = 1) -> ServedFile {
    ServedFile(index: index, path: path.split(separator: "/").map(String.init), length: length)
}

@Suite("Lists of files") struct ServedFileTests {
    @Test(
        "The ending of a name says what it is",
        arguments: [
            ("a.mkv", "video/x-matroska", .video), ("A.MP4", "video/mp4", .video),
            ("a.ts", "video/mp2t", .video), ("a.b.webm", "video/webm", .video),
            ("a.flac", "audio/flac", .audio), ("a.vtt", "text/vtt; charset=utf-8", .subtitle),
            ("a.srt", "application/x-subrip", .subtitle), ("a.jpg", "image/jpeg", .other),
            ("mkv", "application/octet-stream", .other),
            (".mkv", "application/octet-stream", .other),
            ("a.", "application/octet-stream", .other), ("", "application/octet-stream", .other),
            // Nothing of a stranger's may run in a browser.
            ("a.html", "application/octet-stream", .other),
            ("a.svg", "application/octet-stream", .other),
            ("a.js", "application/octet-stream", .other),
        ] as [(String, String, MediaType.Use)])
    func types(_ name: String, _ type: String, _ use: MediaType.Use) {
        #expect(MediaType(ofFile: name).name == type)
        #expect(MediaType(ofFile: name).use == use)
    }

    @Test("Films come in the order in which people count, and others not at all")
    func order() {
        let names = ["s/e10.mkv", "s/E2.mkv", "s/e2b.mkv", "s/e02a.mkv", "s/x.txt", "a/z.mp3"]
        let files = names.enumerated().map { file($0, $1) }
        let order = files.playable.map { $0.path.joined(separator: "/") }
        #expect(order == ["a/z.mp3", "s/E2.mkv", "s/e02a.mkv", "s/e2b.mkv", "s/e10.mkv"])
    }

    @Test("Digits without end are compared without counting them")
    func digits() {
        let nines = String(repeating: "9", count: 5000)
        #expect(comesBefore("a\(nines)", "a1\(nines)") && !comesBefore("a1\(nines)", "a\(nines)"))
        #expect(!comesBefore("a", "a") && comesBefore("a", "a1") && !comesBefore("a1", "a"))
    }

    @Test("Subtitles belong to the film whose name they begin with, or to the only film")
    func subtitles() {
        let series = [
            file(0, "e1.mkv"), file(1, "e10.mkv"), file(2, "e1.en.srt"), file(3, "Subs/e10.vtt"),
            file(4, "notes.srt"), file(5, "e1.ass"),
        ]
        #expect(series.subtitles(for: series[0]).map(\.index) == [5, 2])
        #expect(series.subtitles(for: series[1]).map(\.index) == [3])
        let film = [file(0, "film.mkv"), file(1, "Subs/2_English.srt"), file(2, "a.mp3")]
        #expect(film.subtitles(for: film[0]).map(\.index) == [1])
        #expect(film.subtitles(for: film[2]).isEmpty)
    }

    @Test("A name is one segment of its address")
    func address() {
        #expect(file(7, "a b%?#é.mkv").address == "/file/7/a%20b%25%3F%23%C3%A9.mkv")
        let odd = ServedFile(index: 0, path: ["x", "../\r\n.mkv"], length: 1)
        #expect(odd.address == "/file/0/..%2F%0D%0A.mkv")
        #expect(GatewayRoute(path: odd.address) == .file(0))
        #expect(ServedFile(index: 2, path: [], length: 0).address == "/file/2/")
    }

    @Test("A playlist names the films and what belongs to them, and names add no lines")
    func playlist() {
        let files = [
            ServedFile(index: 1, path: ["f\nhttp://evil/\u{1b}.mkv"], length: 1),
            file(2, "x.srt"),
        ]
        #expect(
            files.playlist(host: "h:1") == """
                #EXTINF:-1,fhttp://evil/.mkv
                #EXTVLCOPT:input-slave=http://h:1/file/2/x.srt
                http://h:1/file/1/f%0Ahttp%3A%2F%2Fevil%2F%1B.mkv

                """)
    }

    @Test("The list as JSON keeps what names would break")
    func json() {
        let files = [ServedFile(index: 0, path: ["d\"\\", "a\u{7}\u{9b}.ts"], length: 5)]
        #expect(
            files.json
                == #"{"files":[{"index":0,"name":"d\"\\/a\u0007\u009b.ts","length":5,"#
                + #""type":"video/mp2t","path":"/file/0/a%07%C2%9B.ts"}]}"# + "\n")
        #expect([ServedFile]().json == "{\"files\":[]}\n")
    }

    @Test(
        "The number in a path decides",
        arguments: [
            ("/file/0/a.mkv", .file(0)), ("/file/12", .file(12)), ("/file/12/", .file(12)),
            ("/file/12/a/b", .file(12)), ("/file/0012/x", .file(12)), ("/file/", .unknown),
            ("/file", .unknown), ("/file/x", .unknown), ("/file/-1/x", .unknown),
            ("/file/1x/y", .unknown), ("/file//x", .unknown), ("/file/\u{661}/x", .unknown),
            ("/file/9999999999/x", .unknown), ("/file/1\u{0}/x", .unknown),
        ] as [(String, GatewayRoute)])
    func routes(_ path: String, _ route: GatewayRoute) {
        #expect(GatewayRoute(path: path) == route)
    }
}
