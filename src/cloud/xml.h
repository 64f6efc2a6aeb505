/* As much XML as AWS's answers need: the content of an element found by its name. Pure.
 *
 * Not a validating reader, and none for documents of unknown make: no namespaces, no entities but
 * the predefined and numeric ones, document types ignored. Linear in the length of the text. */
#pragma once

#include "base/arena.h"
#include "base/defs.h"
#include "base/str.h"

/* What stands between the tags of the first element `name` in xml, at any depth; further elements
 * are found in it in turn. False: there is none, or it does not end. */
bool xml_find(str xml, str name, str *inner);
/* The same as text: trimmed, references resolved, CDATA taken as it is. S_EMPTY when absent. */
str xml_text(struct arena *a, str xml, str name);
