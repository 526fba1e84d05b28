/* The load generator: SNMP notifications from templates, each with a request-id of its own, or
 * datagrams as they are in a file.
 *
 *   trapload HOST PORT FIRST COUNT RATE SOURCES FILE TEMPLATE_BYTES ID_AT UPTIME_AT
 *   trapload HOST PORT FIRST COUNT RATE SOURCES FILE
 *
 * FILE holds templates of TEMPLATE_BYTES each, sent in turn; FIRST is the number of the first
 * datagram. The 4 bytes at ID_AT and at UPTIME_AT are replaced by numbers that count up. Without
 * these arguments FILE holds datagrams, each after its length in two bytes, most significant first.
 * RATE is datagrams a second, 0 as fast as the socket takes them. SOURCES is from how many addresses
 * of 127.1.0.0/16 they are sent in turn; 0 leaves the address to the kernel. Prints the instants of
 * CLOCK_MONOTONIC before the first and after the last datagram, in nanoseconds.
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
  FILE_BYTES_MAX = 1 << 28,
  SOURCES_MAX = 1 << 16,
  FIRST_SOURCE = 0x7f010000, /* 127.1.0.0 */
  DATAGRAM_BYTES_MAX = 2048,
  BASE = 0x10000000,       /* positive and four bytes long in BER, as all up to 0x7fffffff */
};

static unsigned char file[FILE_BYTES_MAX];
static size_t file_bytes;
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

static void read_file(const char *name) {
  FILE *from = fopen(name, "rb");
  if (!from)
    fail(name);
  file_bytes = fread(file, 1, sizeof file, from);
  fclose(from);
}

/* The next datagram of the file into `at`; returns its size, 0 at the end. */
static size_t next_datagram(char *at) {
  static size_t place;
  if (place + 2 > file_bytes)
    return 0;
  size_t size = file[place] << 8 | file[place + 1];
  if (size > DATAGRAM_BYTES_MAX || place + 2 + size > file_bytes)
    return 0;
  memcpy(at, file + place + 2, size);
  place += 2 + size;
  return size;
}

/* Have a message sent from this address (ip(7), IP_PKTINFO). */
static void send_from(struct msghdr *message, uint32_t address) {
  struct cmsghdr *control = CMSG_FIRSTHDR(message);
  control->cmsg_level = IPPROTO_IP;
  control->cmsg_type = IP_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(address)};
  memcpy(CMSG_DATA(control), &from, sizeof from);
}

int main(int argc, char **argv) {
  int numbered = argc == 11;
  if (!numbered && argc != 8) {
    fprintf(stderr, "usage: trapload HOST PORT FIRST COUNT RATE SOURCES FILE [BYTES ID_AT UPTIME_AT]\n");
    return 2;
  }
  long first = atol(argv[3]), count = atol(argv[4]), rate = atol(argv[5]), sources = atol(argv[6]);
  read_file(argv[7]);
  size_t size = 0, id_at = 0, uptime_at = 0, kinds = 0;
  if (numbered) {
    size = strtoul(argv[8], NULL, 10);
    id_at = strtoul(argv[9], NULL, 10);
    uptime_at = strtoul(argv[10], NULL, 10);
    kinds = size ? file_bytes / size : 0;
    if (!kinds || size > DATAGRAM_BYTES_MAX || id_at + 4 > size || uptime_at + 4 > size) {
      fprintf(stderr, "%s: no templates of %zu bytes with these places\n", argv[7], size);
      return 2;
    }
  }
  if (sources < 0 || sources > SOURCES_MAX) {
    fprintf(stderr, "at most %d sources\n", SOURCES_MAX);
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
  static union {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    struct cmsghdr align;
  } controls[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){datagrams[i], size};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    if (sources) {
      messages[i].msg_hdr.msg_control = controls[i].bytes;
      messages[i].msg_hdr.msg_controllen = sizeof controls[i].bytes;
    }
  }
  int64_t start = now_ns();
  for (long sent = 0; sent < count;) {
    int batch = count - sent < BATCH ? count - sent : BATCH;
    for (int i = 0; i < batch; i++) {
      long number = first + sent + i;
      if (numbered) {
        memcpy(datagrams[i], file + number % kinds * size, size);
        put(datagrams[i] + id_at, number);
        put(datagrams[i] + uptime_at, number);
      } else if (!(parts[i].iov_len = next_datagram(datagrams[i]))) {
        fprintf(stderr, "%s: fewer than %ld datagrams\n", argv[7], count);
        return 2;
      }
      if (sources)
        send_from(&messages[i].msg_hdr, FIRST_SOURCE + number % sources);
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
