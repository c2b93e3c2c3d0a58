/* SPDX-License-Identifier: MIT */
#include "bench/plot.h"

#include "bench/report.h"
#include "conform/markup.h"

#include <math.h>

enum {
    WIDTH = 720,
    HEIGHT = 300,
    LEFT = 70,
    RIGHT = 12,
    TOP = 30,
    BOTTOM = 44,
    TICKS_WANTED = 5,
};

/* From values to where they are drawn. */
struct frame {
    const struct bench_plot *plot;
    double x_min, x_max, y_min, y_max; /* after spread_x() and spread_y() */
};

/* 0.9 is 1, 0.99 is 2, 0.999 is 3. */
static double spread_x(const struct bench_plot *plot, double x) {
    return plot->is_percentiles ? -log10(1 - x) : x;
}

static double spread_y(const struct bench_plot *plot, double y) {
    return plot->is_time ? log10(y < 1 ? 1 : y) : y;
}

static double place_x(const struct frame *frame, double spread) {
    return LEFT + (spread - frame->x_min) / (frame->x_max - frame->x_min) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct frame *frame, double spread) {
    return HEIGHT - BOTTOM -
           (spread - frame->y_min) / (frame->y_max - frame->y_min) * (HEIGHT - TOP - BOTTOM);
}

/* The round step, 1, 2 or 5 by a power of ten, that parts `range` into about as many as wanted. */
static double step_of(double range) {
    double rough = range / TICKS_WANTED;
    double power = pow(10, floor(log10(rough)));
    double times = rough / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static struct frame frame_of(const struct bench_plot *plot) {
    struct frame frame = {.plot = plot,
                          .x_min = plot->is_percentiles ? spread_x(plot, plot->x[0]) : 0,
                          .x_max = spread_x(plot, plot->x[plot->count - 1]),
                          .y_min = plot->is_time ? INFINITY : 0};
    for (size_t l = 0; l < plot->line_count; l++) {
        for (size_t i = 0; i < plot->count; i++) {
            double y = spread_y(plot, plot->lines[l].y[i]);
            /* A slot without a reply has no latency. */
            bool is_there = !plot->is_time || plot->lines[l].y[i] > 0;
            frame.y_min = is_there && y < frame.y_min ? y : frame.y_min;
            frame.y_max = y > frame.y_max ? y : frame.y_max;
        }
    }
    frame.y_min = isfinite(frame.y_min) ? floor(frame.y_min) : 0;
    double step = plot->is_time ? 1 : step_of(frame.y_max > 0 ? frame.y_max : 1);
    frame.y_max = ceil(frame.y_max / step) * step;
    frame.y_max = frame.y_max > frame.y_min ? frame.y_max : frame.y_min + step;
    frame.x_max = frame.x_max > frame.x_min ? frame.x_max : frame.x_min + 1;
    return frame;
}

/* ---- Axes ---- */

static void append_y_tick(const struct frame *frame, double spread, struct why_text *text) {
    double at = place_y(frame, spread);
    why_text_append(text,
                    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"y\" x=\"%d\" "
                    "y=\"%.1f\">",
                    LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4);
    if (frame->plot->is_time) {
        bench_time_append(pow(10, spread), text);
    } else {
        why_text_append(text, "%.10g", spread);
    }
    why_text_append(text, "</text>\n");
}

static void append_x_tick(const struct frame *frame, double spread, struct why_text *text) {
    double at = place_x(frame, spread);
    why_text_append(text,
                    "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text class=\"x\" x=\"%.1f\" "
                    "y=\"%d\">",
                    at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 16);
    if (frame->plot->is_percentiles) {
        why_text_append(text, "%.10g %%", 100 * (1 - pow(10, -spread)));
    } else {
        why_text_append(text, "%.10g", spread);
    }
    why_text_append(text, "</text>\n");
}

static void append_axes(const struct frame *frame, struct why_text *text) {
    double y_step = frame->plot->is_time ? 1 : step_of(frame->y_max - frame->y_min);
    double x_step = frame->plot->is_percentiles ? 1 : step_of(frame->x_max - frame->x_min);
    for (int i = 0; frame->y_min + i * y_step <= frame->y_max + y_step / 1000; i++) {
        append_y_tick(frame, frame->y_min + i * y_step, text);
    }
    double first = ceil(frame->x_min / x_step) * x_step;
    for (int i = 0; first + i * x_step <= frame->x_max + x_step / 1000; i++) {
        append_x_tick(frame, first + i * x_step, text);
    }
    why_text_append(text, "<text class=\"x\" x=\"%d\" y=\"%d\">", (LEFT + WIDTH - RIGHT) / 2,
                    HEIGHT - 8);
    conform_markup_append(text, frame->plot->x_name);
    why_text_append(text, "</text>\n");
}

/* ---- Lines ---- */

static void append_line(const struct frame *frame, const struct bench_line *line,
                        struct why_text *text) {
    const struct bench_plot *plot = frame->plot;
    bool is_down = false;
    why_text_append(text, "<path class=\"line %s\" d=\"", line->style);
    for (size_t i = 0; i < plot->count; i++) {
        if (plot->is_time && line->y[i] <= 0) {
            is_down = false;
            continue;
        }
        why_text_append(text, "%c%.1f %.1f", is_down ? 'L' : 'M',
                        place_x(frame, spread_x(plot, plot->x[i])),
                        place_y(frame, spread_y(plot, line->y[i])));
        is_down = true;
    }
    why_text_append(text, "\"/>\n");
}

static void append_legend(const struct bench_plot *plot, struct why_text *text) {
    int x = LEFT;
    for (size_t i = 0; i < plot->line_count; i++) {
        const struct bench_line *line = &plot->lines[i];
        why_text_append(text, "<path class=\"line %s\" d=\"M%d 14h24\"/><text x=\"%d\" y=\"18\">",
                        line->style, x, x + 30);
        conform_markup_append(text, line->name);
        why_text_append(text, "</text>\n");
        x += 180;
    }
}

void bench_plot_append(const struct bench_plot *plot, struct why_text *text) {
    if (plot->count < 2) {
        return;
    }
    struct frame frame = frame_of(plot);
    why_text_append(text, "<figure><figcaption>");
    conform_markup_append(text, plot->title);
    why_text_append(text, "</figcaption><svg role=\"img\" viewBox=\"0 0 %d %d\"", WIDTH, HEIGHT);
    conform_attribute_append(text, "aria-label", plot->title);
    why_text_append(text, ">\n");
    append_axes(&frame, text);
    for (size_t i = 0; i < plot->line_count; i++) {
        append_line(&frame, &plot->lines[i], text);
    }
    append_legend(plot, text);
    why_text_append(text, "</svg></figure>\n");
}
