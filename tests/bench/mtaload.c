/* mtaload - an SMTP client that is not the bottleneck.
 *
 *     mtaload [options] ADDRESS PORT
 *
 * One thread holds a fixed number of sessions open at once, or begins a fixed number of them a
 * second, and prints one JSON object: how many there were, how they ended, and how long each step
 * took.  The steps are those of RFC 5321, one command at a time, as a client without PIPELINING
 * says them.
 *
 *     -M MODE    conn    220, QUIT
 *                mail    220, EHLO, messages, QUIT (the default)
 *                refuse  whatever is said first; close
 *                hold    220, EHLO; says "held N refused M", then waits for the end of its input
 *     -c N       sessions at once
 *     -r N       begin so many sessions a second instead
 *     -n N       sessions altogether
 *     -T SECONDS begin no session and no message after this
 *     -m N       messages of a session
 *     -l OCTETS  length of the text
 *     -f ADDRESS sender
 *     -t FORMAT  recipient, %d is a number from 1 to -u
 *     -u N       recipients, in turn
 *     -q         close right after QUIT, as Postfix's client does
 *     -W SECONDS give up a step after this
 *     -D SECONDS give everything up after this
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { CONN, MAIL, REFUSE, HOLD };

/* What the session waits for. */
enum state { TO_CONNECT, TO_GREET, TO_EHLO, TO_MAIL, TO_RCPT, TO_DATA, TO_BODY, TO_QUIT, HELD };

/* What is timed: a reply since its command; a message since MAIL; and two sums. */
enum step { GREETING, EHLO, FROM, RCPT, DATA, BODY, QUIT, MESSAGE, GREETING_TO_250, STEPS };
static const char *const step_name[STEPS] = {
    "banner", "ehlo", "mail", "rcpt", "data", "body", "quit", "message", "banner_to_250"};

struct session {
    bool used;
    int fd;
    enum state state;
    int messages;               /* taken so far */
    double began, asked, mail_began, greeted;
    const char *out;            /* what is still to be sent */
    size_t out_length;
    char command[512];
    size_t in_length;
    char in[4096];
};

static struct {
    enum mode mode;
    int at_once, messages, length, recipients;
    long sessions;
    double seconds, rate, step_limit, whole_limit;
    const char *sender, *recipient;
    bool waits_for_221;
} want = {
    .mode = MAIL, .at_once = 1, .messages = 1, .length = 4096, .recipients = 50,
    .step_limit = 30, .whole_limit = 300,
    .sender = "bench@src.test", .recipient = "user%d@example.test", .waits_for_221 = true,
};

static struct {
    long begun, ended, ok, accepted, greeted, r421, r4xx, r5xx, reset, eof, not_connected, timeouts;
} count;

static struct { double *seconds; size_t length, room; } took[STEPS];
static struct sockaddr_in server;
static char *text;
static size_t text_length;
static struct session *pool;
static int pool_size, in_flight, epoll;
static long next_recipient;
static double start, last_success;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void note(enum step step, double seconds)
{
    if (took[step].length == took[step].room) {
        took[step].room = took[step].room ? took[step].room * 2 : 4096;
        took[step].seconds = realloc(took[step].seconds, took[step].room * sizeof(double));
        if (!took[step].seconds) abort();
    }
    took[step].seconds[took[step].length++] = seconds;
}

static void make_text(void)
{
    static const char header[] =
        "From: Bench <bench@src.test>\r\nTo: someone@example.test\r\nSubject: load\r\n"
        "Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <load.1@src.test>\r\n"
        "MIME-Version: 1.0\r\n\r\n";
    size_t end = sizeof header - 1 + want.length, i = sizeof header - 1, column = 0;
    text = malloc(end + 8);
    if (!text) abort();
    memcpy(text, header, i);
    while (i < end) {
        if (column == 76) {
            text[i++] = '\r';
            text[i++] = '\n';
            column = 0;
        } else {
            text[i++] = 'a' + column++ % 26;
        }
    }
    memcpy(text + i, "\r\n.\r\n", 5);
    text_length = i + 5;
}

/* --- one session ----------------------------------------------------------------------------- */

static void watch(struct session *s, unsigned events, int how)
{
    struct epoll_event event = {.events = events, .data.ptr = s};
    epoll_ctl(epoll, how, s->fd, &event);
}

static void end(struct session *s, bool well)
{
    close(s->fd);
    s->used = false;
    in_flight--;
    count.ended++;
    if (well) {
        count.ok++;
        last_success = now();
    }
}

static void send_more(struct session *s)
{
    while (s->out_length) {
        ssize_t n = send(s->fd, s->out, s->out_length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(s, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;
        }
        if (n < 0) {
            s->out_length = 0;  /* the reading side will see the end */
            return;
        }
        s->out += n;
        s->out_length -= n;
        if (!s->out_length && s->out == text + text_length) watch(s, EPOLLIN, EPOLL_CTL_MOD);
    }
}

static void say(struct session *s, enum state next, const char *what, size_t length)
{
    s->state = next;
    s->asked = now();
    s->out = what;
    s->out_length = length;
    send_more(s);
}

static void __attribute__((format(printf, 3, 4)))
say_command(struct session *s, enum state next, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(s->command, sizeof s->command, format, arguments);
    va_end(arguments);
    say(s, next, s->command, length);
}

static void say_mail(struct session *s)
{
    s->mail_began = now();
    say_command(s, TO_MAIL, "MAIL FROM:<%s>\r\n", want.sender);
}

static void say_rcpt(struct session *s)
{
    char address[256];
    int number = next_recipient++ % want.recipients + 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(address, sizeof address, want.recipient, number);
#pragma GCC diagnostic pop
    say_command(s, TO_RCPT, "RCPT TO:<%s>\r\n", address);
}

static void say_quit(struct session *s)
{
    say_command(s, TO_QUIT, "QUIT\r\n");
    if (!want.waits_for_221) end(s, true);
}

static bool is_time_over(void) { return want.seconds > 0 && now() - start > want.seconds; }

static void greeted(struct session *s, int code, double at)
{
    note(GREETING, at - s->began);
    s->greeted = at;
    if (code == 220) count.greeted++;
    if (want.mode == REFUSE) end(s, true);
    else if (code != 220) end(s, false);
    else if (want.mode == CONN) say_quit(s);
    else say_command(s, TO_EHLO, "EHLO bench.src.test\r\n");
}

static void message_taken(struct session *s, double at)
{
    note(MESSAGE, at - s->mail_began);
    if (!s->messages) note(GREETING_TO_250, at - s->greeted);
    s->messages++;
    count.accepted++;
    last_success = at;
    if (s->messages < want.messages && !is_time_over()) say_mail(s);
    else say_quit(s);
}

/* The last line of a reply has come. */
static void answer(struct session *s, int code)
{
    static const enum step step_of[] = {
        [TO_EHLO] = EHLO, [TO_MAIL] = FROM, [TO_RCPT] = RCPT, [TO_DATA] = DATA, [TO_BODY] = BODY,
        [TO_QUIT] = QUIT};
    static const int wanted[] = {
        [TO_EHLO] = 250, [TO_MAIL] = 250, [TO_RCPT] = 250, [TO_DATA] = 354, [TO_BODY] = 250,
        [TO_QUIT] = 221};
    double at = now();

    if (code == 421) count.r421++;
    else if (code >= 500) count.r5xx++;
    else if (code >= 400) count.r4xx++;

    if (s->state == TO_CONNECT || s->state == TO_GREET) {
        greeted(s, code, at);
        return;
    }
    if (s->state == HELD) {
        end(s, false);
        return;
    }
    note(step_of[s->state], at - s->asked);
    if (code != wanted[s->state]) {
        end(s, false);
        return;
    }
    switch (s->state) {
    case TO_EHLO:
        if (want.mode == HOLD) s->state = HELD;
        else say_mail(s);
        break;
    case TO_MAIL: say_rcpt(s); break;
    case TO_RCPT: say_command(s, TO_DATA, "DATA\r\n"); break;
    case TO_DATA: say(s, TO_BODY, text, text_length); break;
    case TO_BODY: message_taken(s, at); break;
    default: end(s, true); break;   /* TO_QUIT */
    }
}

static void read_some(struct session *s)
{
    ssize_t n = recv(s->fd, s->in + s->in_length, sizeof s->in - 1 - s->in_length, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        if (n == 0) count.eof++;
        else if (s->state == TO_CONNECT) count.not_connected++;
        else count.reset++;
        end(s, false);
        return;
    }
    s->in_length += n;
    s->in[s->in_length] = 0;
    char *line = s->in, *feed;
    while ((feed = strchr(line, '\n'))) {
        *feed = 0;
        bool is_last = strlen(line) < 4 || line[3] != '-';
        int code = atoi(line);
        line = feed + 1;
        if (is_last) answer(s, code);
        if (!s->used) return;
    }
    s->in_length -= line - s->in;
    memmove(s->in, line, s->in_length);
    if (s->in_length >= sizeof s->in - 1) s->in_length = 0;  /* no reply is so long */
}

static void begin(void)
{
    struct session *s = pool;
    int one = 1;
    while (s->used) s++;        /* whoever begins one knows that there is room */
    memset(s, 0, offsetof(struct session, in));
    s->used = true;
    in_flight++;
    count.begun++;
    s->began = s->asked = now();
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(s->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) {
        count.not_connected++;
        end(s, false);
        return;
    }
    watch(s, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

static void connected(struct session *s)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        count.not_connected++;
        end(s, false);
        return;
    }
    s->state = TO_GREET;
    watch(s, EPOLLIN, EPOLL_CTL_MOD);
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool has_more(void)
{
    if (want.sessions && count.begun >= want.sessions) return false;
    return !is_time_over() && count.not_connected < 1000;
}

static void begin_what_is_due(void)
{
    while (has_more() && in_flight < pool_size) {
        if (want.rate > 0 && count.begun >= (now() - start) * want.rate + 1) return;
        begin();
    }
}

static void serve(struct epoll_event *event)
{
    struct session *s = event->data.ptr;
    if (!s->used) return;
    if (s->state == TO_CONNECT) {
        connected(s);
        if (!s->used || !(event->events & EPOLLIN)) return;
    } else if (s->out_length && event->events & EPOLLOUT) {
        send_more(s);
    }
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(s);
}

static void give_up_the_slow(void)
{
    static double looked;
    double t = now();
    if (t - looked < 0.5) return;
    looked = t;
    for (struct session *s = pool; s < pool + pool_size; s++) {
        if (!s->used || s->state == HELD || t - s->asked < want.step_limit) continue;
        count.timeouts++;
        end(s, false);
    }
}

/* Says so once when all sessions that are left are held; is it time to let go of them? */
static bool has_held_long_enough(void)
{
    static bool said;
    if (!said) {
        int held = 0;
        for (struct session *s = pool; s < pool + pool_size; s++)
            held += s->used && s->state == HELD;
        if (held < in_flight || has_more()) return false;
        printf("held %d refused %ld\n", held, count.r421);
        fflush(stdout);
        said = true;
    }
    struct pollfd input = {.fd = 0, .events = POLLIN};
    char c;
    return poll(&input, 1, 0) > 0 && read(0, &c, 1) <= 0;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(double stop)
{
    printf("{\"elapsed\": %.4f, \"sessions\": %ld, \"ok\": %ld, \"accepted\": %ld, \"r220\": %ld,"
           " \"r421\": %ld, \"r4xx\": %ld, \"r5xx\": %ld, \"reset\": %ld, \"eof\": %ld,"
           " \"not_connected\": %ld, \"timeouts\": %ld, \"ms\": {",
           stop - start, count.ended, count.ok, count.accepted, count.greeted, count.r421,
           count.r4xx, count.r5xx, count.reset, count.eof, count.not_connected, count.timeouts);
    const char *comma = "";
    for (int i = 0; i < STEPS; i++) {
        size_t n = took[i].length;
        double *v = took[i].seconds;
        if (!n) continue;
        qsort(v, n, sizeof *v, by_size);
        printf("%s\"%s\": {\"n\": %zu, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}", comma,
               step_name[i], n, v[n / 2] * 1e3, v[(size_t)(n * .99)] * 1e3, v[n - 1] * 1e3);
        comma = ", ";
    }
    puts("}}");
}

static enum mode mode_called(const char *name)
{
    return !strcmp(name, "conn") ? CONN : !strcmp(name, "refuse") ? REFUSE :
           !strcmp(name, "hold") ? HOLD : MAIL;
}

static void usage(void)
{
    fputs("usage: mtaload [options] ADDRESS PORT\n", stderr);
    exit(2);
}

static void read_options(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "M:c:r:n:T:m:l:f:t:u:qW:D:")) != -1) {
        switch (option) {
        case 'M': want.mode = mode_called(optarg); break;
        case 'c': want.at_once = atoi(optarg); break;
        case 'r': want.rate = atof(optarg); break;
        case 'n': want.sessions = atol(optarg); break;
        case 'T': want.seconds = atof(optarg); break;
        case 'm': want.messages = atoi(optarg); break;
        case 'l': want.length = atoi(optarg); break;
        case 'f': want.sender = optarg; break;
        case 't': want.recipient = optarg; break;
        case 'u': want.recipients = atoi(optarg); break;
        case 'q': want.waits_for_221 = false; break;
        case 'W': want.step_limit = atof(optarg); break;
        case 'D': want.whole_limit = atof(optarg); break;
        default: usage();
        }
    }
    if (argc - optind != 2 || inet_pton(AF_INET, argv[optind], &server.sin_addr) != 1) usage();
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[optind + 1]));
    if (want.mode == HOLD) want.sessions = want.at_once;
    if (!want.sessions && !want.seconds) want.sessions = 1;
}

int main(int argc, char **argv)
{
    struct epoll_event events[128];
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    make_text();
    pool_size = want.rate > 0 ? 4096 : want.at_once;
    pool = calloc(pool_size, sizeof *pool);
    if (!pool) abort();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    start = last_success = now();
    for (;;) {
        begin_what_is_due();
        if ((!in_flight && !has_more()) || now() - start > want.whole_limit) break;
        int n = epoll_wait(epoll, events, 128, want.rate > 0 ? 1 : 200);
        for (int i = 0; i < n; i++) serve(&events[i]);
        give_up_the_slow();
        if (want.mode == HOLD && has_held_long_enough()) break;
    }
    report(last_success > start ? last_success : now());
    return 0;
}
