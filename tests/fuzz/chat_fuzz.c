/* OpenAI's chat completions and the dialects made of them on anything: see codec.h. The first byte
 * chooses among the three. */
#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dialect_id ids[] = {DIALECT_CHAT, DIALECT_OPENROUTER, DIALECT_COMPLETIONS};
    return size == 0 ? 0 : codec_any(ids[data[0] % ARRAY_LEN(ids)], data + 1, size - 1);
}
