// The pieces that have been begun: which of their blocks have come, and who was asked for the
// others. Picks nothing; says where a block that nobody was asked for is.

import Pieces
import Primitives

/// Whom a block was asked of: nobody, or up to three peers.
struct Requesters: Hashable, Sendable {
    private var slots: (Int32, Int32, Int32) = (-1, -1, -1)
    private(set) var count = 0
    /// How many they are at most.
    static let most = 3

    static func == (a: Self, b: Self) -> Bool { a.slots == b.slots }
    func hash(into hasher: inout Hasher) { hasher.combine(count) }

    /// Adds a peer; false where it is there already or there are three.
    mutating func add(_ peer: PeerHandle) -> Bool {
        guard count < Self.most, !contains(peer) else { return false }
        switch count {
        case 0: slots.0 = Int32(peer.slot)
        case 1: slots.1 = Int32(peer.slot)
        default: slots.2 = Int32(peer.slot)
        }
        count += 1
        return true
    }

    /// Takes a peer out; false where it was not there.
    mutating func remove(_ peer: PeerHandle) -> Bool {
        let slot = Int32(peer.slot)
        if slots.0 == slot {
            slots = (slots.1, slots.2, -1)
        } else if slots.1 == slot {
            slots = (slots.0, slots.2, -1)
        } else if slots.2 == slot {
            slots.2 = -1
        } else {
            return false
        }
        count -= 1
        return true
    }

    /// Whether it was asked of `peer`.
    func contains(_ peer: PeerHandle) -> Bool {
        let slot = Int32(peer.slot)
        return slots.0 == slot || slots.1 == slot || slots.2 == slot
    }

    /// The peers.
    var all: [PeerHandle] {
        [slots.0, slots.1, slots.2].filter { $0 >= 0 }.map { PeerHandle(Int($0)) }
    }
}

/// A block of a piece that has been begun.
struct OpenBlock: Sendable {
    /// Whom it was asked of and has not come from.
    var asked = Requesters()
    /// Who sent it, by the serial number of the connection; 0 while it has not come.
    var sender: UInt32 = 0
    /// Whether it was asked of a peer that has not answered our handshake.
    var isPromised = false

    /// Whether it has come.
    var isHere: Bool { sender != 0 }
    /// Whether nobody was asked for it.
    var isFree: Bool { sender == 0 && asked.count == 0 && !isPromised }
}

/// A piece that has been begun.
struct OpenPiece: Sendable {
    /// The piece.
    let piece: PieceIndex
    /// Its blocks.
    var blocks: [OpenBlock]
    /// How many of them are free, and how many have not come.
    var free: Int
    var missing: Int
    /// No block before this one is free.
    var hint = 0
    /// Asked whole of this peer alone, since others sent it wrong.
    var only: PeerHandle?

    init(piece: PieceIndex, blockCount: Int) {
        self.piece = piece
        blocks = Array(repeating: OpenBlock(), count: blockCount)
        free = blockCount
        missing = blockCount
    }

    /// Whether nobody is asked for anything of it, though blocks are missing.
    var isIdle: Bool { missing > 0 && missing == free }

    /// The first free block.
    mutating func firstFree() -> Int? {
        guard free > 0 else { return nil }
        while hint < blocks.count, !blocks[hint].isFree { hint += 1 }
        return hint < blocks.count ? hint : nil
    }
}

/// All pieces that have been begun, in places that stay theirs until they are whole.
struct OpenPieces: Sendable {
    /// The pieces by their places; those without a piece are nil.
    private(set) var places: [OpenPiece?] = []
    private var unused: [Int] = []
    /// The place of each piece of the torrent; -1 where it has not been begun.
    private var place: [Int32]
    /// The places of pieces with free blocks, the oldest first; some have none any more.
    private(set) var withFree: [Int] = []
    /// How many pieces there are.
    private(set) var count = 0

    init(pieceCount: Int) { place = Array(repeating: -1, count: pieceCount) }

    /// Where `piece` is, if it has been begun.
    func place(of piece: PieceIndex) -> Int? {
        let found = place[Int(piece.value)]
        return found < 0 ? nil : Int(found)
    }

    /// The piece at a place that is in use.
    subscript(at: Int) -> OpenPiece? { places[at] }

    /// Begins a piece of `blockCount` blocks; answers its place.
    mutating func open(_ piece: PieceIndex, blockCount: Int) -> Int {
        put(OpenPiece(piece: piece, blockCount: blockCount))
    }

    /// Goes on with a piece that was whole, of which some blocks are to come anew.
    mutating func reopen(_ whole: OpenPiece, without wrong: [Int]) {
        var it = whole
        for number in wrong { it.blocks[number] = OpenBlock() }
        (it.free, it.missing, it.hint, it.only) = (wrong.count, wrong.count, 0, nil)
        _ = put(it)
    }

    private mutating func put(_ fresh: OpenPiece) -> Int {
        let piece = fresh.piece
        let at = unused.popLast() ?? places.count
        if at == places.count { places.append(fresh) } else { places[at] = fresh }
        place[Int(piece.value)] = Int32(at)
        withFree.append(at)
        count += 1
        return at
    }

    /// Ends a piece, which is whole or given up; answers what was known of it.
    @discardableResult
    mutating func close(_ piece: PieceIndex) -> OpenPiece? {
        guard let at = place(of: piece) else { return nil }
        let gone = places[at]
        places[at] = nil
        place[Int(piece.value)] = -1
        unused.append(at)
        withFree.removeAll { $0 == at }
        count -= 1
        return gone
    }

    /// The first free block of the piece at a place.
    mutating func firstFree(_ at: Int) -> Int? { places[at]?.firstFree() }

    /// A block is asked of a peer; false where it was before, or has come, or is asked of three.
    mutating func ask(_ at: Int, _ block: Int, _ peer: PeerHandle) -> Bool {
        guard let it = places[at]?.blocks[block], !it.isHere else { return false }
        guard places[at]?.blocks[block].asked.add(peer) == true else { return false }
        if it.isFree { take(at) }
        return true
    }

    /// A free block is kept for a peer that has not answered yet.
    mutating func promise(_ at: Int, _ block: Int) {
        guard places[at]?.blocks[block].isFree == true else { return }
        places[at]?.blocks[block].isPromised = true
        take(at)
    }

    /// A block is kept for nobody any more.
    mutating func unpromise(_ piece: PieceIndex, _ block: Int) {
        guard let at = place(of: piece), places[at]?.blocks[block].isPromised == true
        else { return }
        places[at]?.blocks[block].isPromised = false
        if places[at]?.blocks[block].isFree == true { free(at, block) }
    }

    /// A block that was kept for a peer is asked of it; false where it is not kept.
    mutating func redeem(_ at: Int, _ block: Int, _ peer: PeerHandle) -> Bool {
        guard places[at]?.blocks[block].isPromised == true else { return false }
        places[at]?.blocks[block].isPromised = false
        return places[at]?.blocks[block].asked.add(peer) == true
    }

    private mutating func free(_ at: Int, _ block: Int) {
        places[at]?.free += 1
        let hint = places[at]?.hint ?? 0
        places[at]?.hint = min(hint, block)
        if places[at]?.free == 1 { withFree.append(at) }
    }

    private mutating func take(_ at: Int) {
        places[at]?.free -= 1
        if places[at]?.free == 0 { withFree.removeAll { $0 == at } }
    }

    /// A block is not expected of a peer any more; true where it is free now.
    @discardableResult
    mutating func release(_ piece: PieceIndex, _ block: Int, _ peer: PeerHandle) -> Bool {
        guard let at = place(of: piece), places[at]?.blocks[block].asked.remove(peer) == true,
            places[at]?.blocks[block].isFree == true
        else { return false }
        free(at, block)
        return true
    }

    /// A block has come; answers whom else it was asked of, or nil where it was not missing.
    mutating func arrived(
        _ at: Int, _ block: Int, from peer: PeerHandle, serial: UInt32
    ) -> (others: Requesters, isWhole: Bool)? {
        guard let it = places[at]?.blocks[block], !it.isHere else { return nil }
        if it.isFree { take(at) }
        var others = it.asked
        _ = others.remove(peer)
        places[at]?.blocks[block] = OpenBlock(asked: Requesters(), sender: serial)
        places[at]?.missing -= 1
        return (others, places[at]?.missing == 0)
    }

    /// A block that had come is to come anew; answers who sent it, or nil where it is missing.
    mutating func lose(_ at: Int, _ block: Int) -> UInt32? {
        guard let it = places[at]?.blocks[block], it.isHere else { return nil }
        places[at]?.blocks[block] = OpenBlock()
        places[at]?.missing += 1
        free(at, block)
        return it.sender
    }

    /// Asks for the blocks of a piece of one peer alone.
    mutating func reserve(_ at: Int, for peer: PeerHandle?) { places[at]?.only = peer }

    /// What was to come of a peer alone may come of anybody.
    mutating func unreserve(_ peer: PeerHandle) {
        for at in places.indices where places[at]?.only == peer { places[at]?.only = nil }
    }
}
