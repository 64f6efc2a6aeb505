/* Ollama's two dialects on anything: see codec.h. The first byte says which of them. */
#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum dialect_id id = data[0] == 'g' ? DIALECT_OLLAMA_TEXT : DIALECT_OLLAMA;
    return codec_any(id, data + 1, size - 1);
}
