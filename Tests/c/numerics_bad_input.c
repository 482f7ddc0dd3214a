/* Every function of chapters 8 to 14 with what no caller should pass: NULL for each pointer in turn, arrays and structs
 * that were never initialised, types, ranks and extents that do not exist, shapes whose size overflows; then with the
 * n-th allocation refused for every n. An error with a message, never a trap, and nothing lost. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "numerics_table.h"

/* The call must fail with a message. */
static void refused(const entry *e, slots *s, const char *what, int which)
{
    const apus_status status = e->call(s);
    if (status <= APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL || !apus_last_error(context)[0])
        complain(e, what, which, status);
}

static int is_optional(const entry *e, int pointer) { return strchr(e->optional, '0' + pointer) != NULL && pointer < 10; }

static void the_table_is_right(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        fill(&work, &table[f], context);
        const apus_status status = table[f].call(&work);
        if (status) complain(&table[f], "as it should be", 0, status);
    }
    for (int m = 0; m < MINIMIZERS; m++) {
        fill(&work, &table[0], context);
        method = minimizers[m];
        OK(context, call_minimize(&work));
    }
    method = NULL;
}

static void every_function_refuses_a_null_context(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        fill(&work, &table[f], NULL);
        const apus_status status = table[f].call(&work);
        if (status != APUS_E_INVALID_ARGUMENT) complain(&table[f], "no context", 0, status);
    }
}

static void every_pointer_may_be_null(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int pointer = 0; pointer < e->pointers; pointer++) {
            fill(&work, e, context);
            work.nulled = pointer;
            const apus_status status = e->call(&work);
            const apus_status expected = is_optional(e, pointer) ? APUS_OK : APUS_E_INVALID_ARGUMENT;
            if (status != expected || (status && !apus_last_error(context)[0])) complain(e, "NULL pointer", pointer, status);
        }
    }
}

static void structs_without_their_size_are_refused(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        if (e->has_struct) {
            fill(&work, e, context);
            work.raw = 1;
            refused(e, &work, "struct", 0);
        }
        for (int k = 0; e->arrays[k]; k++) {
            fill(&work, e, context);
            work.array[k].struct_size = 0;
            refused(e, &work, "struct_size of array", k);
        }
    }
}

static void arrays_that_cannot_be_are_refused(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int k = 0; e->arrays[k]; k++) {
            if (is_view(e, k)) continue;
            for (int fault = 0; fault < 9; fault++) {
                static const char *const faults[] = { "dtype 0 of array", "dtype 99 of array", "ndim -1 of array",
                                                      "ndim 9 of array", "extent -1 of array", "size overflow of array",
                                                      "byte overflow of array", "stride overflow of array",
                                                      "flags of array" };
                fill(&work, e, context);
                apus_array *a = &work.array[k];
                if (a->ndim == 0 && (fault == 4 || fault == 7)) continue;
                switch (fault) {
                case 0: a->dtype = 0; break;
                case 1: a->dtype = 99; break;
                case 2: a->ndim = -1; break;
                case 3: a->ndim = 9; break;
                case 4: a->shape[0] = -1; break;
                case 5:
                    a->ndim = 3;
                    for (int i = 0; i < 3; i++) a->shape[i] = INT64_C(1) << 40;
                    break;
                case 6:
                    a->ndim = 1;
                    a->shape[0] = INT64_MAX;
                    break;
                case 7:
                    a->flags = APUS_ARRAY_STRIDED;
                    a->strides[0] = INT64_MIN;
                    break;
                default: a->flags = 0x80000000u;
                }
                refused(e, &work, faults[fault], k);
            }
        }
    }
}

/* Whether an array may come without memory: gradients and products that are not wanted, directions that are zero. */
static int may_lack_memory(const entry *e, int k)
{
    return (e->call == call_expression_gradient && k == 2) || (e->call == call_expression_hessian_product && k > 0);
}

/* Arrays of another rank, of no elements, without memory, or of numbers that are not finite: any answer but a defect. */
static void strange_arrays_are_survived(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int k = 0; e->arrays[k]; k++) {
            if (is_view(e, k)) continue;
            for (int kind = 0; kind < 8; kind++) {
                static const double strange[] = { NAN, INFINITY, -INFINITY, DBL_MAX, 4.9e-324 };
                fill(&work, e, context);
                apus_array *a = &work.array[k];
                switch (kind) {
                case 0: a->ndim = 0; break;
                case 1:
                    for (int i = 0; i < a->ndim; i++) a->shape[i] = 0;
                    break;
                case 2: a->data = NULL; break;
                default:
                    if (a->dtype == APUS_FLOAT64)
                        for (int i = 0; i < ROOM; i++) work.memory[k][i] = strange[kind - 3];
                }
                const apus_status status = e->call(&work);
                if (status < APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL ||
                    (kind == 2 && status == APUS_OK && !may_lack_memory(e, k)))
                    complain(e, kind == 2 ? "array without memory" : "strange array", 10 * k + kind, status);
            }
        }
    }
}

static counting memory;

static int64_t refuse_each(const entry *e, apus_context *counted)
{
    int64_t n = 1;
    for (; n < 10000; n++) {
        const int64_t live = memory.live, bytes = memory.bytes, refused_before = memory.refused;
        fill(&work, e, counted);
        memory.calls = 0;
        memory.refuse_at = n;
        const apus_status status = e->call(&work);
        memory.refuse_at = 0;
        if (memory.live != live || memory.bytes != bytes) {
            check_failures++;
            printf("    apus_%s: refusing allocation %lld loses %lld blocks\n", e->name, (long long)n,
                   (long long)(memory.live - live));
        }
        if (memory.refused == refused_before) {
            if (status) complain(e, "after refusals", (int)n, status);
            break;
        }
        if (status != APUS_OK && status != APUS_E_OUT_OF_MEMORY) complain(e, "refused allocation", (int)n, status);
    }
    CHECK(n < 10000);
    return n - 1;
}

static void allocations_that_fail_lose_nothing(void)
{
    int64_t total = 0;
    counting_init(&memory);
    apus_context *counted = new_context(2, &memory.allocator);
    for (int f = 0; f < FUNCTIONS; f++) total += refuse_each(&table[f], counted);
    for (int m = 0; m < MINIMIZERS; m++) {
        static const entry minimise = ENTRY(minimize, "", 6, "45", 1);
        method = minimizers[m];
        total += refuse_each(&minimise, counted);
    }
    method = NULL;
    apus_context_free(counted);
    CHECK(memory.live == 0 && memory.bytes == 0 && memory.mismatches == 0);
    CHECK(total > 50);
    printf("    %lld allocations, each refused once\n", (long long)total);
}

int main(void)
{
    BEGIN("numerics_bad_input");
    context = new_context(1, NULL);
    RUN(the_table_is_right);
    RUN(every_function_refuses_a_null_context);
    RUN(every_pointer_may_be_null);
    RUN(structs_without_their_size_are_refused);
    RUN(arrays_that_cannot_be_are_refused);
    RUN(strange_arrays_are_survived);
    RUN(allocations_that_fail_lose_nothing);
    apus_context_free(context);
    return END();
}
