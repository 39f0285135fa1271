/* Clients of an HTTP/1.1 server on this machine, for a benchmark that leaves the processor to the server.
 *
 *     loader ADDRESS:PORT FILE [--clients N] [--rate N] [--requests N] [--seconds S] [--repeat]
 *            [--expect TEXT]
 *
 * Every client has one connection, and sends its next request when its answer has arrived whole. With --rate
 * so many requests are due each second: a client waits until one is, and the time of a request that had to
 * wait because all clients were busy begins when it was due. The requests stand in FILE, in the order in which
 * they are sent: each is a length (four bytes, little-endian) and the bytes of a whole HTTP request. The run
 * ends after --requests answers, at the end of FILE (with --repeat it starts again), or after --seconds;
 * requests that were sent by then are still answered.
 *
 * Prints one JSON object: times are in microseconds, `seconds` and `cpu` (of this process) in seconds, `bytes`
 * are those of all answers, `expected` counts how often TEXT occurred in the bodies of the answers. Exits with
 * 1 if an answer had another status than 2xx or did not arrive, with 2 if it was called wrongly.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LENGTH_BYTES = 4,
    MOST_CLIENTS = 1000,
    MOST_REQUESTS = 10000000,
    MOST_SECONDS = 3600,
    SILENCE_MS = 120000,
    STATUSES = 600,
    SHOWN_BYTES = 600,
};

struct client {
    int socket;
    const char *unsent;
    size_t unsent_bytes;
    bool waits_to_send;
    char *answer;
    size_t received, capacity;
    double sent_at;
};

static struct {
    struct sockaddr_in address;
    const char *file, *expect;
    long clients, requests;
    double seconds, rate;
    bool repeat;
} options = {.clients = 1, .requests = MOST_REQUESTS, .seconds = MOST_SECONDS};

static const char *requests, *next_request, *requests_end;
static struct client *idle[MOST_CLIENTS];
static long idle_clients;
static int poller;
static double started_at, ended_at;
static long sent, answered, expected_texts, statuses[STATUSES];
static unsigned long long answered_bytes;
static uint32_t *latencies;
static char refused[SHOWN_BYTES];

static void fail(int status, const char *message, ...)
{
    va_list values;
    va_start(values, message);
    fputs("loader: ", stderr);
    vfprintf(stderr, message, values);
    fputc('\n', stderr);
    va_end(values);
    exit(status);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double number(const char *name, const char *text, double most)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0 && value <= most))
        fail(2, "%s is a number above 0, and at most %.0f; got %s", name, most, text);
    return value;
}

static void read_address(const char *text)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        fail(2, "the address is an IPv4 address and a port, such as 127.0.0.1:8080; got %s", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    options.address.sin_family = AF_INET;
    options.address.sin_port = htons((uint16_t)number("the port", colon + 1, UINT16_MAX));
    if (inet_pton(AF_INET, host, &options.address.sin_addr) != 1
        || ntohl(options.address.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        fail(2, "only servers on this machine are loaded: the address is one of 127.0.0.0/8; got %s", host);
}

static void read_options(int count, char **arguments)
{
    static const struct option names[] = {
        {"clients", required_argument, NULL, 'c'}, {"requests", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'}, {"expect", required_argument, NULL, 'e'},
        {"repeat", no_argument, NULL, 'a'},        {"rate", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        switch (name) {
        case 'c': options.clients = (long)number("--clients", optarg, MOST_CLIENTS); break;
        case 'r': options.requests = (long)number("--requests", optarg, MOST_REQUESTS); break;
        case 's': options.seconds = number("--seconds", optarg, MOST_SECONDS); break;
        case 'e': options.expect = optarg; break;
        case 'a': options.repeat = true; break;
        case 'p': options.rate = number("--rate", optarg, MOST_REQUESTS); break;
        default: exit(2);
        }
    }
    if (count - optind != 2)
        fail(2, "two arguments are needed, the address and the file of requests");
    read_address(arguments[optind]);
    options.file = arguments[optind + 1];
}

static void open_requests(void)
{
    struct stat about;
    int file = open(options.file, O_RDONLY);
    if (file < 0 || fstat(file, &about) < 0)
        fail(2, "%s: %s", options.file, strerror(errno));
    if (about.st_size == 0)
        fail(2, "%s has no requests", options.file);
    /* The pages are mapped before the run, so that it does not wait for them. */
    requests = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (requests == MAP_FAILED)
        fail(2, "%s: %s", options.file, strerror(errno));
    close(file);
    next_request = requests;
    requests_end = requests + about.st_size;
}

/* Points the client at the next request of the file; returns false after the last one. */
static bool take_request(struct client *client)
{
    if (next_request == requests_end && options.repeat)
        next_request = requests;
    if (next_request == requests_end)
        return false;
    const unsigned char *length = (const unsigned char *)next_request;
    if (requests_end - next_request < LENGTH_BYTES)
        fail(2, "%s ends within the length of a request", options.file);
    client->unsent_bytes =
        length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
    client->unsent = next_request + LENGTH_BYTES;
    if (client->unsent_bytes == 0 || client->unsent_bytes > (size_t)(requests_end - client->unsent))
        fail(2, "%s ends within a request", options.file);
    next_request = client->unsent + client->unsent_bytes;
    return true;
}

static void open_connection(struct client *client)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = client};
    int on = 1;
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->socket < 0
        || connect(client->socket, (struct sockaddr *)&options.address, sizeof options.address) < 0)
        fail(1, "the server does not accept connections: %s", strerror(errno));
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(client->socket, F_SETFL, O_NONBLOCK);
    client->waits_to_send = false;
    epoll_ctl(poller, EPOLL_CTL_ADD, client->socket, &wanted);
}

static void send_rest(struct client *client)
{
    ssize_t taken = send(client->socket, client->unsent, client->unsent_bytes, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN && errno != EINTR)
        fail(1, "the server closed a connection: %s", strerror(errno));
    if (taken > 0) {
        client->unsent += taken;
        client->unsent_bytes -= (size_t)taken;
    }
    if (client->waits_to_send != (client->unsent_bytes > 0)) {
        client->waits_to_send = !client->waits_to_send;
        uint32_t events = EPOLLIN | (client->waits_to_send ? EPOLLOUT : 0u);
        struct epoll_event wanted = {.events = events, .data.ptr = client};
        epoll_ctl(poller, EPOLL_CTL_MOD, client->socket, &wanted);
    }
}

/* Returns when the next request is due, which is now unless there is a rate. */
static double due_at(double at)
{
    return options.rate > 0 ? started_at + (double)sent / options.rate : at;
}

/* Sends the next request if one is due and the run is not over; `was_idle` if the client waited for it. */
static void send_next(struct client *client, bool was_idle)
{
    double at = now(), due = due_at(at);
    if (sent == options.requests || at - started_at >= options.seconds) {
        close(client->socket);
    } else if (due > at) {
        idle[idle_clients++] = client;
    } else if (!take_request(client)) {
        close(client->socket);
    } else {
        sent++;
        client->received = 0;
        client->sent_at = was_idle ? at : due;
        send_rest(client);
    }
}

/* Lets idle clients send what is due; those that are left are idle, or closed at the end of the run. */
static void send_due(void)
{
    double at = now();
    bool is_over = sent == options.requests || at - started_at >= options.seconds;
    while (idle_clients > 0 && (is_over || due_at(at) <= at))
        send_next(idle[--idle_clients], true);
}

/* Returns the value of a header, or NULL; the answer is one string, and `body` is where its headers end. */
static const char *header(const char *answer, const char *body, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = answer; (line = strstr(line, "\r\n")) && line + 4 < body;) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

/* Returns the body of an answer that has arrived whole, and else NULL. */
static const char *whole_body(const struct client *client)
{
    const char *end = client->answer + client->received;
    const char *blank = strstr(client->answer, "\r\n\r\n");
    if (!blank)
        return NULL;
    const char *body = blank + 4;
    const char *length = header(client->answer, body, "Content-Length");
    if (length)
        return end - body >= atoll(length) ? body : NULL;
    return end - body >= 5 && memcmp(end - 5, "0\r\n\r\n", 5) == 0 ? body : NULL; /* the last chunk */
}

static void record(const struct client *client, const char *body)
{
    int status = atoi(client->answer + strcspn(client->answer, " "));
    ended_at = now();
    latencies[answered++] = (uint32_t)((ended_at - client->sent_at) * 1e6);
    answered_bytes += client->received;
    if (status < 0 || status >= STATUSES)
        fail(1, "the server answered with the status %d", status);
    statuses[status]++;
    if ((status < 200 || status > 299) && !*refused)
        snprintf(refused, sizeof refused, "%d: %s", status, body);
    for (const char *text = body; options.expect && (text = strstr(text, options.expect)); text++)
        expected_texts++;
}

static void receive(struct client *client)
{
    if (client->capacity - client->received < 2) {
        client->capacity = client->capacity ? client->capacity * 2 : 8192;
        client->answer = realloc(client->answer, client->capacity);
        if (!client->answer)
            fail(1, "out of memory");
    }
    size_t room = client->capacity - client->received - 1;
    ssize_t taken = recv(client->socket, client->answer + client->received, room, 0);
    if (taken < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (taken <= 0)
        fail(1, "the server closed a connection before its answer was complete; its log says why");
    client->received += (size_t)taken;
    client->answer[client->received] = '\0';
    const char *body = whole_body(client);
    if (!body)
        return;
    record(client, body);
    const char *connection = header(client->answer, body, "Connection");
    if (connection && strncasecmp(connection, "close", 5) == 0) {
        close(client->socket);
        open_connection(client);
    }
    send_next(client, false);
}

/* Returns for how many milliseconds to wait for answers: with idle clients, until a request is due. */
static int patience(void)
{
    if (idle_clients == 0)
        return SILENCE_MS;
    double at = now(), wait = (due_at(at) - at) * 1000;
    return wait < 1 ? 1 : wait < SILENCE_MS ? (int)wait : SILENCE_MS;
}

static void run(struct client *clients)
{
    struct epoll_event events[64];
    started_at = now();
    for (long each = 0; each < options.clients; each++)
        send_next(&clients[each], true);
    while (answered < sent || idle_clients > 0) {
        int count = epoll_wait(poller, events, sizeof events / sizeof *events, patience());
        if (count == 0 && idle_clients == 0)
            fail(1, "no answer within %d s", SILENCE_MS / 1000);
        for (int each = 0; each < count; each++) {
            if (events[each].events & EPOLLOUT)
                send_rest(events[each].data.ptr);
            if (events[each].events & ~(uint32_t)EPOLLOUT)
                receive(events[each].data.ptr);
        }
        send_due();
    }
}

static int compare(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *)one, right = *(const uint32_t *)other;
    return (left > right) - (left < right);
}

static void report(double cpu)
{
    long listed = 0;
    double seconds = ended_at - started_at;
    qsort(latencies, (size_t)answered, sizeof *latencies, compare);
    printf("{\"statuses\": {");
    for (int status = 0; status < STATUSES; status++)
        if (statuses[status])
            printf("%s\"%d\": %ld", listed++ ? ", " : "", status, statuses[status]);
    printf("}, \"requests\": %ld, \"expected\": %ld, \"bytes\": %llu, \"seconds\": %.6f, \"rate\": %.1f, "
           "\"p50\": %u, \"p99\": %u, \"longest\": %u, \"cpu\": %.6f}\n",
           answered, expected_texts, answered_bytes, seconds, (double)answered / seconds,
           latencies[answered / 2], latencies[answered * 99 / 100], latencies[answered - 1], cpu);
}

int main(int count, char **arguments)
{
    read_options(count, arguments);
    open_requests();
    poller = epoll_create1(0);
    latencies = malloc((size_t)options.requests * sizeof *latencies);
    struct client *clients = calloc((size_t)options.clients, sizeof *clients);
    if (poller < 0 || !latencies || !clients)
        fail(1, "the clients cannot be prepared: %s", strerror(errno));
    for (long each = 0; each < options.clients; each++)
        open_connection(&clients[each]);
    double cpu = cpu_seconds();
    run(clients);
    report(cpu_seconds() - cpu);
    if (*refused)
        fail(1, "the run is not valid, the server answered %s", refused);
    return 0;
}
