#!/bin/sh
# The gates watched: tools/check_style and tools/check_layers find each kind of breach in a small tree made for it, and
# nothing in its decent part. Speaks TAP.
set -eu
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tools" "$tree/src/rt" "$tree/src/wire"
cp "$tools/check_style" "$tools/check_layers" "$tree/tools"
cd "$tree"
git init -q .

cat >src/rt/good.h <<'C'
/* A manual. */
#pragma once
int nap(int ms) MAY_YIELD;
int long_head(int a,
              int b) MAY_YIELD;
struct ops {
    int (*pull)(void *x) MAY_YIELD;
    int (*push)(void *x);
};
C
cat >src/rt/good.c <<'C'
/* An essay. */
#include "rt/good.h"

#include <stdlib.h>

static int loud(struct ops *o) MAY_YIELD
{
    o->push("strcpy(a, b) nap(1)"); /* nap(1) sprintf( */
    return nap(1) + o->pull(o);
}

static void main_of_task(void *arg)
{
    (void)loud(arg);
}

void start(void)
{
    task_spawn(main_of_task,
               NULL);
}

int long_head(int a,
              int b)
{
    strcpy(a, b); /* style: both are ours */
    return nap(a);
}
C
"$tree/tools/check_style" >out 2>&1 && "$tree/tools/check_layers" >>out 2>&1 && echo "ok 1 - decent files pass" || { sed 's/^/# /' out; echo "not ok 1 - decent files pass"; }

{
    printf '#include "gate/up.h"\n#include "wire/sibling.h"\n#include <llhttp.h>\n\n'
    printf 'static int quiet(void)\n{\n    return nap(1);\n}\n\n'
    printf 'static int through(struct ops *o)\n{\n    return o->pull(o) + atoi("1");\n}\n\n'
    printf '/* TODO */\nstatic int ctx;\nstatic void *grab(void)\n{\n    secret_expose(0);\n    return malloc(1);\n}\n\n'
    printf 'static void endless(void)\n{\n'
    i=0
    while [ $i -lt 70 ]; do
        printf '    step();\n'
        i=$((i + 1))
    done
    printf '}\n'
} >src/rt/bad.c
printf 'int x;\n' >src/rt/bad.h
printf '/* An essay. */\n#include <llhttp.h>\n' >src/wire/other.c
awk 'BEGIN { print "/* An essay. */"; for (i = 0; i < 800; i++) print "int x;" }' >src/wire/long.c

"$tree/tools/check_style" >out 2>&1 && echo "# check_style said yes" >>out
"$tree/tools/check_layers" >>out 2>&1 && echo "# check_layers said yes" >>out
n=1
finds() {
    n=$((n + 1))
    if grep -q "$1" out; then echo "ok $n - finds: $1"; else
        sed 's/^/# /' out
        echo "not ok $n - finds: $1"
    fi
}
finds 'bad.c:7: quiet calls nap, which may yield'
finds 'bad.c:12: through calls pull, which may yield'
finds 'bad.c:12: atoi: unsafe'
finds 'bad.c:15: unfinished'
finds 'bad.c:16: a name that says nothing'
finds 'bad.c:19: secret_expose'
finds 'bad.c:20: malloc: memory'
finds 'bad.c:23: endless has 73 lines'
finds 'bad.c:1: no essay'
finds 'bad.h:1: a header begins'
finds 'long.c:801: file of more than 800'
finds 'bad.c:1: rt/ must not include gate/up.h'
finds 'bad.c:2: rt/ must not include wire/sibling.h'
finds '<llhttp.h> belongs to'
n=$((n + 1))
if grep -q 'said yes' out; then echo "not ok $n - a breach fails"; else echo "ok $n - a breach fails"; fi
echo "1..$n"
