// Elementwise operations: their numbers, and what a kernel is told.
#ifndef APUS_ELEMENTWISE_H
#define APUS_ELEMENTWISE_H

#include <stdint.h>

// Two numbers to a number.
#define APUS_OP_ADD 1
#define APUS_OP_SUBTRACT 2
#define APUS_OP_MULTIPLY 3
#define APUS_OP_DIVIDE 4
#define APUS_OP_POWER 5
#define APUS_OP_MAXIMUM 6
#define APUS_OP_MINIMUM 7
#define APUS_OP_FMAX 8
#define APUS_OP_FMIN 9
#define APUS_OP_REMAINDER 10
#define APUS_OP_FMOD 11
#define APUS_OP_HYPOT 12
#define APUS_OP_ARCTAN2 13
// Two numbers to a truth.
#define APUS_OP_EQUAL 20
#define APUS_OP_NOT_EQUAL 21
#define APUS_OP_LESS 22
#define APUS_OP_LESS_EQUAL 23
#define APUS_OP_GREATER 24
#define APUS_OP_GREATER_EQUAL 25
#define APUS_OP_LOGICAL_AND 26
#define APUS_OP_LOGICAL_OR 27
#define APUS_OP_LOGICAL_XOR 28
// A number to a truth.
#define APUS_OP_ISNAN 30
#define APUS_OP_ISINF 31
#define APUS_OP_ISFINITE 32
#define APUS_OP_LOGICAL_NOT 33
// A number to a number.
#define APUS_OP_NEGATIVE 40
#define APUS_OP_ABSOLUTE 41
#define APUS_OP_SIGN 42
#define APUS_OP_SQUARE 43
#define APUS_OP_SQRT 44
#define APUS_OP_CBRT 45
#define APUS_OP_RECIPROCAL 46
#define APUS_OP_EXP 47
#define APUS_OP_EXP2 48
#define APUS_OP_EXPM1 49
#define APUS_OP_LOG 50
#define APUS_OP_LOG2 51
#define APUS_OP_LOG10 52
#define APUS_OP_LOG1P 53
#define APUS_OP_SIN 54
#define APUS_OP_COS 55
#define APUS_OP_TAN 56
#define APUS_OP_ARCSIN 57
#define APUS_OP_ARCCOS 58
#define APUS_OP_ARCTAN 59
#define APUS_OP_SINH 60
#define APUS_OP_COSH 61
#define APUS_OP_TANH 62
#define APUS_OP_ARCSINH 63
#define APUS_OP_ARCCOSH 64
#define APUS_OP_ARCTANH 65
#define APUS_OP_FLOOR 66
#define APUS_OP_CEIL 67
#define APUS_OP_TRUNC 68
#define APUS_OP_RINT 69
#define APUS_OP_SIGMOID 70
#define APUS_OP_ERF 71
#define APUS_OP_ERFC 72
#define APUS_OP_GAMMALN 73

// Rows of elements: out = operation(a, b, c), as many operands as the operation has; the others are whatever. Within a
// row elements are neighbours, or, with a step of 0, one element stands for the whole row. Rows lie any number of bytes
// apart. `out` may be an input (exactly, not shifted).
typedef struct apus_elements {
    int64_t rows, columns;
    const void *_Nonnull a, *_Nonnull b, *_Nonnull c;
    void *_Nonnull out;
    int64_t a_row, b_row, c_row, out_row;
    int64_t a_step, b_step, c_step;  // 1 or 0
} apus_elements;

#endif
