// SHA-1 of eight messages of one length side by side. Keeps nothing, and allocates nothing.
//
// A processor works at one SHA-1 for most of its time without work for its units: each round waits
// for the one before. libcrypto does this for TLS alone, and does not let others at it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SHA1_LANES 8

// Whether this processor has what `sha1_lanes` is made of (AVX2).
int sha1_lanes_work(void);

// Whether eight messages side by side cost less than half of them one after another in libcrypto:
// where rotations and three-input logic of AVX-512 are there, or no SHA instructions. (In debug
// builds it costs four times as much, and is done all the same: what is tested is what runs.)
int sha1_lanes_pay(void);

// The SHA-1 (FIPS 180-4) of each of eight messages of `length` bytes, 20 bytes each. Only where
// `sha1_lanes_work`. `plainly` is for tests: by AVX2 alone, whatever the processor has.
void sha1_lanes(const uint8_t *const messages[SHA1_LANES], size_t length, uint8_t *digests,
                int plainly);
