// Text on terminals and in shells, and what a terminal can show.

import Console
import Testing

@Suite("Terminals")
struct TerminalTests {
    @Test(
        "What could steer a terminal or deceive a reader is made visible",
        arguments: [
            ("news", "news"), ("новости ▲", "новости ▲"),
            ("a\u{1B}]0;x\u{7}", "a\\u{1B}]0;x\\u{7}"),
            ("a\u{202E}gpj", "a\\u{202E}gpj"), ("\u{9B}31m", "\\u{9B}31m"),
            ("a\r\nb", "a\\u{D}\\u{A}b"), ("zero\u{200B}width", "zero\\u{200B}width"),
            ("न\u{94D}\u{200D}", "न\u{94D}\u{200D}"), ("\u{E0041}", "\\u{E0041}"),
        ] as [(String, String)])
    func escapes(text: String, shown: String) {
        #expect(escaped(text) == shown)
    }

    @Test("Wide characters take two columns, marks none")
    func widths() {
        #expect(columns("abc") == 3)
        #expect(columns("日本") == 4)
        #expect(columns("e\u{301}") == 1)
        #expect(fitted("日本語放送", columns: 6) == "日本…")
        #expect(fitted("abc", columns: 3) == "abc")
        #expect(fitted("abc", columns: 0) == "")
    }

    @Test(
        "Words are quoted for a shell where they need it",
        arguments: [
            ("./news.torrent", "./news.torrent"), ("my film", "'my film'"), ("", "''"),
            ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'"), ("новости.torrent", "новости.torrent"),
        ] as [(String, String)])
    func quotes(word: String, quoted: String) {
        #expect(shellQuoted(word) == quoted)
    }

    @Test("Drawing over a line needs a terminal that can, and colours a wish for them")
    func capabilities() {
        let usual = Environment(["TERM": "xterm", "LANG": "en_GB.UTF-8"])
        let terminal = Terminal(usual, isTerminal: true)
        #expect(terminal.canRedraw && terminal.hasColor && terminal.isUnicode)
        #expect(!Terminal(usual, isTerminal: false).canRedraw)
        #expect(!Terminal(usual, isTerminal: false).hasColor)
        let dumb = Terminal(Environment(["TERM": "dumb"]), isTerminal: true)
        #expect(dumb.isInteractive && !dumb.canRedraw && !dumb.hasColor && !dumb.isUnicode)
        let plain = Terminal(
            Environment(["TERM": "xterm", "NO_COLOR": "1"]), isTerminal: true)
        #expect(plain.canRedraw && !plain.hasColor)
        let locale = Environment(["TERM": "xterm", "LANG": "en_GB.UTF-8", "LC_ALL": "C"])
        #expect(!Terminal(locale, isTerminal: true).isUnicode)
    }

    @Test("JSON keeps its order, escapes what it must, and has no infinite numbers")
    func json() {
        let value: JSON = [
            "schema": 1, "a": "\"\\\n\u{1B}", "b": [true, .null], "c": .number(.infinity),
            "d": .number(0.5), "e": "\u{1F4FA}\u{202E}",
        ]
        #expect(
            value.encoded
                == #"{"schema":1,"a":"\"\\\n\u001b","b":[true,null],"c":null,"d":0.5,"#
                + "\"e\":\"\u{1F4FA}\\u202e\"}")
    }
}
