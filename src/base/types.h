/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed-width integers and the handful of macros every room uses. */
#ifndef SKEP_BASE_TYPES_H
#define SKEP_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MIN INT32_MIN
#define S32_MAX INT32_MAX
#define S64_MIN INT64_MIN
#define S64_MAX INT64_MAX

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, n) (((x) + (n) - 1) / (n) * (n))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define HOT __attribute__((hot))
#define COLD __attribute__((cold))

/* Truncations that are meant: greppable where a plain cast is not. */
static inline u32 u32_of(u64 x) { return (u32)x; }
static inline s32 s32_of(u64 x) { return (s32)(u32)x; }
/* The sign-extended immediate as the instruction set sees it. */
static inline u64 imm_u64(s32 imm) { return (u64)(s64)imm; }

/* errno 524: what Linux returns for an operation an object does not have. */
#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#endif
