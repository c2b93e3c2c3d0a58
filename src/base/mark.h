/* SPDX-License-Identifier: MIT
 *
 * N_() marks an English text for xgettext and leaves it as it is; why_translate() finds its
 * translation. What reads the same in every language (a client's own error text) is not marked.
 */
#ifndef WHY_BASE_MARK_H
#define WHY_BASE_MARK_H

#define N_(text) (text)

#endif
