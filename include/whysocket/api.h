/* SPDX-License-Identifier: MIT
 *
 * Marks of the public interface: what is exported, and what a caller may not ignore.
 */
#ifndef WHY_API_H
#define WHY_API_H

#define WHY_API __attribute__((visibility("default")))
#define WHY_MUST_USE __attribute__((warn_unused_result))

#ifdef __cplusplus
#define WHY_BEGIN_DECLS extern "C" {
#define WHY_END_DECLS }
#else
#define WHY_BEGIN_DECLS
#define WHY_END_DECLS
#endif

#endif
