#include "llm/chat.h"
