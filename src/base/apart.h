/* SPDX-License-Identifier: MIT
 *
 * WHY__APART keeps a function out of the one that calls it: a short way saves no registers and
 * makes no room on the stack for the long one beside it.
 */
#ifndef WHY_BASE_APART_H
#define WHY_BASE_APART_H

#define WHY__APART __attribute__((noinline))

#endif
