/* What an exchange leaves behind: one wide log event and its metrics. */
#pragma once

#include "gate/exchange.h"

/* Notes the end of an attempt at a provider. */
void observe_attempt(const struct attempt *t);
/* Writes the log event and counts everything; once per exchange, at its end. */
void observe_end(const struct exchange *x);
