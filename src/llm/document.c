/* Which codec serves which purpose. */
#include "llm/document.h"

const struct document_codec *document_codec_of(enum purpose purpose)
{
    switch (purpose) {
    case PURPOSE_EMBED:
        return &document_embed;
    case PURPOSE_RERANK:
        return &document_rerank;
    case PURPOSE_COUNT:
        return &document_count;
    case PURPOSE_IMAGE:
        return &document_image;
    case PURPOSE_GENERATE:
    case PURPOSE_MODERATE:
    case PURPOSE_IMAGE_EDIT:
    case PURPOSE_IMAGE_VARY:
    case PURPOSE_SPEAK:
    case PURPOSE_TRANSCRIBE:
    case PURPOSE_INTERPRET:
        break;
    }
    return NULL;
}
