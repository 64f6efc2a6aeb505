/* Annotations and log probabilities of the gemini dialect, both ways, and the maps of texts that
 * turn places in bytes into places in code points. */
#pragma once

#include "base/buf.h"
#include "llm/dialect_gemini.h"

#define GROUNDING_MAX (32u << 10) /* bytes kept of each list until the end of an answer */

/* Where the characters of more than one byte stand in a text that is gone. */
struct text_map {
    struct buf marks; /* full: places are unknown */
    size_t bytes;
    size_t gap; /* characters of one byte since the last mark */
};
void text_map_init(struct text_map *m);
void text_map_fini(struct text_map *m);
void text_map_reset(struct text_map *m); /* for another text */
void text_map_add(struct text_map *m, str text);
int64_t text_map_point(const struct text_map *m, int64_t byte); /* -1: unknown */
int64_t text_map_byte(const struct text_map *m, int64_t point); /* -1: unknown */
int64_t text_map_end(const struct text_map *m);                 /* in code points */

/* The candidate's groundingMetadata and citationMetadata, of the part with this number (-1: of all
 * of them) and the text that the map is of. `base` is subtracted from places. */
struct annotation *gemini_annotations(struct arena *a, const struct json *candidate, int64_t part,
                                      const struct text_map *map, int64_t base);

/* groundingMetadata on its way out. Annotations that are too many are left out. */
struct grounding {
    struct buf chunks, supports; /* elements and commas */
    int64_t n;
};
void grounding_init(struct grounding *g);
void grounding_fini(struct grounding *g);
/* `base` is added to places; `part`: see above. */
void grounding_add(struct grounding *g, const struct annotation *n, int64_t part,
                   const struct text_map *map, int64_t base);
void grounding_put(struct json_writer *j, const struct grounding *g);

/* logprobsResult as OpenAI's array of tokens; NULL: there is none. And back. */
const struct json *gemini_logprobs_read(struct arena *a, const struct json *result);
void gemini_logprobs_put(struct json_writer *j, const struct json *list);
