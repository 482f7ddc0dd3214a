/* arrangements.c: views of memory that copy nothing, and arrays joined, picked, sorted and summed along the way.
 *
 * Each figure has a second way to it, beside which it is printed.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void compare(const char *what, double expected, double found, double tolerance)
{
    const int good = fabs(found - expected) <= tolerance;
    failures += !good;
    printf("  %-52s %12.7f  %12.7f  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text) { printf("\n%s\n  %-52s %12s  %12s\n", text, "", "expected", "found"); }

/* The element of a view of doubles at a place. */
static double at(const apus_array *view, int64_t i, int64_t j)
{
    const char *address = (const char *)view->data + i * view->strides[0] + j * view->strides[1];
    return *(const double *)(const void *)address;
}

/* A week of temperatures, three a day, in one run of memory. */
static double week[21];

static void views(apus_context *context)
{
    static const int64_t days_by_times[2] = { 7, -1 }, ten_copies[3] = { 10, 7, 3 };
    static const int32_t times_first[2] = { 1, 0 };
    apus_array run = APUS_ARRAY_1D(APUS_FLOAT64, week, 21);
    apus_array days = APUS_ARRAY_INIT, times = APUS_ARRAY_INIT, permuted = APUS_ARRAY_INIT;
    apus_array backwards = APUS_ARRAY_INIT, copies = APUS_ARRAY_INIT;
    double sum = 0;

    for (int i = 0; i < 21; i++) week[i] = 15 + 5 * sin(i * 2.1) + 0.1 * i;
    check(context, apus_view_reshape(context, &run, days_by_times, 2, &days), "reshaping");
    check(context, apus_view_transpose(context, &days, &times), "transposing");
    check(context, apus_view_permute(context, &days, times_first, 2, &permuted), "permuting");
    check(context, apus_view_slice(context, &days, 0, INT64_MAX, INT64_MIN, -2, &backwards), "slicing");
    check(context, apus_view_broadcast(context, &days, ten_copies, 3, &copies), "broadcasting");

    heading("Views of a week of temperatures, three a day");
    compare("Tuesday's noon, days by times", week[4], at(&days, 1, 1), 0);
    compare("the same, times by days", week[4], at(&times, 1, 1), 0);
    compare("Sunday's evening by permuted axes", week[20], at(&permuted, 2, 6), 0);
    compare("every other day from the last: the second of them", week[12], at(&backwards, 1, 0), 0);
    check(context, apus_reduce_all(context, "sum", &copies, &sum), "summing");
    for (int i = 0; i < 21; i++) sum -= 10 * week[i];
    compare("ten weeks less ten times one week", 0, sum, 1e-10);
}

static void picking(apus_context *context)
{
    double more[3] = { 10, 20, 30 }, joined[24], sorted[24], taken[3], running[24];
    int64_t place[2], chosen[3] = { 0, 2, -1 };
    double values[2] = { 20, 1000 };
    apus_array parts[2] = { APUS_ARRAY_1D(APUS_FLOAT64, week, 21), APUS_ARRAY_1D(APUS_FLOAT64, more, 3) };
    apus_array all = APUS_ARRAY_1D(APUS_FLOAT64, joined, 24), ordered = APUS_ARRAY_1D(APUS_FLOAT64, sorted, 24);
    apus_array indices = APUS_ARRAY_1D(APUS_INT64, chosen, 3), picked = APUS_ARRAY_1D(APUS_FLOAT64, taken, 3);
    apus_array sums = APUS_ARRAY_1D(APUS_FLOAT64, running, 24), limits = APUS_ARRAY_1D(APUS_FLOAT64, values, 2);
    apus_array places = APUS_ARRAY_1D(APUS_INT64, place, 2);
    int64_t below = 0;
    double total = 0;

    check(context, apus_concatenate(context, parts, 2, 0, &all), "joining");
    check(context, apus_take(context, &all, &indices, 0, &picked), "picking");
    check(context, apus_sort(context, &all, 0, 0, &ordered), "sorting");
    check(context, apus_searchsorted(context, &ordered, &limits, 0, &places), "searching");
    check(context, apus_cumulative(context, "sum", &all, 0, &sums), "running sums");
    for (int i = 0; i < 24; i++) {
        below += joined[i] < 20;
        total += joined[i];
    }

    heading("Joined with three more, picked and sorted");
    compare("the last one, picked with -1", 30, taken[2], 0);
    compare("sorted: how many lie below 20", (double)below, (double)place[0], 0);
    compare("nothing reaches 1000", 24, (double)place[1], 0);
    compare("the last running sum", total, running[23], 1e-12);
}

static void products(apus_context *context)
{
    double a[3] = { 3, 4, 12 }, b[3] = { 1, 2, 2 }, table[9], direction[3], inner = 0;
    apus_array x = APUS_ARRAY_1D(APUS_FLOAT64, a, 3), y = APUS_ARRAY_1D(APUS_FLOAT64, b, 3);
    apus_array outer = APUS_ARRAY_2D(APUS_FLOAT64, table, 3, 3), unit = APUS_ARRAY_1D(APUS_FLOAT64, direction, 3);

    check(context, apus_dot(context, &x, &y, &inner), "inner product");
    check(context, apus_outer(context, &x, &y, &outer), "outer product");
    check(context, apus_unit_vectors(context, &x, 0, &unit), "unit vector");

    heading("Products of (3, 4, 12) and (1, 2, 2)");
    compare("inner", 35, inner, 0);
    compare("the trace of the outer one is the inner one", 35, table[0] + table[4] + table[8], 0);
    compare("(3, 4, 12) / 13, last component", 12.0 / 13, direction[2], 1e-16);
}

int main(void)
{
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    views(context);
    picking(context);
    products(context);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");
    return failures != 0;
}
