/* The dialects' numbers, from dialect.def; what a dialect is stands in llm/dialect.h. */
#pragma once

enum dialect_id {
    DIALECT_NONE,
#define DIALECT(ident, name, codec, framing, blocks, names, urls) DIALECT_##ident,
#include "llm/dialect.def"
#undef DIALECT
    DIALECT_COUNT
};
