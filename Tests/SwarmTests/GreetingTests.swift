import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A swarm engine meets neighbours")
struct GreetingTests {
    @Test("and says what it holds, that it serves and that it wants")
    func viewer() {
        var rig = Rig()
        #expect(
            rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1)))
                == ["1: have none", "1: greet", "1: unchoke", "1: interested"])
    }

    @Test("and wants nothing as a source")
    func source() {
        var rig = Rig(.source)
        #expect(
            rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1)))
                == ["1: have none", "1: greet", "1: unchoke"])
    }

    @Test("and sends a newcomer the records since the newest key frame")
    func welcome() {
        var rig = Rig(.source)
        rig.publish(0...6)
        #expect(
            rig.meet(1, outgoing: false)
                == ["1: have none", "1: greet", "1: unchoke", "1: records 3"])
    }

    @Test("and closes those that do not speak live")
    func notLive() {
        var rig = Rig()
        _ = rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1)))
        #expect(
            rig.tell(.extensionsReceived(PeerHandle(1), ExtensionHandshake()))
                == ["1: close, notLive"])
    }

    @Test("and does not keep itself")
    func itself() {
        var rig = Rig()
        #expect(
            rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1, id: 100)))
                == ["1: close, ourselves"])
        #expect(!rig.tell(.discovered([Rig.endpoint(1)])).contains { $0.hasPrefix("dial") })
    }

    @Test(
        "and keeps of two connections the one that the smaller name opened",
        arguments: [
            // Our name is 100.
            (other: UInt8(50), newIsOutgoing: false, keepsNew: true),
            (other: 50, newIsOutgoing: true, keepsNew: false),
            (other: 150, newIsOutgoing: true, keepsNew: true),
            (other: 150, newIsOutgoing: false, keepsNew: false),
        ] as [(other: UInt8, newIsOutgoing: Bool, keepsNew: Bool)])
    func duplicate(other: UInt8, newIsOutgoing: Bool, keepsNew: Bool) {
        var rig = Rig()
        let old = Rig.introduction(1, id: other, at: 1, outgoing: !newIsOutgoing)
        let new = Rig.introduction(2, id: other, at: 1, outgoing: newIsOutgoing)
        _ = rig.tell(.peerJoined(PeerHandle(1), old))
        let lines = rig.tell(.peerJoined(PeerHandle(2), new))
        #expect(lines.first == (keepsNew ? "1: close, duplicate" : "2: close, full"))
        #expect(rig.engine.peers.count == 1)
    }

    @Test("and takes a second connection of the same kind when the first has gone silent")
    func silentDuplicate() {
        var rig = Rig()
        _ = rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1)))
        rig.now = rig.now + .milliseconds(3100)
        let lines = rig.tell(.peerJoined(PeerHandle(2), Rig.introduction(2, id: 1, at: 1)))
        #expect(lines.first == "1: close, duplicate")
    }

    @Test("and lets nobody take a neighbour's place by its name from elsewhere")
    func sameName() {
        var rig = Rig()
        _ = rig.tell(.peerJoined(PeerHandle(1), Rig.introduction(1)))
        rig.now = rig.now + .seconds(4)
        let lines = rig.tell(.peerJoined(PeerHandle(2), Rig.introduction(2, id: 1)))
        #expect(!lines.contains { $0.contains("close") })
    }

    @Test("and takes no more than it has room for, nor too many from one address")
    func full() {
        var rig = Rig(.viewer) { $0.maxPeers = 2 }
        rig.meet(1)
        rig.meet(2)
        #expect(rig.meet(3) == ["3: close, full"])

        var other = Rig(.viewer) { $0.maxPeersPerAddress = 1 }
        other.meet(1)
        let twin = Introduction(endpoint: Rig.endpoint(1), id: Rig.id(9), outgoing: false)
        #expect(other.tell(.peerJoined(PeerHandle(2), twin)) == ["2: close, full"])
    }

    @Test("and closes one that says nothing for half a minute")
    func silent() {
        var rig = Rig()
        rig.meet(1)
        _ = rig.tell(.discovered([]))
        #expect(!rig.wait(.seconds(29)).contains("1: close, silent"))
        #expect(rig.wait(.seconds(3)).contains("1: close, silent"))
    }

    @Test("and dials as many as it wants of those it hears of")
    func dials() {
        var rig = Rig(.viewer) {
            $0.targetPeers = 3
            $0.maxDialing = 2
        }
        let lines = rig.tell(.discovered((1...9).map { Rig.endpoint($0) }))
        #expect(lines.count { $0.hasPrefix("dial") } == 2)
        #expect(rig.wait(.milliseconds(600)).count { $0.hasPrefix("dial") } == 0)
    }
}
