/* SPDX-License-Identifier: MIT
 *
 * The defaults, safe untouched.
 */
#include "whysocket/options.h"

struct why_options why_options_default(const struct why_host *host) {
    return (struct why_options){
        .struct_size = sizeof(struct why_options),
        .host = host,
        .message_len_max = UINT64_C(16) << 20,
        .send_queue_max = (size_t)1 << 20,
        .control_rate_max = 1000,
        .deflate = true,
        .deflate_window_bits = 15,
        .deflate_level = 6,
        .deflate_memory_level = 8,
        .deflate_len_min = 64,
        .head_len_max = 8192,
        .head_lines_max = 64,
        .target_len_max = 4096,
        .name_timeout_ms = 10000,
        .connect_timeout_ms = 10000,
        .tls_timeout_ms = 10000,
        .request_timeout_ms = 10000,
        .upgrade_timeout_ms = 10000,
        .ping_interval_ms = 30000,
        .pong_timeout_ms = 20000,
        .close_timeout_ms = 5000,
    };
}
