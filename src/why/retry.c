/* SPDX-License-Identifier: MIT
 *
 * Whether connecting again has a point.
 */
#include "whysocket/explain.h"

/* The cause knows more than the code (1015 is a certificate or a cable). Where it leaves the
 * question open, because the peer closed with a code of its choice, the code answers. */
enum why_retry why_record_retry(const struct why_record *record) {
    enum why_retry retry = why_cause_info(record->cause)->retry;
    return retry == WHY_RETRY_DEPENDS ? why_code_info(record->code)->retry : retry;
}
