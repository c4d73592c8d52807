/* A long line between two network namespaces: wan_link NAMESPACE_A NAMESPACE_B ONE_WAY_MS MBIT_PER_S

   In each namespace stands a TUN device `far`. What is sent into one comes out of the other after the one-way delay, no
   faster than the rate. Nothing is lost: who sends more than the line takes waits in the kernel's queue. Real TCP stacks
   talk over it, and no kernel module for traffic shaping is needed.

   The devices pass whole TCP segments of up to 64 kB with a virtio header (offload), so that the line itself takes little
   of the processors that are shared with what is measured. The rate counts what would go over a wire: every segment of
   the agreed size with headers of its own, and Ethernet's framing. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 66 * 1024, QUEUE_BYTES = 64 << 20, FRAMING = 38, HEADERS = 40 + 12 };

typedef struct packet {
    struct packet *next;
    long long due;
    int length;
    char bytes[];
} packet;

typedef struct {
    int from, into;
    packet *first, *last;
    long long free_at;
    long queued;
} direction;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int device_in(const char *namespace) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", namespace);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET)) fail(path);
    close(space);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq wanted = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
    strcpy(wanted.ifr_name, "far");
    if (device < 0 || ioctl(device, TUNSETIFF, &wanted)) fail("/dev/net/tun");
    if (ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)) fail("offload");
    return device;
}

/* What a packet weighs on the wire: a segment for each piece of the size that both ends have agreed on. */
static long long wire_bytes(const char *bytes, int length) {
    const struct virtio_net_hdr *header = (const void *)bytes;
    int packet_bytes = length - (int)sizeof *header;
    int segments = 1;
    if (header->gso_type != VIRTIO_NET_HDR_GSO_NONE && header->gso_size)
        segments = (packet_bytes - HEADERS + header->gso_size - 1) / header->gso_size;
    return packet_bytes + (long long)(segments - 1) * HEADERS + (long long)segments * FRAMING;
}

static void take(direction *way, long long delay, double ns_per_byte) {
    static char buffer[PACKET_MAX];
    while (way->queued < QUEUE_BYTES) {
        int length = read(way->from, buffer, sizeof buffer);
        if (length <= (int)sizeof(struct virtio_net_hdr)) return;
        packet *it = malloc(sizeof *it + length);
        if (!it) fail("memory");
        long long at = now();
        if (way->free_at < at) way->free_at = at;
        way->free_at += (long long)(wire_bytes(buffer, length) * ns_per_byte);
        it->next = NULL;
        it->due = way->free_at + delay;
        it->length = length;
        memcpy(it->bytes, buffer, length);
        if (way->first) way->last->next = it;
        else way->first = it;
        way->last = it;
        way->queued += length;
    }
}

static void give(direction *way) {
    long long at = now();
    while (way->first && way->first->due <= at) {
        packet *it = way->first;
        if (write(way->into, it->bytes, it->length) < 0 && errno == EAGAIN) return;
        way->first = it->next;
        way->queued -= it->length;
        free(it);
    }
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "wan_link NAMESPACE_A NAMESPACE_B ONE_WAY_MS MBIT_PER_S\n");
        return 2;
    }
    int a = device_in(words[1]), b = device_in(words[2]);
    long long delay = (long long)(atof(words[3]) * 1e6);
    double ns_per_byte = 8e3 / atof(words[4]);
    direction ways[2] = {{.from = a, .into = b}, {.from = b, .into = a}};
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        struct pollfd heard[2];
        long long wake = -1;
        for (int i = 0; i < 2; i++) {
            give(&ways[i]);
            heard[i] = (struct pollfd){ways[i].from, ways[i].queued < QUEUE_BYTES ? POLLIN : 0, 0};
            if (ways[i].first && (wake < 0 || ways[i].first->due < wake)) wake = ways[i].first->due;
        }
        long long rest = wake < 0 ? 0 : wake - now();
        if (rest < 0) rest = 0;
        struct timespec patience = {rest / 1000000000LL, rest % 1000000000LL};
        ppoll(heard, 2, wake < 0 ? NULL : &patience, NULL);
        for (int i = 0; i < 2; i++)
            if (heard[i].revents & POLLIN) take(&ways[i], delay, ns_per_byte);
    }
}
