#include "llm/tool_name.h"
