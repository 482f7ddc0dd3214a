/* table.h: reads a CSV file of numbers, with one header line, for the examples. */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct table {
    int64_t rows, columns;
    double *values; /* row by row */
} table;

/* Quotes around a number are skipped. Says what is wrong on stderr and returns 0 then; the caller frees values. */
static int table_read(table *t, const char *path)
{
    char line[4096];
    size_t capacity = 0, count = 0;
    FILE *file = fopen(path, "r");

    memset(t, 0, sizeof *t);
    if (!file || !fgets(line, sizeof line, file)) {
        fprintf(stderr, "cannot read %s\n", path);
        if (file) fclose(file);
        return 0;
    }
    t->columns = 1;
    for (const char *c = line; *c; c++) t->columns += *c == ',';
    while (fgets(line, sizeof line, file)) {
        char *at = line;
        for (int64_t column = 0; column < t->columns; column++) {
            char *end;
            double value;
            if (*at == '"') at++;
            value = strtod(at, &end);
            if (end == at) {
                fprintf(stderr, "%s: row %lld, column %lld is not a number\n", path, (long long)t->rows + 1,
                        (long long)column + 1);
                goto failed;
            }
            at = end + (*end == '"');
            if (*at == ',') at++;
            if (count == capacity) {
                double *grown = realloc(t->values, (capacity = capacity ? 2 * capacity : 4096) * sizeof *grown);
                if (!grown) goto failed;
                t->values = grown;
            }
            t->values[count++] = value;
        }
        t->rows++;
    }
    fclose(file);
    return 1;
failed:
    fclose(file);
    free(t->values);
    memset(t, 0, sizeof *t);
    return 0;
}

#endif
