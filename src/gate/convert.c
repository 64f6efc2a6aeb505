/* Translation of the operations that are answered by one document. */
#include "gate/convert.h"

int convert_run(struct exchange *x, const struct request *req)
{
    (void)req;
    return exchange_fail(x, -E_NOT_SUPPORTED,
                         "The provider \"" STR_FMT "\" does not offer " STR_FMT ".",
                         STR_ARG(x->target.provider->id), STR_ARG(x->op->path));
}
