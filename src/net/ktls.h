/* SPDX-License-Identifier: MIT
 *
 * kTLS: the kernel makes the TLS records of what a socket sends. Receiving is not its business
 * here.
 */
#ifndef WHY_NET_KTLS_H
#define WHY_NET_KTLS_H

#include "tls/tls.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whether this kernel has it, in a module that is loaded. */
bool why__ktls_is_there(void);

/* Let the kernel make the records of `fd` from now on. The keys are wiped. */
enum why__tls_taker why__ktls_begin(int fd, struct why__tls_sending *sending);

/* Whether the kernel takes new keys for a socket that has some: Linux 6.14 and later. */
bool why__ktls_can_renew(int fd);

/* Exchange them, after a KeyUpdate has been sent. They are wiped. False, with errno. */
bool why__ktls_renew(int fd, struct why__tls_sending *sending);

/* Send a record that is no data, whole or not at all: its length, or -1 with errno. */
ssize_t why__ktls_send(int fd, const struct why__tls_control *control);

/* Whether all that the kernel has taken is with TCP, or will be once the next record is: what it
 * cannot hand on it keeps, and shutdown() would cut that off. */
bool why__ktls_has_room(int fd);

#endif
