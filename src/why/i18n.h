/* SPDX-License-Identifier: MIT
 *
 * Text that is translated where it is used. xgettext finds it through tr(), as it finds through
 * N_() (mark.h) what stands in a table.
 */
#ifndef WHY_WHY_I18N_H
#define WHY_WHY_I18N_H

#include "base/mark.h"
#include "whysocket/explain.h"

/* `text` in that language. The attribute lets the compiler check a format through it; that the
 * translation takes the same arguments is checked by msgfmt. */
__attribute__((format_arg(2))) static inline const char *tr(enum why_lang lang, const char *text) {
    return why_translate(lang, text);
}

#endif
