import Pieces
import Primitives
import Testing

@testable import Storage

private let digest = SHA256Digest(Bytes32())

private func makeJournal(step: Int, next: UInt32 = 100) throws -> StateJournal {
    var settings = StateJournalSettings()
    settings.step = step
    return StateJournal(try makeState(next: next, isClean: true), settings: settings)
}

extension StateJournal {
    /// Asks for the write that is due at `end`: the number it reserves, or nil.
    fileprivate mutating func ask(_ end: UInt32) -> UInt32? {
        due(PieceIndex(end), last: digest)?.next.value
    }
}

@Suite("A state journal")
struct StateJournalTests {
    @Test("permits nothing before its first write, then writes when half of a step is used")
    func steps() throws {
        var journal = try makeJournal(step: 16)
        #expect(!journal.permits(PieceIndex(101)))
        #expect(journal.ask(101) == 117)
        #expect(!journal.permits(PieceIndex(101)))
        #expect(journal.ask(101) == nil)
        journal.written()
        #expect(journal.permits(PieceIndex(117)))
        #expect(!journal.permits(PieceIndex(118)))
        #expect(journal.ask(109) == nil)
        #expect(journal.ask(110) == 126)
        #expect(journal.permits(PieceIndex(117)))
        journal.written()
        #expect(journal.permits(PieceIndex(126)))
    }

    @Test("reserves enough for a backlog that is longer than a step")
    func backlog() throws {
        var journal = try makeJournal(step: 4)
        #expect(journal.ask(150) == 154)
        journal.written()
        #expect(journal.permits(PieceIndex(150)))
    }

    @Test("asks again after a write that failed, and permits nothing on its account")
    func failure() throws {
        var journal = try makeJournal(step: 16)
        #expect(journal.ask(101) == 117)
        journal.failed()
        #expect(!journal.permits(PieceIndex(101)))
        #expect(journal.ask(101) == 117)
    }

    @Test("with a step of nothing writes for every record and skips no number")
    func everyRecord() throws {
        var journal = try makeJournal(step: 0)
        for end in 101..<110 as Range<UInt32> {
            #expect(!journal.permits(PieceIndex(end)))
            #expect(journal.ask(end) == end)
            journal.written()
            #expect(journal.permits(PieceIndex(end)))
            #expect(journal.ask(end) == nil)
        }
    }

    @Test("marks what it reserves as not exact, and the end as exact")
    func cleanliness() throws {
        var journal = try makeJournal(step: 16)
        let due = journal.due(PieceIndex(101), last: digest)
        let reservation = try #require(due)
        #expect(!reservation.isClean)
        journal.written()
        let final = journal.final(next: PieceIndex(107), last: digest)
        #expect(final.isClean)
        #expect(final.next == PieceIndex(107))
        #expect(final.epoch == reservation.epoch)
    }

    @Test("never lets a restart use a number again, wherever the process is killed")
    func kills() throws {
        var random = SeededRandom(seed: 9)
        var disk = try makeState(next: 0, isClean: true)
        var published: UInt32 = 0
        for _ in 0..<300 {
            var settings = StateJournalSettings()
            settings.step = Int.random(in: 0...20, using: &random)
            let skipped = Int(disk.first.value) - Int(published)
            #expect(skipped >= 0, "a number would be used again")
            #expect(skipped <= 20 + 16 + 1, "skips more than needed")
            var journal = StateJournal(disk, settings: settings)
            var next = disk.first.value
            var pending: ChannelState?
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                let end = next + UInt32.random(in: 1...16, using: &random)
                pending = pending ?? journal.due(PieceIndex(end), last: digest)
                if let state = pending, Bool.random(using: &random) {
                    disk = state
                    pending = nil
                    journal.written()
                }
                guard journal.permits(PieceIndex(end)) else { continue }
                next = end
                published = end
            }
        }
    }
}
