/* SPDX-License-Identifier: MIT
 *
 * Plots as inline SVG: lines over an axis of time or of percentiles. They need no script, and take
 * their colours from the page.
 */
#ifndef WHY_BENCH_PLOT_H
#define WHY_BENCH_PLOT_H

#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>

struct bench_line {
    const char *name;  /* its legend; translated */
    const char *style; /* class of report.css: "one", "two", "three" */
    const double *y;
};

struct bench_plot {
    const char *title;  /* for who cannot see it; translated */
    const char *x_name; /* under the axis; translated */
    const double *x;    /* seconds; or shares below 1 */
    size_t count;
    bool is_percentiles; /* x is spread by nines: 0, 90, 99, 99.9 % */
    bool is_time;        /* y is nanoseconds, on a logarithmic axis; else a number from 0 */
    const struct bench_line *lines;
    size_t line_count;
};

/* Nothing where there are fewer than two points. */
void bench_plot_append(const struct bench_plot *plot, struct why_text *text);

#endif
