// The status line at several widths.

import Console
@testable import Node
import Primitives
import Testing

private func watching() -> WatchStatus {
    var status = WatchStatus()
    status.state = .playing
    status.name = "news"
    status.lag = .seconds(0.9)
    status.buffer = .seconds(0.4)
    status.swarm.down = ByteRate(bitsPerSecond: 1.6e6)
    status.swarm.up = ByteRate(bitsPerSecond: 1.1e6)
    status.swarm.hops = 2...2
    status.swarm.peers = (0..<7).map { number in
        PeerStatus(
            endpoint: "192.0.2.\(number):6881", down: .zero, downloaded: 0, uploaded: 0,
            outgoing: true, isSource: false, feeds: 0, fed: 0)
    }
    return status
}

@Suite("The status line")
struct StatusLineTests {
    let line = watching().line(isUnicode: true)

    @Test("A wide terminal shows everything")
    func wide() {
        #expect(
            line.fitted(to: 200)
                == "news  LIVE  0.9 s behind  buffer 0.4 s  ▼ 1.6 Mbit/s (7 peers)  ▲ 1.1 Mbit/s"
                + "  hops 2  stalls 0")
    }

    @Test("80 columns lose what matters least")
    func usual() {
        #expect(
            line.fitted(to: 80)
                == "news  LIVE  0.9 s behind  buffer 0.4 s  ▼ 1.6 Mbit/s (7 peers)  ▲ 1.1 Mbit/s")
    }

    @Test("40 columns show where it stands")
    func narrow() {
        #expect(line.fitted(to: 40) == "news  LIVE  0.9 s behind  ▼ 1.6 Mbit/s")
    }

    @Test("No width is exceeded, whatever the name")
    func everyWidth() {
        var status = watching()
        for name in ["news", "новости дня", "ニュース番組の長い名前です", "e\u{301}\u{301}", "\u{1B}[2J"] {
            status.name = name
            let line = status.line(isUnicode: true)
            for width in 0...120 {
                let text = line.fitted(to: width)
                #expect(columns(text) <= width)
                #expect(!text.contains("\u{1B}"))
            }
        }
    }

    @Test("Colours take no room")
    func colors() {
        let text = line.fitted(to: 80, color: true)
        #expect(text.contains("\u{1B}[32mLIVE\u{1B}[0m"))
        #expect(columns(line.fitted(to: 80)) <= 80)
    }

    @Test("Without Unicode there are words for arrows")
    func ascii() {
        #expect(
            watching().line(isUnicode: false).fitted(to: 60)
                == "news  LIVE  0.9 s behind  down 1.6 Mbit/s (7 peers)")
    }

    @Test("A silent source and clocks that differ are told")
    func oddities() {
        var status = watching()
        status.lag = .seconds(-3)
        #expect(status.line(isUnicode: true).fitted(to: 200).contains("clocks differ by 3.0 s"))
        status.silence = .seconds(12)
        #expect(status.line(isUnicode: true).fitted(to: 200).contains("source silent for 12 s"))
    }

    @Test("Before it plays there is no lag to tell")
    func connecting() {
        var status = WatchStatus()
        status.name = "news"
        #expect(
            status.line(isUnicode: true).fitted(to: 200)
                == "news  CONNECTING  buffer 0.0 s  ▼ 0 bit/s (0 peers)  ▲ 0 bit/s  stalls 0")
    }

    @Test("A broadcast shows its copies and its time")
    func broadcasting() {
        var status = BroadcastStatus()
        status.hasInput = true
        status.bitrate = ByteRate(bitsPerSecond: 1.5e6)
        status.streamBytes = 1000
        status.swarm.uploaded = 2100
        status.swarm.up = ByteRate(bitsPerSecond: 3.1e6)
        let after = Interval.seconds(725)
        #expect(
            status.line(name: "news", after: after, isUnicode: true).fitted(to: 200)
                == "news  ON AIR  1.5 Mbit/s  ▲ 3.1 Mbit/s (0 peers)  copies 2.1  12 min 5 s")
        status.hasInput = false
        #expect(
            status.line(name: "news", after: after, isUnicode: true).fitted(to: 30)
                == "news  NO INPUT  1.5 Mbit/s")
    }
}
