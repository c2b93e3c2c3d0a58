/* SPDX-License-Identifier: MIT
 *
 * What well-known services and libraries mean by a close code, beside or against the registry.
 * In order of code, then of vendor.
 */
#include "whysocket/explain.h"

#include "base/mark.h"

static const struct why_vendor_code vendor_codes[] = {
    {1007, 1007, "Gemini Live API",
     N_("the API refused an argument of the request: an unsupported model, field or media format; "
        "the text itself is valid UTF-8")},
    {1008, 1008, "Gemini Live API",
     N_("the request is not allowed: API key, model, region or an operation that the model does "
        "not take")},
    {1011, 1011, "Gemini Live API",
     N_("the service failed, or a quota is used up; the reason says which")},
    {3000, 3000, "Centrifugo", N_("connection closed; the client connects again")},
    {3000, 3000, "WebSocket++", N_("error in the choice of the subprotocol")},
    {3001, 3001, "Centrifugo", N_("the server shuts down; the client connects again")},
    {3001, 3001, "WebSocket++", N_("the subprotocol's data are invalid")},
    {3002, 3499, "Centrifugo", N_("an end after which the client connects again")},
    {3008, 3008, "Centrifugo",
     N_("the client reads too slowly: its send queue on the server is full; it connects again")},
    {3500, 3999, "Centrifugo", N_("a final end: the client must not connect again")},
    {4000, 4000, "Discord", N_("unknown error; connect again and resume")},
    {4000, 4000, "Twitch EventSub", N_("internal error of the server")},
    {4000, 4099, "Pusher Channels", N_("do not connect again unchanged: settings or account")},
    {4001, 4001, "Discord", N_("unknown opcode, or its payload is invalid")},
    {4001, 4001, "SocketCluster", N_("no answer to a ping in time")},
    {4001, 4001, "Twitch EventSub", N_("the client sent a message, which it may not")},
    {4002, 4002, "Discord", N_("a payload that cannot be decoded")},
    {4002, 4002, "Twitch EventSub", N_("no pong to the server's ping")},
    {4003, 4003, "Discord", N_("a payload before the client identified itself")},
    {4003, 4003, "Twitch EventSub", N_("no subscription within the time after connecting")},
    {4004, 4004, "Discord", N_("the token is invalid: do not connect again with it")},
    {4004, 4004, "Twitch EventSub", N_("the client did not move to the new address in time")},
    {4005, 4005, "Discord", N_("identified itself twice")},
    {4005, 4005, "Twitch EventSub", N_("network time-out on the server's side")},
    {4006, 4006, "Twitch EventSub", N_("network error on the server's side")},
    {4007, 4007, "Discord", N_("invalid sequence number on resuming; start a new session")},
    {4007, 4007, "Twitch EventSub", N_("the address to reconnect to is invalid")},
    {4008, 4008, "Discord", N_("payloads sent too fast")},
    {4009, 4009, "Discord", N_("the session timed out; start a new one")},
    {4010, 4010, "Discord", N_("invalid shard: do not connect again unchanged")},
    {4011, 4011, "Discord", N_("sharding is required: do not connect again unchanged")},
    {4012, 4012, "Discord", N_("invalid version of the API: do not connect again unchanged")},
    {4013, 4013, "Discord", N_("invalid intents: do not connect again unchanged")},
    {4014, 4014, "Discord", N_("intents that the bot was not granted")},
    {4100, 4199, "Pusher Channels", N_("connect again after a pause of a second or more")},
    {4200, 4299, "Pusher Channels", N_("connect again at once")},
    {4400, 4400, "graphql-ws", N_("a message that is not valid in the protocol")},
    {4401, 4401, "graphql-ws", N_("subscribed before the connection was acknowledged")},
    {4403, 4403, "graphql-ws", N_("the server refused the connection's parameters")},
    {4406, 4406, "graphql-ws", N_("no subprotocol that both sides accept")},
    {4408, 4408, "graphql-ws", N_("the client did not send connection_init in time")},
    {4409, 4409, "graphql-ws", N_("a subscription of this id exists already")},
    {4429, 4429, "graphql-ws", N_("connection_init was sent more than once")},
    {4500, 4500, "graphql-ws", N_("internal error of the server")},
    {4500, 4999, "Centrifugo", N_("a final end of the application's: do not connect again")},
    {4504, 4504, "graphql-ws", N_("the server did not acknowledge the connection in time")},
};

#define VENDOR_CODE_COUNT (sizeof(vendor_codes) / sizeof(vendor_codes[0]))

const struct why_vendor_code *why_vendor_code_at(size_t index) {
    return index < VENDOR_CODE_COUNT ? &vendor_codes[index] : NULL;
}
