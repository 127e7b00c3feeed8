// The checksum of the state file: finds damage, proves nothing against intent.

/// CRC-32 as in IEEE 802.3 and zlib, bit by bit: the few bytes of a state need no table.
func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~crc
}
