#include "llm/event.h"
