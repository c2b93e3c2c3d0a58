/* SPDX-License-Identifier: MIT
 *
 * Memory that is ours and for now nobody's: the address sanitizer is told so.
 */
#ifndef WHY_NET_POISON_H
#define WHY_NET_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

#endif
