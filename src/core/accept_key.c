/* SPDX-License-Identifier: MIT */
#include "core/accept_key.h"

#include "base/base64.h"
#include "base/sha1.h"

void why__accept_key(struct why_bytes key, char out[WHY__ACCEPT_KEY_LEN]) {
    static const uint8_t guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[WHY__SHA1_SIZE];
    struct why__sha1 sha1;
    why__sha1_init(&sha1);
    why__sha1_add(&sha1, key.data, key.len);
    why__sha1_add(&sha1, guid, sizeof guid - 1);
    why__sha1_finish(&sha1, digest);
    why__base64_encode(digest, sizeof digest, out);
}
