/* What the dialects' files share: naming what a dialect has no place for, tools and arguments in
 * their common forms, and the bound on what a request may need.
 *
 * A client is told of a loss by the name it used itself: top_k is "top_k" to one, and
 * "generationConfig.topK" to another. The names stand in carry.def, one row per setting. Pure. */
#pragma once

#include "llm/chat.h"
#include "llm/dialect.h"
#include "llm/loss.h"
#include "wire/json.h"

/* Settings of a chat. */
enum setting {
#define SETTING(name, openai, anthropic, gemini, bedrock, cohere, ollama) SETTING_##name,
#include "llm/carry.def"
#undef SETTING
    SETTING_COUNT
};
#define SETTING_BIT(name) (UINT64_C(1) << SETTING_##name)

/* The client's name for it. */
str setting_name(const struct chat *c, enum setting s);
void setting_lost(struct writing *w, const struct chat *c, enum loss_verb verb, enum setting s);
/* Notes every setting of the chat that is not among `carried` (bits) as dropped, and the members
 * that nobody here reads. Refuses what cannot be left out without changing what the answer is: more
 * answers than one, and state that only the provider asked before has. */
NODISCARD int settings_carry(struct writing *w, const struct chat *c, enum dialect_id target,
                             uint64_t carried);

/* `text`, unless it is a number below `low` or above `high`: then the bound, noted as clamped. */
str setting_clamp(struct writing *w, const struct chat *c, enum setting s, str text, str low,
                  str high);

/* The stop texts of another dialect's chat as a list, `most` of them: what is more is noted as
 * clamped, and empty ones as dropped, as there are engines which find one in any text. */
void stop_put(struct writing *w, struct json_writer *json, const char *key, const struct chat *c,
              size_t most);

/* A call's arguments as a JSON object: a free-text call as {"input": text}; nothing as {}; text
 * that is no JSON object as {"_raw_arguments": text}, noted as emulated when `loss` is not NULL.
 * `a` is used for the duration. */
void call_put_object(struct json_writer *w, const char *key, struct arena *a,
                     const struct tool_call *call, struct losses *loss);
/* The minified text of a value; S_EMPTY for NULL, and when the arena has no room for it. */
str json_text(struct arena *a, const struct json *v);

/* Tools in OpenAI's form, {type: function, function: {name, description, parameters}}, of dialects
 * that know no other kind. What the intermediate form would lose stands in t->verbatim. */
NODISCARD int function_read(struct reading *r, const struct json *v, struct chat *c);
/* Writes one; `name` as it is to be written. `is_own`: it came in this dialect, `target`. */
NODISCARD int function_put(struct writing *w, struct json_writer *json, const struct tool *t,
                           enum dialect_id target, bool is_own);
/* Is the tool offered, if a choice that the dialect cannot say is made by leaving others out? */
bool function_is_chosen(const struct tool_choice *choice, const struct tool *t);

/* The free text of a custom tool's call towards dialects that know objects only, {"input": "..."},
 * in pieces as it comes: the first has the beginning, and FREE_TEXT_END ends it. */
str free_text_piece(struct arena *a, str text, bool is_first);
#define FREE_TEXT_END "\"}"

/* An arena's end is no place to find out that a list from outside was too long: these refuse before
 * it, for `bytes` more and for everything that a writer makes per block. */
NODISCARD int reading_check_room(struct reading *r, size_t bytes);
NODISCARD int writing_check_room(struct writing *w, const struct chat *c);
