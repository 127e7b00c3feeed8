import Metainfo
import Testing

@Suite("A channel's name")
struct ChannelNameTests {
    @Test(
        "is taken as it is where nobody is deceived by it",
        arguments: ["News", "a", "Café ⚽️ TV", "頻道", "می‌خواهم", "../../etc/passwd", "..."])
    func fit(text: String) {
        #expect(ChannelName(text)?.text == text)
        #expect(ChannelName(sanitizing: text).text == text)
    }

    @Test(
        "is refused with control and bidirectional characters, and made harmless on demand",
        arguments: [
            ("a\u{1b}[31mb", "a\u{FFFD}[31mb"), ("a\nb", "a\u{FFFD}b"), ("\u{0}", "\u{FFFD}"),
            ("a\u{202e}gpj.ts", "a\u{FFFD}gpj.ts"), ("x\u{9b}y", "x\u{FFFD}y"),
            ("x\u{2066}y\u{2069}", "x\u{FFFD}y\u{FFFD}"), ("x\u{7f}", "x\u{FFFD}"),
            ("\u{feff}x", "\u{FFFD}x"), ("\u{e0041}", "\u{FFFD}"), ("\r\n", "\u{FFFD}\u{FFFD}"),
            ("", "channel"),
        ])
    func hostile(text: String, harmless: String) {
        #expect(ChannelName(text) == nil)
        #expect(ChannelName(sanitizing: text).text == harmless)
    }

    @Test("is at most 255 bytes, and is cut between characters")
    func length() {
        let fits = String(repeating: "é", count: 127) + "x"
        #expect(ChannelName(fits) != nil)
        #expect(ChannelName(fits + "x") == nil)
        #expect(ChannelName(sanitizing: fits + "é").text == fits)
        let cut = ChannelName(sanitizing: String(repeating: "é", count: 5000)).text
        #expect(cut == String(repeating: "é", count: 127))
    }

    @Test(
        "has a slug that is safe in a URL",
        arguments: [
            ("News", "News"), ("My  Channel 1", "My-Channel-1"), ("Café TV", "Caf-TV"),
            ("../../etc/passwd", "etc-passwd"), ("..", "channel"), (".hidden", "hidden"),
            ("頻道", "channel"), ("a/b?c=d#e%2e&f", "a-b-c-d-e-2e-f"), ("-.-.x.", "x."),
            ("\"><script>", "script"), ("a_b.c-d", "a_b.c-d"), ("- - -", "channel"),
        ])
    func slug(text: String, slug: String) {
        #expect(ChannelName(sanitizing: text).slug == slug)
    }
}
