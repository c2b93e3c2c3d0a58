/* SPDX-License-Identifier: MIT
 *
 * cmocka, with the headers that it needs first.
 */
#ifndef WHY_TEST_TEST_H
#define WHY_TEST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define TEST_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
