/* SPDX-License-Identifier: MIT
 *
 * whysocket: the table of commands.
 */
#include "whysocket/version.h"

#include <stdio.h>

int main(void) {
    printf("whysocket %s\n", why_version());
    return 0;
}
