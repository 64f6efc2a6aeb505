/* Pictures, sounds and documents between the forms that dialects give them. Pure; fetching is
 * done elsewhere (gate/fetch.h). */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "llm/chat.h"

/* "data:image/png;base64,...", an http(s) URL, or bare base64: fills source, bytes, mime. base64 is
 * made standard: no white space, '+' and '/', padded. False: neither of them. */
NODISCARD bool media_from_url(struct arena *a, str url, struct media *m);
/* Bare base64, as Ollama and Anthropic send it. False when it is none. */
NODISCARD bool media_from_base64(struct arena *a, str text, str mime, struct media *m);
/* "data:<mime>;base64,<bytes>" of MEDIA_BASE64; the URL itself of MEDIA_URL; else S_EMPTY. */
str media_url(struct arena *a, const struct media *m);
/* What the first bytes say: "image/png", jpeg, gif, webp, "application/pdf", "audio/wav",
 * "audio/mpeg", "audio/ogg", "audio/flac", "video/mp4"; S_EMPTY: not known. The magic wins over a
 * wrong media type. */
str media_sniff(str base64);
/* "png" of "image/png", "docx" of its long name; S_EMPTY: not known. And back. */
str media_extension(str mime);
str media_mime(str extension);
enum media_kind media_kind_of(str mime); /* by its first half; else a document */
