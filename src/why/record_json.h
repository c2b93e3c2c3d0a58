/* SPDX-License-Identifier: MIT
 *
 * Parts of the close record as JSON.
 */
#ifndef WHY_WHY_RECORD_JSON_H
#define WHY_WHY_RECORD_JSON_H

#include "why/json.h"
#include "whysocket/record.h"

/* The members "tls" and "tcp". */
void why__record_json_tls(struct why__json *json, const struct why_record *record);

#endif
