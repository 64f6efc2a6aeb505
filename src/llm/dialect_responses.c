/* The OpenAI Responses dialect: its codec. */
#include "llm/dialect_responses.h"

const struct codec dialect_responses = {.read_request = responses_read_request,
                                        .write_request = responses_write_request};
