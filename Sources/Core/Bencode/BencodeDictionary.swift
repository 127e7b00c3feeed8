// The dictionary of bencode: keys are raw bytes, kept sorted as raw bytes, each once (BEP 3).
// A sorted array, because the dictionaries of the protocol are small and order is their encoding.

/// Values by key, in the order in which bencode writes them.
package struct BencodeDictionary: Hashable, Sendable {
    /// A key and its value.
    package struct Entry: Hashable, Sendable {
        /// The raw bytes of the key.
        package let key: [UInt8]
        /// What the key stands for.
        package var value: BencodeValue

        /// The value `value` under `key`.
        package init(key: [UInt8], value: BencodeValue) {
            self.key = key
            self.value = value
        }
    }

    /// The entries, sorted by the raw bytes of their keys, each key once.
    package private(set) var entries: [Entry] = []

    /// An empty dictionary.
    package init() {}

    /// The values of `pairs`; of two for one key the later counts.
    package init(_ pairs: [(String, BencodeValue)]) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The entries of a decoder, which has already put them in order.
    init(sorted entries: [Entry]) { self.entries = entries }

    /// The number of keys.
    package var count: Int { entries.count }

    /// Whether there is no key.
    package var isEmpty: Bool { entries.isEmpty }

    /// The value under the UTF-8 bytes of `key`; setting nil removes it.
    package subscript(key: String) -> BencodeValue? {
        get { self[Array(key.utf8)] }
        set { self[Array(key.utf8)] = newValue }
    }

    /// The value under the raw bytes `key`; setting nil removes it.
    package subscript(key: [UInt8]) -> BencodeValue? {
        get {
            let at = position(of: key)
            return isEntry(at, key) ? entries[at].value : nil
        }
        set {
            let at = position(of: key)
            switch (isEntry(at, key), newValue) {
            case (true, let value?): entries[at].value = value
            case (true, nil): entries.remove(at: at)
            case (false, let value?): entries.insert(Entry(key: key, value: value), at: at)
            case (false, nil): break
            }
        }
    }

    private func isEntry(_ at: Int, _ key: [UInt8]) -> Bool {
        at < entries.count && entries[at].key == key
    }

    /// Where the first key that is not below `key` stands.
    private func position(of key: [UInt8]) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].key.lexicographicallyPrecedes(key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}

extension BencodeDictionary: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, BencodeValue)...) { self.init(elements) }
}
