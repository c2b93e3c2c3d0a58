/* SPDX-License-Identifier: MIT
 *
 * The kernel's side of TLS, as <linux/tls.h> has it.
 */
#include "net/ktls.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SALT_LEN 4 /* of the ciphers that split the IV */

/* What setsockopt() takes, and how much of it. */
struct crypto {
    union {
        struct tls_crypto_info info;
        struct tls12_crypto_info_aes_gcm_128 aes_128;
        struct tls12_crypto_info_aes_gcm_256 aes_256;
        struct tls12_crypto_info_chacha20_poly1305 chacha;
    } as;
    socklen_t len;
};

static void put_sequence(unsigned char *out, uint64_t sequence) {
    for (size_t i = 0; i < sizeof sequence; i++) {
        out[i] = (unsigned char)(sequence >> 8 * (sizeof sequence - 1 - i));
    }
}

/* False: the kernel's header has no such cipher. */
static bool describe(const struct why__tls_sending *sending, struct crypto *out) {
    struct tls12_crypto_info_aes_gcm_128 *aes_128 = &out->as.aes_128;
    struct tls12_crypto_info_aes_gcm_256 *aes_256 = &out->as.aes_256;
    struct tls12_crypto_info_chacha20_poly1305 *chacha = &out->as.chacha;
    memset(out, 0, sizeof *out);
    switch (sending->suite) {
    case 0x1301: /* RFC 8446 section B.4 */
        aes_128->info.cipher_type = TLS_CIPHER_AES_GCM_128;
        memcpy(aes_128->key, sending->key, sizeof aes_128->key);
        memcpy(aes_128->salt, sending->iv, sizeof aes_128->salt);
        memcpy(aes_128->iv, sending->iv + SALT_LEN, sizeof aes_128->iv);
        put_sequence(aes_128->rec_seq, sending->sequence);
        out->len = sizeof *aes_128;
        break;
    case 0x1302:
        aes_256->info.cipher_type = TLS_CIPHER_AES_GCM_256;
        memcpy(aes_256->key, sending->key, sizeof aes_256->key);
        memcpy(aes_256->salt, sending->iv, sizeof aes_256->salt);
        memcpy(aes_256->iv, sending->iv + SALT_LEN, sizeof aes_256->iv);
        put_sequence(aes_256->rec_seq, sending->sequence);
        out->len = sizeof *aes_256;
        break;
    case 0x1303:
        chacha->info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
        memcpy(chacha->key, sending->key, sizeof chacha->key);
        memcpy(chacha->iv, sending->iv, sizeof chacha->iv);
        put_sequence(chacha->rec_seq, sending->sequence);
        out->len = sizeof *chacha;
        break;
    default:
        return false;
    }
    out->as.info.version = TLS_1_3_VERSION;
    return true;
}

static bool set_keys(int fd, struct why__tls_sending *sending) {
    struct crypto crypto;
    errno = EINVAL;
    bool is_set =
        describe(sending, &crypto) && setsockopt(fd, SOL_TLS, TLS_TX, &crypto.as, crypto.len) == 0;
    explicit_bzero(&crypto, sizeof crypto);
    explicit_bzero(sending, sizeof *sending);
    return is_set;
}

static int attach(int fd) {
    static const char name[] = "tls";
    return setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, sizeof name);
}

bool why__ktls_is_there(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    /* A socket without a connection is refused for that, by a kernel that has it. */
    bool is_there = attach(fd) == 0 || errno == ENOTCONN;
    close(fd);
    return is_there;
}

enum why__tls_taker why__ktls_begin(int fd, struct why__tls_sending *sending) {
    if (attach(fd) != 0) {
        /* No such module; not for such sockets. With any other it is the connection that is to
         * blame: the peer has said all, for one. */
        bool is_final = errno == ENOENT || errno == ENOPROTOOPT || errno == EOPNOTSUPP;
        explicit_bzero(sending, sizeof *sending);
        return is_final ? WHY__TLS_NO_TAKER : WHY__TLS_LEFT;
    }
    /* Without keys it is a socket as any other, ours to send records on. */
    return set_keys(fd, sending) ? WHY__TLS_TAKEN : WHY__TLS_LEFT;
}

/* One that takes new keys looks at them, and refuses these as they name no version. One that does
 * not says so before it looks. */
bool why__ktls_can_renew(int fd) {
    const struct tls_crypto_info nothing = {0};
    return setsockopt(fd, SOL_TLS, TLS_TX, &nothing, sizeof nothing) != 0 && errno == EINVAL;
}

bool why__ktls_renew(int fd, struct why__tls_sending *sending) {
    return set_keys(fd, sending);
}

ssize_t why__ktls_send(int fd, const struct why__tls_control *control) {
    union {
        struct cmsghdr head; /* for its alignment */
        unsigned char bytes[CMSG_SPACE(sizeof control->type)];
    } ancillary = {.bytes = {0}};
    uint8_t content[sizeof control->content];
    memcpy(content, control->content, sizeof content);
    struct iovec part = {.iov_base = content, .iov_len = control->len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = ancillary.bytes,
                             .msg_controllen = sizeof ancillary.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_TLS;
    head->cmsg_type = TLS_SET_RECORD_TYPE;
    head->cmsg_len = CMSG_LEN(sizeof control->type);
    *CMSG_DATA(head) = control->type;
    ssize_t sent = 0;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

/* A record for which TCP has no room is kept, and sent before the next one. Where TCP has a third
 * of its buffer free, which is when it is writable, both fit. */
bool why__ktls_has_room(int fd) {
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    return poll(&writable, 1, 0) == 1;
}
