#include "llm/dialect.h"
