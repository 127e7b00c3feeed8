// SHA-1 (FIPS 180-4) of two messages of one length at a time. The instructions for it wait for each
// other within a message, not between two: both take 1.2 times the time of one.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The digests of the `count` bytes at `first` and of as many at `second`, 20 bytes each.
///
/// False, and nothing is written, where the processor has no instructions for SHA-1.
bool sha1_pair(const uint8_t *first, const uint8_t *second, size_t count, uint8_t *first_digest,
               uint8_t *second_digest);
