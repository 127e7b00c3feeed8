// SHA-1 of eight messages of one length side by side. Keeps nothing, and allocates nothing.
//
// A processor has one narrow unit for SHA-1 and several wide ones for vectors: on a Xeon with
// AVX-512 this brings 3.4 GB/s (2.0 by AVX2 alone), the SHA instructions 1.1, for two messages at
// a time too. libcrypto does this for TLS alone, and does not let others at it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SHA1_LANES 8

// Whether this processor has what `sha1_lanes` is made of (AVX2).
int sha1_lanes_work(void);

// Whether eight messages side by side should cost less than half of them one after another in
// libcrypto: where rotations and three-input logic of AVX-512 are there, or no SHA instructions.
// Measured on that Xeon alone; for other processors it is what their instructions suggest. (In
// debug builds it costs four times as much, and is done all the same: what is tested is what runs.)
int sha1_lanes_pay(void);

// The SHA-1 (FIPS 180-4) of each of eight messages of `length` bytes, 20 bytes each. Only where
// `sha1_lanes_work`. `plainly` is for tests: by AVX2 alone, whatever the processor has.
void sha1_lanes(const uint8_t *const messages[SHA1_LANES], size_t length, uint8_t *digests,
                int plainly);
