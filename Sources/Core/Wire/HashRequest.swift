// What the messages of BEP 52 about hashes name: a stretch of one layer of a file's tree, and how
// far up it is to be proved. Whether there is such a stretch is for others to say.

package import Pieces
package import Primitives

/// What a hash request asks for; an answer and a refusal repeat it (BEP 52).
package struct HashRequest: Hashable, Sendable {
    /// The length of its fields in bytes.
    static let length = 48

    /// The root of the file's tree (`pieces root`).
    package var root: SHA256Digest
    /// The layer of the hashes, counted from the leaves.
    package var baseLayer: UInt32
    /// The first hash.
    package var index: UInt32
    /// How many hashes.
    package var count: UInt32
    /// How many layers above to prove.
    package var proofLayers: UInt32

    /// The request for `range` of the tree under `root`.
    package init(root: SHA256Digest, _ range: MerkleRange) {
        self.root = root
        baseLayer = UInt32(clamping: range.layer)
        index = UInt32(clamping: range.index)
        count = UInt32(clamping: range.count)
        proofLayers = UInt32(clamping: range.proofLayers)
    }

    /// The request in the 48 bytes at `offset`, which must lie within the span.
    init?(_ bytes: Span<UInt8>, at offset: Int) {
        guard let root = Bytes32(bytes, at: offset) else { return nil }
        self.root = SHA256Digest(root)
        baseLayer = bytes.word(at: offset + 32)
        index = bytes.word(at: offset + 36)
        count = bytes.word(at: offset + 40)
        proofLayers = bytes.word(at: offset + 44)
    }

    /// What it names, where the numbers are those of a hash request.
    package var range: MerkleRange? {
        MerkleRange(
            layer: Int(baseLayer), index: Int(index), count: Int(count),
            proofLayers: Int(proofLayers))
    }

    func encode(into out: inout [UInt8]) {
        root.value.append(to: &out)
        for field in [baseLayer, index, count, proofLayers] { out.append(bigEndian: field) }
    }
}

extension HashRequest: CustomStringConvertible {
    package var description: String {
        "\(baseLayer):\(index)+\(count)^\(proofLayers) of \(hex(Array(root.value.bytes.prefix(4))))"
    }
}
