/* SPDX-License-Identifier: MIT
 *
 * Turn a file into a C source that holds it: `const uint8_t SYMBOL[]` and `const size_t
 * SYMBOL_len`. A tool of the build, run on the machine that builds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(const char *path) {
    fprintf(stderr, "embed: %s: %s\n", path, strerror(errno));
    return 1;
}

static void write_source(FILE *input, FILE *output, const char *symbol) {
    fprintf(output, "#include <stddef.h>\n#include <stdint.h>\n\n");
    fprintf(output, "extern const uint8_t %s[];\nextern const size_t %s_len;\n\n", symbol, symbol);
    fprintf(output, "const uint8_t %s[] = {", symbol);
    size_t len = 0;
    for (int byte = fgetc(input); byte != EOF; byte = fgetc(input), len++) {
        fprintf(output, "%s0x%02x,", len % 16 == 0 ? "\n    " : " ", (unsigned)byte);
    }
    /* One more than the file has: C knows no empty array, and text is terminated this way. */
    fprintf(output, "\n    0x00,\n};\nconst size_t %s_len = %zu;\n", symbol, len);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: embed SYMBOL INPUT OUTPUT\n");
        return 2;
    }
    FILE *input = fopen(argv[2], "rb");
    if (input == NULL) {
        return fail(argv[2]);
    }
    FILE *output = fopen(argv[3], "wb");
    if (output == NULL) {
        fclose(input);
        return fail(argv[3]);
    }
    write_source(input, output, argv[1]);
    int status = ferror(input) ? fail(argv[2]) : 0;
    fclose(input);
    int broken = ferror(output);
    broken |= fclose(output);
    return broken ? fail(argv[3]) : status;
}
