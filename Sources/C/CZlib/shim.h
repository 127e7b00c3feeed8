// zlib as Swift sees it: the unpacking of a whole body, since inflateInit2 is a macro.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

// Unpacks `count` bytes of zlib's or gzip's format (RFC 1950, RFC 1952) into `room` bytes at
// `unpacked` and says how many came of it, -1 where there is no room for them, and -2 where they are
// damaged, cut off, or have something behind their end. Their checksum has to be right.
static inline ptrdiff_t zlib_unpack(const uint8_t *packed, size_t count, uint8_t *unpacked,
                                    size_t room) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (count > UINT32_MAX || room > UINT32_MAX) return -1;
    // The largest window, and the format as the first bytes tell.
    if (inflateInit2(&stream, 15 + 32) != Z_OK) return -2;
    stream.next_in = (Bytef *)packed;
    stream.avail_in = (uInt)count;
    stream.next_out = unpacked;
    stream.avail_out = (uInt)room;
    int verdict = inflate(&stream, Z_FINISH);
    ptrdiff_t size = (ptrdiff_t)(room - stream.avail_out);
    int is_full = verdict == Z_BUF_ERROR && stream.avail_out == 0;
    int is_whole = verdict == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    return is_whole ? size : is_full ? -1 : -2;
}
