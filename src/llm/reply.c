#include "llm/reply.h"
