/* The gemini dialect on anything: see codec.h. */
#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return codec_any(DIALECT_GEMINI, data, size);
}
