/* The dialect of Google's generateContent, as AI Studio (v1beta) and Vertex speak it
 * (https://ai.google.dev/api/generate-content).
 *
 * Model and stream are in the path, not in the body. The files by what they do: members (both
 * spellings of a name), part and put (parts and blocks), request and config (reading requests),
 * contents, tools and write (writing them), reply (whole answers), stream (reading streams),
 * encode (writing them), args (arguments in pieces), ground (sources), words (reasons and counts),
 * error. */
#include "llm/dialect_gemini.h"

const struct codec dialect_gemini = {
    .read_request = gemini_read_request,
    .write_request = gemini_write_request,
    .read_message = gemini_read_message,
    .read_reply = gemini_read_reply,
    .write_event = gemini_write_event,
    .write_reply = gemini_write_reply,
    .read_error = gemini_read_error,
    .write_error = gemini_write_error,
};
