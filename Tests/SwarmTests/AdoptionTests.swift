import Primitives
import Testing

@testable import Swarm

@Suite("A node's children")
struct AdoptionTests {
    /// A node that passes on the stripes 0 and 1 of 4, with children as `peer@stripe`; an
    /// asterisk marks those who pass on what they get.
    private func decide(
        _ stripe: Int, passesOn: Bool, children: String, hasRoom: Bool = true
    ) -> String {
        let feeds = children.split(separator: " ").map { child in
            let parts = child.split(separator: "@")
            return Nursery.Feed(
                peer: PeerHandle(Int(parts[0]) ?? 0),
                stripe: Int(parts[1].prefix(1)) ?? 0, passesOn: child.hasSuffix("*"))
        }
        let nursery = Nursery(
            feeds: feeds, inner: [true, true, false, false], fanOut: 2, hasRoom: hasRoom)
        switch Adoption.decide(passesOn: passesOn, stripe: stripe, in: nursery) {
        case .adopt: return "adopt"
        case .refuse: return "refuse"
        case .replace(let peer, let stripe): return "\(peer.slot)@\(stripe)"
        }
    }

    @Test("are as many as there is room for")
    func room() {
        #expect(decide(0, passesOn: false, children: "1@0") == "adopt")
        #expect(decide(2, passesOn: false, children: "1@0") == "adopt")
        #expect(decide(2, passesOn: false, children: "1@2 2@2") == "refuse")
        #expect(decide(2, passesOn: true, children: "1@0", hasRoom: false) == "refuse")
    }

    @Test("make way, if they are leaves, for one that passes on")
    func leaves() {
        #expect(decide(0, passesOn: false, children: "1@0 2@0") == "refuse")
        #expect(decide(0, passesOn: true, children: "1@0 2@0") == "2@0")
        #expect(decide(0, passesOn: true, children: "1@0 2@0*") == "1@0")
        #expect(decide(0, passesOn: true, children: "1@0* 2@0*") == "refuse")
    }

    @Test("make way in stripes that the node does not pass on")
    func otherStripes() {
        #expect(decide(0, passesOn: false, children: "1@2* 2@1", hasRoom: false) == "1@2")
        #expect(decide(0, passesOn: false, children: "2@1", hasRoom: false) == "refuse")
        #expect(decide(0, passesOn: true, children: "2@1", hasRoom: false) == "2@1")
    }
}

@Suite("The stripes that a node passes on")
struct InnerStripesTests {
    /// Stripes as `depth/children`, `-` for not fed, an asterisk for those passed on before, after a
    /// plus how many neighbours pass them on.
    private func inner(_ stripes: String, count: Int = 2) -> [Int] {
        let stands = stripes.split(separator: " ").map { word in
            let parts = word.split(whereSeparator: { "/+".contains($0) })
            return StripeStand(
                depth: UInt8(parts[0]) ?? ParentPolicy.unfed,
                children: Int(parts[1].prefix(1)) ?? 0, isInner: parts[1].hasSuffix("*"),
                passers: parts.count > 2 ? Int(parts[2]) ?? 0 : 0)
        }
        let chosen = InnerStripes.choose(stands, count: count) { Double($0) / 100 }
        return chosen.indices.filter { chosen[$0] }
    }

    @Test("are those where it is near the source")
    func near() { #expect(inner("3/0 1/0 -/0 2/0") == [1, 3]) }

    @Test("stay those where it has children")
    func children() { #expect(inner("4/4 3/0 -/0 2/3") == [0, 3]) }

    @Test("do not change for a single hop")
    func steady() {
        #expect(inner("3/0* 3/0* 2/0 2/0") == [0, 1])
        #expect(inner("3/0* 3/0* 1/0 1/0") == [2, 3])
    }

    @Test("are those that few neighbours pass on, where the node is fed in them")
    func shortage() {
        #expect(inner("3/0*+6 3/0*+6 3/0+1 3/0+6") == [0, 2])
        #expect(inner("3/0*+6 3/0*+6 -/0+1 3/0+6") == [0, 1])
        #expect(inner("3/0*+6 3/0*+6 3/0+5 3/0+6") == [0, 1])
    }

    @Test("are one more than just hold the feeds")
    func count() {
        #expect(InnerStripes.count(slots: 8, fanOut: 4) == 3)
        #expect(InnerStripes.count(slots: 2, fanOut: 4) == 1)
        #expect(InnerStripes.count(slots: 16, fanOut: 4) == 5)
    }
}

@Suite("An allotment")
struct AllotmentTests {
    @Test("begins full, fills at its rate and holds no more than its depth")
    func bucket() {
        var bucket = Allotment()
        func take(_ count: Int, at second: Double) -> Bool {
            bucket.take(
                count, rate: ByteRate(bytesPerSecond: 100), depth: 200, at: .zero + .seconds(second)
            )
        }
        #expect(take(200, at: 1) == true)
        #expect(take(1, at: 1) == false)
        #expect(take(50, at: 1.5) == true)
        #expect(take(201, at: 100) == false)
        #expect(take(200, at: 100) == true)
    }
}
