/* SPDX-License-Identifier: MIT
 *
 * What why__utf8's `state` says.
 */
#ifndef WHY_BASE_UTF8_STATE_H
#define WHY_BASE_UTF8_STATE_H

/* Between two bytes of a character: which bytes may follow (Unicode 15, table 3-7). */
enum why__utf8_state {
    WHY__UTF8_BETWEEN,
    WHY__UTF8_WANT_1, /* 80..BF */
    WHY__UTF8_WANT_2,
    WHY__UTF8_WANT_3,
    WHY__UTF8_AFTER_E0, /* A0..BF, then WHY__UTF8_WANT_1 */
    WHY__UTF8_AFTER_ED, /* 80..9F, then WHY__UTF8_WANT_1 */
    WHY__UTF8_AFTER_F0, /* 90..BF, then WHY__UTF8_WANT_2 */
    WHY__UTF8_AFTER_F4, /* 80..8F, then WHY__UTF8_WANT_2 */
    WHY__UTF8_REJECT,
};

#endif
