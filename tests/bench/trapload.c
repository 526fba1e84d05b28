/* The load generator: SNMP notifications from templates, each with a request-id of its own.
 *
 *   trapload HOST PORT FIRST COUNT RATE FILE TEMPLATE_BYTES ID_AT UPTIME_AT
 *
 * FILE holds templates of TEMPLATE_BYTES each, sent in turn; FIRST is the number of the first
 * datagram. The 4 bytes at ID_AT and at UPTIME_AT are replaced by numbers that count up. RATE is datagrams a second, 0 as fast as the socket takes them. Prints
 * the instants of CLOCK_MONOTONIC before the first and after the last datagram, in nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
  BATCH = 64,              /* datagrams a system call: beyond this the call's cost is not seen */
  TEMPLATES_BYTES_MAX = 1 << 20,
  DATAGRAM_BYTES_MAX = 2048,
  BASE = 0x10000000,       /* positive and four bytes long in BER, as all up to 0x7fffffff */
};

static char templates[TEMPLATES_BYTES_MAX];
static char datagrams[BATCH][DATAGRAM_BYTES_MAX];

static int64_t now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void sleep_until(int64_t ns) {
  struct timespec at = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
    continue;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void put(char *at, uint32_t number) {
  uint32_t wire = htonl(BASE + number);
  memcpy(at, &wire, sizeof wire);
}

int main(int argc, char **argv) {
  if (argc != 10) {
    fprintf(stderr, "usage: trapload HOST PORT FIRST COUNT RATE FILE TEMPLATE_BYTES ID_AT UPTIME_AT\n");
    return 2;
  }
  long first = atol(argv[3]), count = atol(argv[4]), rate = atol(argv[5]);
  size_t size = strtoul(argv[7], NULL, 10);
  size_t id_at = strtoul(argv[8], NULL, 10), uptime_at = strtoul(argv[9], NULL, 10);
  FILE *file = fopen(argv[6], "rb");
  if (!file)
    fail(argv[6]);
  size_t kinds = size ? fread(templates, 1, sizeof templates, file) / size : 0;
  fclose(file);
  if (!kinds || size > DATAGRAM_BYTES_MAX || id_at + 4 > size || uptime_at + 4 > size) {
    fprintf(stderr, "%s: no templates of %zu bytes with these places\n", argv[6], size);
    return 2;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
    fail(argv[1]);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to))
    fail("connect");

  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH] = {0};
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){datagrams[i], size};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  int64_t start = now_ns();
  for (long sent = 0; sent < count;) {
    int batch = count - sent < BATCH ? count - sent : BATCH;
    for (int i = 0; i < batch; i++) {
      long number = first + sent + i;
      memcpy(datagrams[i], templates + number % kinds * size, size);
      put(datagrams[i] + id_at, number);
      put(datagrams[i] + uptime_at, number);
    }
    if (rate)
      sleep_until(start + (int64_t)(sent * 1e9 / rate));
    for (int done = 0; done < batch;) {
      int more = sendmmsg(fd, messages + done, batch - done, 0);
      if (more < 0 && errno != EINTR && errno != ENOBUFS)
        fail("sendmmsg");
      done += more > 0 ? more : 0;
    }
    sent += batch;
  }
  printf("%lld %lld\n", (long long)start, (long long)now_ns());
  return 0;
}
