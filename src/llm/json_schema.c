#include "llm/json_schema.h"
