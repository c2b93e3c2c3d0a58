/* SPDX-License-Identifier: MIT
 *
 * The loop's backend on io_uring: one-shot polls that are set again, which makes them
 * level-triggered; receiving into buffers of the ring's own (loop_uring_buffers.c); and sends for
 * many sockets in one system call.
 *
 * A request names a descriptor and the generation of its watch, never the watch itself, which may
 * be gone before the kernel has let go of the request.
 */
#include "net/loop_uring.h"
#include "net/poller.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SUBMISSIONS 256
#define COMPLETIONS 2048
#define SLOTS_MIN 64
#define NO_SLOT UINT32_MAX

/* Of a request: its kind, the generation of its watch, the descriptor (or what the kind needs). */
enum kind {
    KIND_NONE, /* nobody waits for it */
    KIND_POLL_IN,
    KIND_POLL_OUT,
    KIND_RECEIVE,
    KIND_SEND,
};

enum slot_flags {
    POLLS_IN = 1, /* in the kernel's hands: */
    POLLS_OUT = 2,
    RECEIVES = 4,
    CANCELLED = 8, /* RECEIVES, but not for long */
    IS_DIRTY = 16, /* on the list of those whose requests may not be what is wanted */
};

/* What is known of a descriptor. */
struct slot {
    struct why__watch *watch; /* NULL: nobody watches it */
    uint32_t next_dirty;
    uint16_t generation; /* counts its watches */
    uint16_t flags;
};

struct uring_poller {
    struct why__poller poller;
    struct io_uring ring;
    bool is_open;
    struct why__uring_buffers buffers;
    struct slot *slots; /* by descriptor */
    uint32_t slot_count;
    uint32_t first_dirty;
};

static struct uring_poller *self_of(struct why__poller *poller) {
    return WHY__CONTAINER(poller, struct uring_poller, poller);
}

/* ---- Requests ---- */

static uint64_t name_of(enum kind kind, uint16_t generation, uint32_t fd) {
    return (uint64_t)kind << 48 | (uint64_t)generation << 32 | fd;
}

static enum kind kind_of(uint64_t name) {
    return (enum kind)(name >> 48);
}

/* NULL where the kernel takes no more just now. */
static struct io_uring_sqe *request(struct uring_poller *self, uint64_t name) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
    if (sqe == NULL) {
        (void)io_uring_submit(&self->ring);
        sqe = io_uring_get_sqe(&self->ring);
    }
    if (sqe != NULL) {
        io_uring_prep_nop(sqe);
        sqe->user_data = name;
    }
    return sqe;
}

static bool poll_for(struct uring_poller *self, uint64_t name, unsigned mask) {
    struct io_uring_sqe *sqe = request(self, name);
    if (sqe != NULL) {
        io_uring_prep_poll_add(sqe, (int)(uint32_t)name, mask);
        sqe->user_data = name;
    }
    return sqe != NULL;
}

static bool receive(struct uring_poller *self, uint64_t name) {
    struct io_uring_sqe *sqe = request(self, name);
    if (sqe != NULL) {
        io_uring_prep_recv_multishot(sqe, (int)(uint32_t)name, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
        sqe->buf_group = WHY__URING_GROUP;
        sqe->user_data = name;
    }
    return sqe != NULL;
}

static bool cancel(struct uring_poller *self, uint64_t name) {
    struct io_uring_sqe *sqe = request(self, name_of(KIND_NONE, 0, 0));
    if (sqe != NULL) {
        io_uring_prep_cancel64(sqe, name, 0);
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = name_of(KIND_NONE, 0, 0);
    }
    return sqe != NULL;
}

/* ---- Watches ---- */

static void put(struct slot *slot, unsigned flags, bool on) {
    unsigned before = slot->flags;
    slot->flags = (uint16_t)(on ? before | flags : before & ~flags);
}

static void make_dirty(struct uring_poller *self, uint32_t fd) {
    struct slot *slot = &self->slots[fd];
    if ((slot->flags & IS_DIRTY) == 0) {
        put(slot, IS_DIRTY, true);
        slot->next_dirty = self->first_dirty;
        self->first_dirty = fd;
    }
}

/* Bring the requests of a slot to what is wanted. A poll that is not wanted any more is left alone:
 * it fires once, and is not heard. Direct reading has to wait for the end of receiving, or bytes
 * would overtake each other. False: not now. */
static bool arrange(struct uring_poller *self, uint32_t fd) {
    struct slot *slot = &self->slots[fd];
    unsigned interest = slot->watch != NULL ? slot->watch->interest : 0;
    uint64_t receiving = name_of(KIND_RECEIVE, slot->generation, fd);
    bool is_done = true;
    if ((interest & WHY__WRITABLE) != 0 && (slot->flags & POLLS_OUT) == 0) {
        is_done = poll_for(self, name_of(KIND_POLL_OUT, slot->generation, fd), POLLOUT);
        put(slot, POLLS_OUT, is_done);
    }
    if ((slot->flags & RECEIVES) != 0) {
        if ((interest & WHY__RECEIVED) == 0 && (slot->flags & CANCELLED) == 0) {
            put(slot, CANCELLED, cancel(self, receiving));
            is_done = is_done && (slot->flags & CANCELLED) != 0;
        }
    } else if ((interest & WHY__RECEIVED) != 0) {
        put(slot, RECEIVES, receive(self, receiving));
        is_done = is_done && (slot->flags & RECEIVES) != 0;
    } else if ((interest & WHY__READABLE) != 0 && (slot->flags & POLLS_IN) == 0) {
        put(slot, POLLS_IN, poll_for(self, name_of(KIND_POLL_IN, slot->generation, fd), POLLIN));
        is_done = is_done && (slot->flags & POLLS_IN) != 0;
    }
    return is_done;
}

static void arrange_all(struct uring_poller *self) {
    uint32_t fd = self->first_dirty;
    self->first_dirty = NO_SLOT;
    while (fd != NO_SLOT) {
        uint32_t next = self->slots[fd].next_dirty;
        put(&self->slots[fd], IS_DIRTY, false);
        if (!arrange(self, fd)) {
            make_dirty(self, fd);
        }
        fd = next;
    }
}

static bool has_slot(struct uring_poller *self, uint32_t fd) {
    uint32_t count = self->slot_count;
    if (fd < count) {
        return true;
    }
    while (count <= fd) {
        count = count == 0 ? SLOTS_MIN : count * 2;
    }
    struct slot *slots = realloc(self->slots, count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    memset(slots + self->slot_count, 0, (count - self->slot_count) * sizeof *slots);
    self->slots = slots;
    self->slot_count = count;
    return true;
}

static int uring_watch(struct why__poller *poller, struct why__watch *watch) {
    struct uring_poller *self = self_of(poller);
    uint32_t fd = (uint32_t)watch->fd;
    if (!has_slot(self, fd)) {
        errno = ENOMEM;
        return WHY_ERR_SYSTEM;
    }
    assert(self->slots[fd].watch == NULL);
    self->slots[fd].watch = watch;
    make_dirty(self, fd);
    return WHY_OK;
}

static void uring_rewatch(struct why__poller *poller, struct why__watch *watch) {
    make_dirty(self_of(poller), (uint32_t)watch->fd);
}

/* A request holds the descriptor's file: what is closed is not, until its requests have ended. So
 * they are cancelled with the next call into the kernel, which is at the end of this turn. */
static void uring_unwatch(struct why__poller *poller, struct why__watch *watch) {
    struct uring_poller *self = self_of(poller);
    uint32_t fd = (uint32_t)watch->fd;
    struct slot *slot = &self->slots[fd];
    const struct {
        unsigned flag;
        enum kind kind;
    } requests[] = {{POLLS_IN, KIND_POLL_IN}, {POLLS_OUT, KIND_POLL_OUT}, {RECEIVES, KIND_RECEIVE}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if ((slot->flags & requests[i].flag) != 0) {
            (void)cancel(self, name_of(requests[i].kind, slot->generation, fd));
        }
    }
    slot->watch = NULL;
    put(slot, (unsigned)~IS_DIRTY, false);
    slot->generation++;
}

static bool uring_is_receiving(struct why__poller *poller, const struct why__watch *watch) {
    return (self_of(poller)->slots[watch->fd].flags & RECEIVES) != 0;
}

/* ---- Completions ---- */

static unsigned ready_of(int result) {
    unsigned ready = 0;
    if ((result & POLLIN) != 0) {
        ready |= WHY__READABLE;
    }
    if ((result & POLLOUT) != 0) {
        ready |= WHY__WRITABLE;
    }
    if ((result & (POLLERR | POLLHUP)) != 0) {
        ready |= WHY__BROKEN;
    }
    return ready;
}

static bool ends_nothing(int error) {
    return error == ENOBUFS || error == ECANCELED || error == EINTR || error == EAGAIN;
}

/* False: it is nobody's business. */
static bool received(struct uring_poller *self, const struct io_uring_cqe *cqe, struct slot *slot,
                     struct why__event *event) {
    if ((cqe->flags & IORING_CQE_F_BUFFER) != 0) {
        unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        event->received.data = why__uring_buffers_take(&self->buffers, buffer, cqe->res);
    }
    if (slot == NULL) {
        return false;
    }
    if ((cqe->flags & IORING_CQE_F_MORE) == 0) {
        put(slot, (unsigned)RECEIVES | (unsigned)CANCELLED, false);
        make_dirty(self, (uint32_t)slot->watch->fd);
    }
    if (cqe->res < 0) {
        event->received.error = -cqe->res;
        if (ends_nothing(-cqe->res)) {
            return false;
        }
    }
    event->ready = WHY__RECEIVED;
    return true;
}

static bool polled(struct uring_poller *self, const struct io_uring_cqe *cqe, struct slot *slot,
                   unsigned flag, struct why__event *event) {
    if (slot == NULL) {
        return false;
    }
    put(slot, flag, false);
    make_dirty(self, (uint32_t)slot->watch->fd);
    event->ready = cqe->res > 0 ? ready_of(cqe->res) : 0;
    if ((slot->flags & RECEIVES) != 0) {
        event->ready &= ~(unsigned)WHY__READABLE;
    }
    return event->ready != 0;
}

static bool understand(struct uring_poller *self, const struct io_uring_cqe *cqe,
                       struct why__event *event) {
    uint32_t fd = (uint32_t)cqe->user_data;
    struct slot *slot = fd < self->slot_count ? &self->slots[fd] : NULL;
    uint16_t generation = (uint16_t)(cqe->user_data >> 32);
    if (slot != NULL && (slot->watch == NULL || slot->generation != generation)) {
        slot = NULL;
    }
    *event = (struct why__event){.watch = slot != NULL ? slot->watch : NULL};
    switch (kind_of(cqe->user_data)) {
    case KIND_POLL_IN:
        return polled(self, cqe, slot, POLLS_IN, event);
    case KIND_POLL_OUT:
        return polled(self, cqe, slot, POLLS_OUT, event);
    case KIND_RECEIVE:
        return received(self, cqe, slot, event);
    case KIND_NONE:
    case KIND_SEND:
        break;
    }
    return false;
}

static int harvest(struct uring_poller *self, struct why__event *events, int max) {
    int count = 0;
    unsigned head = 0;
    unsigned seen = 0;
    struct io_uring_cqe *cqe = NULL;
    io_uring_for_each_cqe(&self->ring, head, cqe) {
        if (count == max) {
            break;
        }
        seen++;
        if (understand(self, cqe, &events[count])) {
            count++;
        } else if (events[count].received.data.data != NULL) {
            why__uring_buffers_give(&self->buffers, events[count].received.data.data);
        }
    }
    io_uring_cq_advance(&self->ring, seen);
    return count;
}

static void uring_give_back(struct why__poller *poller, const struct why__event *event) {
    why__uring_buffers_give(&self_of(poller)->buffers, event->received.data.data);
}

/* ---- The ring ---- */

/* All the work of this ring is done by the thread that made it, when it asks for completions (Linux
 * 6.1). */
#define RING_FLAGS                                                                                 \
    (IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |               \
     IORING_SETUP_TASKRUN_FLAG)

/* Whether we may have such a ring, without making one: it would belong to this thread, which may
 * not be the one that is to run the loop, and closing it elsewhere would interrupt what this thread
 * is waiting for. So the kernel is asked for one that shares the workers of a ring that is none,
 * and says so (ENXIO) when it has found everything else in order.
 *
 * returns  0 or a negative errno */
static int probe(void) {
    struct io_uring_params params = {.flags = RING_FLAGS | IORING_SETUP_ATTACH_WQ,
                                     .cq_entries = COMPLETIONS,
                                     .wq_fd = UINT32_MAX};
    struct io_uring ring;
    int result = io_uring_queue_init_params(SUBMISSIONS, &ring, &params);
    if (result != -ENXIO) {
        return result == -EINVAL ? -ENOSYS : result; /* it does not know these flags */
    }
    /* A filter that lets this pass may stop what comes later. */
    result = io_uring_enter(UINT32_MAX, 0, 0, 0, NULL);
    return result == -EPERM || result == -ENOSYS || result == -EACCES ? result : 0;
}

static int open_ring(struct uring_poller *self) {
    struct io_uring_params params = {.flags = RING_FLAGS, .cq_entries = COMPLETIONS};
    int result = io_uring_queue_init_params(SUBMISSIONS, &self->ring, &params);
    if (result < 0) {
        return result;
    }
    result = why__uring_buffers_open(&self->buffers, &self->ring);
    if (result < 0) {
        io_uring_queue_exit(&self->ring);
    }
    self->is_open = result >= 0;
    return result;
}

static void close_ring(struct uring_poller *self) {
    if (self->is_open) {
        why__uring_buffers_close(&self->buffers, &self->ring);
        io_uring_queue_exit(&self->ring);
    }
    self->is_open = false;
}

/* The loop is run for the first time, or by another thread than before: a ring of its own, and all
 * requests anew. What came for the old ones is harvested. */
static int move_here(struct uring_poller *self) {
    close_ring(self);
    int result = open_ring(self);
    for (uint32_t fd = 0; fd < self->slot_count; fd++) {
        put(&self->slots[fd], (unsigned)~IS_DIRTY, false);
        self->slots[fd].generation++;
        if (self->slots[fd].watch != NULL) {
            make_dirty(self, fd);
        }
    }
    return result;
}

/* ---- Waiting ---- */

/* The kernel does its part of the work only inside of a call that asks for completions. */
static int enter(struct uring_poller *self, int timeout_ms) {
    arrange_all(self);
    if (timeout_ms == 0 || io_uring_cq_ready(&self->ring) > 0) {
        return io_uring_submit_and_get_events(&self->ring);
    }
    struct __kernel_timespec pause = {.tv_sec = timeout_ms / 1000,
                                      .tv_nsec = (long long)(timeout_ms % 1000) * 1000000};
    struct io_uring_cqe *cqe = NULL;
    return io_uring_submit_and_wait_timeout(&self->ring, &cqe, 1, timeout_ms < 0 ? NULL : &pause,
                                            NULL);
}

static int uring_wait(struct why__poller *poller, struct why__event *events, int max,
                      int timeout_ms) {
    struct uring_poller *self = self_of(poller);
    int result = self->is_open ? enter(self, timeout_ms) : -EEXIST;
    if (result == -EEXIST && (!self->is_open || io_uring_cq_ready(&self->ring) == 0)) {
        result = move_here(self);
        result = result < 0 ? result : enter(self, timeout_ms);
    }
    /* With EBUSY and EAGAIN it asks for completions to be taken first. */
    bool has_failed = result < 0 && result != -ETIME && result != -EBUSY && result != -EAGAIN;
    if (!self->is_open || (has_failed && io_uring_cq_ready(&self->ring) == 0)) {
        errno = -result;
        return -1;
    }
    return harvest(self, events, max);
}

/* What has been cancelled ends with a piece of work, of which a call does some. */
static void uring_rest(struct why__poller *poller) {
    struct uring_poller *self = self_of(poller);
    if (!self->is_open || io_uring_sq_ready(&self->ring) == 0) {
        return;
    }
    int result = io_uring_submit_and_get_events(&self->ring);
    while (result >= 0 && (*self->ring.sq.kflags & (unsigned)IORING_SQ_TASKRUN) != 0) {
        result = io_uring_get_events(&self->ring);
    }
}

/* ---- Sending ---- */

struct vectors {
    struct msghdr message;
    struct iovec parts[WHY__SEND_LIST_MAX];
};

static struct io_uring_sqe *prepare_send(struct uring_poller *self, const struct why__send *send,
                                         uint32_t index, struct vectors *vectors) {
    uint64_t name = name_of(KIND_SEND, 0, index);
    struct io_uring_sqe *sqe = request(self, name);
    if (sqe == NULL) {
        return NULL;
    }
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    if (send->count == 1) {
        io_uring_prep_send(sqe, send->fd, send->list[0].data, send->list[0].len, flags);
    } else {
        for (unsigned i = 0; i < send->count; i++) {
            /* An iovec has no const; sending does not write there. */
            memcpy(&vectors->parts[i].iov_base, &send->list[i].data, sizeof send->list[i].data);
            vectors->parts[i].iov_len = send->list[i].len;
        }
        vectors->message = (struct msghdr){.msg_iov = vectors->parts, .msg_iovlen = send->count};
        io_uring_prep_sendmsg(sqe, send->fd, &vectors->message, (unsigned)flags);
    }
    sqe->user_data = name;
    return sqe;
}

/* Of no interest to anybody, and no buffer is lost with it. */
static bool is_spent(const struct io_uring_cqe *cqe) {
    return kind_of(cqe->user_data) == KIND_NONE && (cqe->flags & IORING_CQE_F_BUFFER) == 0;
}

/* Note how sends went, and leave all else among the completions for wait(). Those before which
 * there is nothing else make room, or there would be none for the next of many sends. */
static size_t note_sends(struct uring_poller *self, struct why__send *sends) {
    size_t count = 0;
    unsigned done = 0;
    unsigned seen = 0;
    unsigned head = 0;
    struct io_uring_cqe *cqe = NULL;
    io_uring_for_each_cqe(&self->ring, head, cqe) {
        if (kind_of(cqe->user_data) == KIND_SEND) {
            sends[(uint32_t)cqe->user_data].result = cqe->res;
            cqe->user_data = name_of(KIND_NONE, 0, 0);
            count++;
        }
        done += done == seen && is_spent(cqe) ? 1 : 0;
        seen++;
    }
    io_uring_cq_advance(&self->ring, done);
    return count;
}

/* A send that may not wait is over, and has its completion, when the kernel has taken it from the
 * queue. What it did not take is made harmless, and is the caller's to send. */
static size_t submit_sends(struct uring_poller *self, struct io_uring_sqe **requests,
                           size_t count) {
    int result = 0;
    do {
        result = io_uring_submit(&self->ring);
    } while (io_uring_sq_ready(&self->ring) > 0 && (result > 0 || result == -EINTR));
    size_t left = io_uring_sq_ready(&self->ring);
    left = left < count ? left : count;
    for (size_t i = count - left; i < count; i++) {
        io_uring_prep_nop(requests[i]);
        requests[i]->user_data = name_of(KIND_NONE, 0, 0);
    }
    return count - left;
}

static void send_some(struct uring_poller *self, struct why__send *sends, size_t count) {
    struct vectors vectors[WHY__SENDS_MAX];
    struct io_uring_sqe *requests[WHY__SENDS_MAX];
    size_t queued = 0;
    /* None of them may be submitted, or be put where completions overflow to, before all are. */
    bool has_room = io_uring_sq_space_left(&self->ring) >= count &&
                    io_uring_cq_ready(&self->ring) <= COMPLETIONS - SUBMISSIONS &&
                    !io_uring_cq_has_overflow(&self->ring);
    for (size_t i = 0; i < count; i++) {
        sends[i].result = -EINPROGRESS;
        if (has_room && sends[i].count > 0) {
            requests[queued++] = prepare_send(self, &sends[i], (uint32_t)i, &vectors[i]);
        }
    }
    size_t submitted = queued > 0 ? submit_sends(self, requests, queued) : 0;
    for (size_t noted = note_sends(self, sends); noted < submitted;) {
        (void)io_uring_get_events(&self->ring);
        noted += note_sends(self, sends);
    }
}

static void uring_send(struct why__poller *poller, struct why__send *sends, size_t count) {
    assert(count <= WHY__SENDS_MAX);
    send_some(self_of(poller), sends, count);
}

/* ---- Life ---- */

static void uring_free(struct why__poller *poller) {
    struct uring_poller *self = self_of(poller);
    uring_rest(poller);
    close_ring(self);
    free(self->slots);
    free(self);
}

struct why__poller *why__poller_uring_new(void) {
    int result = probe();
    struct uring_poller *self = result < 0 ? NULL : calloc(1, sizeof *self);
    if (self == NULL) {
        errno = result < 0 ? -result : ENOMEM;
        return NULL;
    }
    self->poller = (struct why__poller){.watch = uring_watch,
                                        .rewatch = uring_rewatch,
                                        .unwatch = uring_unwatch,
                                        .wait = uring_wait,
                                        .free = uring_free,
                                        .give_back = uring_give_back,
                                        .is_receiving = uring_is_receiving,
                                        .send = uring_send,
                                        .rest = uring_rest};
    self->first_dirty = NO_SLOT;
    return &self->poller;
}
