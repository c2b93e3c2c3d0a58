/* SPDX-License-Identifier: MIT
 *
 * whysocket: WebSockets that always say why they closed. This header is all of them.
 *
 * Conventions, true of every function unless its comment says otherwise:
 * - Pointers are not NULL. What is passed in is borrowed for the call; what is returned as a
 *   pointer to const belongs to the object that it came from, and lives until its next call.
 * - X_new() makes, X_free() ends and takes NULL. Results are enum why_result: WHY_OK or below zero.
 * - Nothing is global: no initialisation, no hidden state. The library does not print, exit, fork,
 *   touch signals, the locale or the environment.
 * - One object belongs to one thread at a time. Of the runtime only why_loop_post() and
 *   why_loop_stop() may be called from another thread than the loop's.
 * - Lengths are bytes, times are milliseconds, unless the name says otherwise.
 */
#ifndef WHY_WHYSOCKET_H
#define WHY_WHYSOCKET_H

/* The engine: libwhysocket-core */
#include "whysocket/api.h"
#include "whysocket/bytes.h"
#include "whysocket/cause.h"
#include "whysocket/close_code.h"
#include "whysocket/conn.h"
#include "whysocket/handshake.h"
#include "whysocket/host.h"
#include "whysocket/notice.h"
#include "whysocket/options.h"
#include "whysocket/prepared.h"
#include "whysocket/record.h"
#include "whysocket/result.h"
#include "whysocket/version.h"

/* The knowledge and the runtime: libwhysocket */
#include "whysocket/client.h"
#include "whysocket/explain.h"
#include "whysocket/loop.h"
#include "whysocket/probe.h"
#include "whysocket/server.h"
#include "whysocket/session.h"
#include "whysocket/tls_config.h"

#endif
