#include "rt/net_listen.c"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tap.h"

static struct loop *loop;

/* ---- addresses ---- */

static void parses(const char *text, const char *shown, bool is_local)
{
    struct net_addr a;
    char out[NET_ADDR_TEXT];
    char what[160];
    (void)snprintf(what, sizeof what, "\"%s\" is an address", text);
    is_int(net_addr_parse(str_from_cz(text), &a), 0, what);
    is_str(net_addr_format((struct sockaddr *)&a.sa, a.len, out), str_from_cz(shown),
           "it is shown");
    is_int(net_addr_is_local((struct sockaddr *)&a.sa), is_local, "local or not");
}

static void fails(str text)
{
    struct net_addr a;
    is_int(net_addr_parse(text, &a), -E_BAD_REQUEST, "this is none");
}

static void test_addresses(void)
{
    parses("127.0.0.1:8080", "127.0.0.1:8080", true);
    parses("127.255.0.1:1", "127.255.0.1:1", true);
    parses("10.1.2.3:65535", "10.1.2.3:65535", false);
    parses("0.0.0.0:0", "0.0.0.0:0", false);
    parses("[::1]:0", "[::1]:0", true);
    parses("[2001:DB8:0::7]:443", "[2001:db8::7]:443", false);
    parses("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:80", true);
    parses("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80", false);
    parses(":8080", "[::]:8080", false);
    parses("unix:/run/x.sock", "unix:/run/x.sock", true);
    static const char *const bad[] = {
        "",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "1.2.3:80",
        "host:80",
        "localhost:80",
        "127.0.0.1:+1",
        "127.0.0.1: 1",
        "::1:80",
        "[::1:80",
        "[::1]",
        "[]:80",
        "[127.0.0.1]:80",
        "::1]:80",
        "[fe80::1%1]:1",
        "127.0.0.1:0x10",
        " 127.0.0.1:80",
        "unix:",
        "[:80",
        "[1:2:3:4:5:6:7:8:9]:80",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:80",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        fails(str_from_cz(bad[i]));
    fails(S("127.0.0.1\0:80"));
    fails(S("unix:/a\0b"));
}

static void test_unix_lengths(void)
{
    char text[200] = "unix:";
    memset(text + 5, 'x', sizeof text - 5);
    struct net_addr a;
    size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    is_int(net_addr_parse(str_of(text, 5 + max), &a), 0, "the longest path");
    char out[NET_ADDR_TEXT];
    is_str(net_addr_format((struct sockaddr *)&a.sa, a.len, out), str_of(text, 5 + max),
           "is shown");
    is_int(net_addr_parse(str_of(text, 6 + max), &a), -E_BAD_REQUEST, "one more is too long");
    struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
    is_str(net_addr_format((struct sockaddr *)&unnamed, sizeof unnamed.sun_family, out), S("unix:"),
           "a peer without a name is shown, too");
}

static void test_unmap(void)
{
    struct net_addr a;
    must(net_addr_parse(S("[::ffff:10.0.0.1]:80"), &a) == 0);
    unmap_v4(&a.sa, &a.len);
    char out[NET_ADDR_TEXT];
    is_str(net_addr_format((struct sockaddr *)&a.sa, a.len, out), S("10.0.0.1:80"),
           "an IPv4 peer of an IPv6 socket is shown as what it is");
    must(net_addr_parse(S("[::1]:80"), &a) == 0);
    unmap_v4(&a.sa, &a.len);
    ok(a.sa.ss_family == AF_INET6 && a.len == sizeof(struct sockaddr_in6), "others stay");
}

/* ---- listening sockets ---- */

static int listen_on(const char *text, bool share)
{
    struct net_addr a;
    must(net_addr_parse(str_from_cz(text), &a) == 0);
    return net_listen_fd(&a, share);
}

static struct net_addr bound(int fd)
{
    struct net_addr a = {.len = sizeof a.sa};
    must(getsockname(fd, (struct sockaddr *)&a.sa, &a.len) == 0);
    return a;
}

static int dial_to(const struct net_addr *a)
{
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd != -1);
    must(connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0);
    return fd;
}

static void test_listen(void)
{
    int fd = listen_on("127.0.0.1:0", false);
    ok(fd >= 0, "a socket listens");
    ok(fcntl(fd, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFD) & FD_CLOEXEC, "as ours do");
    struct net_addr a = bound(fd);
    ok(net_listen_fd(&a, false) == -E_SYSTEM && errno == EADDRINUSE, "an address serves one");
    (void)close(dial_to(&a));
    (void)close(fd);
    int first = net_listen_fd(&a, true);
    ok(first >= 0, "again after its end, though connections linger");
    int second = net_listen_fd(&a, true);
    ok(second >= 0, "and several sockets that share it");
    (void)close(first);
    (void)close(second);
    ok(listen_on("192.0.2.1:80", false) == -E_SYSTEM && errno == EADDRNOTAVAIL,
       "an address that is not ours is an error");
}

static void test_listen_everywhere(void)
{
    int fd = listen_on(":0", false);
    ok(fd >= 0, "every address is one socket");
    struct net_addr a = bound(fd), v4;
    char text[32];
    const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&a.sa; /* the port's place is */
    (void)snprintf(text, sizeof text, "127.0.0.1:%d", ntohs(sin6->sin6_port)); /* the same in v4 */
    must(net_addr_parse(str_from_cz(text), &v4) == 0);
    (void)close(dial_to(&v4));
    ok(true, "reached by IPv4");
    (void)close(fd);
    must(net_addr_parse(S(":80"), &a) == 0);
    ok(is_any_v6(&a), "without IPv6");
    a = any_v4(&a);
    char out[NET_ADDR_TEXT];
    is_str(net_addr_format((struct sockaddr *)&a.sa, a.len, out), S("0.0.0.0:80"), "it is IPv4's");
}

static void test_listen_unix(void)
{
    char dir[] = "/tmp/net_listen_test.XXXXXX";
    must(mkdtemp(dir) != NULL);
    char path[64], text[80];
    (void)snprintf(path, sizeof path, "%s/s", dir);
    (void)snprintf(text, sizeof text, "unix:%s", path);
    int fd = listen_on(text, false);
    ok(fd >= 0, "a unix socket listens");
    ok(listen_on(text, false) == -E_SYSTEM && errno == EADDRINUSE, "a live one is an error");
    (void)close(fd);
    fd = listen_on(text, false);
    ok(fd >= 0, "a stale one is replaced");
    (void)close(fd);
    must(unlink(path) == 0);
    (void)close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ok(listen_on(text, false) == -E_SYSTEM && errno == EADDRINUSE, "another file is an error");
    struct stat st;
    ok(stat(path, &st) == 0 && S_ISREG(st.st_mode), "and left alone");
    (void)unlink(path);
    (void)rmdir(dir);
}

/* ---- accepting ---- */

#define DIALS 100

static int accepted[DIALS];
static int n_accepted;
static str peer_text;
static char peer_room[NET_ADDR_TEXT];

static void on_accept(struct net_listener *l, int fd, const struct sockaddr *peer, socklen_t len)
{
    (void)l;
    peer_text = net_addr_format(peer, len, peer_room);
    accepted[n_accepted++] = fd;
}

static void close_accepted(void)
{
    while (n_accepted > 0)
        (void)close(accepted[--n_accepted]);
}

static void dial_many(const struct net_addr *a, int *fds, int n)
{
    for (int i = 0; i < n; i++)
        fds[i] = dial_to(a);
}

static void close_many(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        (void)close(fds[i]);
}

static void test_accept(void)
{
    int fd = listen_on("127.0.0.1:0", false);
    struct net_addr a = bound(fd);
    struct net_listener l = {.on_accept = on_accept};
    is_int(net_listener_open(&l, fd), 0, "a listener opens");
    int dialled = dial_to(&a);
    loop_turn(loop, 1000);
    is_int(n_accepted, 1, "and accepts");
    int on = 0;
    socklen_t len = sizeof on;
    must(getsockopt(accepted[0], IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0);
    ok(on == 1 && fcntl(accepted[0], F_GETFL) & O_NONBLOCK, "as we want them");
    struct net_addr mine = bound(dialled);
    char out[NET_ADDR_TEXT];
    is_str(peer_text, net_addr_format((struct sockaddr *)&mine.sa, mine.len, out), "from the peer");
    close_accepted();
    (void)close(dialled);

    int fds[DIALS];
    dial_many(&a, fds, DIALS);
    loop_turn(loop, 1000);
    is_int(n_accepted, ACCEPTS_MAX, "so many in one turn");
    loop_turn(loop, 1000);
    is_int(n_accepted, DIALS, "and the others in the next");
    close_accepted();
    close_many(fds, DIALS);

    dial_many(&a, fds, DIALS);
    net_listener_close(&l);
    is_int(n_accepted, DIALS, "closing takes what is queued");
    net_listener_close(&l);
    close_accepted();
    close_many(fds, DIALS);
    dialled = dial_to(&a);
    loop_turn(loop, 0);
    is_int(n_accepted, 0, "and no more after it");
    (void)close(dialled);
    (void)close(fd);
    is_int(net_listener_open(&l, fd), -E_SYSTEM, "a closed descriptor does not listen");
}

static struct rlimit no_more_files(int n_free)
{
    struct rlimit before;
    must(getrlimit(RLIMIT_NOFILE, &before) == 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)close(next);
    struct rlimit now = {.rlim_cur = (rlim_t)(next + n_free), .rlim_max = before.rlim_max};
    must(setrlimit(RLIMIT_NOFILE, &now) == 0);
    return before;
}

static int64_t refused(void)
{
    return metric_total(M_REFUSED, &S("descriptors"));
}

static void test_out_of_descriptors(void)
{
    if (getenv("POOL_DISABLE")) {
        tap_skip("valgrind accepts what it then has no descriptor for");
        return;
    }
    int fd = listen_on("127.0.0.1:0", false);
    struct net_addr a = bound(fd);
    struct net_listener l = {.on_accept = on_accept};
    must(net_listener_open(&l, fd) == 0);
    int fds[5];
    dial_many(&a, fds, 5);
    struct rlimit before = no_more_files(2);
    loop_turn(loop, 1000);
    ok(n_accepted == 2 && l.is_paused, "without descriptors a listener pauses");
    is_int(refused(), 1, "which is counted");
    loop_turn(loop, 0);
    is_int(refused(), 1, "it does not try in every turn");
    clock_test_advance(RESUME_US + 2000);
    loop_turn(loop, 0);
    ok(!l.is_paused, "but after a while");
    loop_turn(loop, 0);
    ok(n_accepted == 2 && l.is_paused && refused() == 2, "to pause again");
    must(setrlimit(RLIMIT_NOFILE, &before) == 0);
    clock_test_advance(RESUME_US + 2000);
    loop_turn(loop, 0);
    loop_turn(loop, 1000);
    ok(n_accepted == 5 && !l.is_paused, "or to go on, with no client lost");
    close_accepted();
    close_many(fds, 5);

    dial_many(&a, fds, 1);
    before = no_more_files(0);
    loop_turn(loop, 1000);
    ok(l.is_paused, "paused");
    must(setrlimit(RLIMIT_NOFILE, &before) == 0);
    net_listener_close(&l);
    is_int(n_accepted, 1, "it can be closed, and takes what is queued");
    ok(!loop_timer_is_set(&l.resume), "and does not come back");
    close_accepted();
    close_many(fds, 1);
    (void)close(fd);
}

static void test_verdicts(void)
{
    is_int(judge(ECONNABORTED), ACCEPT_GO_ON, "a client that has gone is not the listener's fault");
    is_int(judge(EINTR), ACCEPT_GO_ON, "nor is a signal");
    is_int(judge(EAGAIN), ACCEPT_ENOUGH, "an empty queue ends it");
    is_int(judge(ENFILE), ACCEPT_PAUSE, "a full system, too");
    is_int(judge(EINVAL), ACCEPT_PAUSE, "and whatever would come again at once");
}

int main(void)
{
    test_addresses();
    test_unix_lengths();
    test_unmap();
    loop = loop_open();
    clock_test_set(clock_now_us(), 0);
    test_listen();
    test_listen_everywhere();
    test_listen_unix();
    test_accept();
    test_out_of_descriptors();
    test_verdicts();
    loop_close(loop);
    return tap_done();
}
