#include "llm/members.h"
