// libcrypto as Swift sees it: digests, Ed25519, PEM, randomness.
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
