/* SPDX-License-Identifier: MIT */
#include "cmd/lab_clients.h"

#include "cmd/process.h"
#include "why/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 24,
    LINE_MAX_LEN = 160,
    BROWSER_START_MS = 20000,
};

/* argv: URL, CA, certificate of the client or "" */
static const char node_script[] =
    "const [,url,ca,cert]=process.argv,fs=require('fs'),tls=require('tls');"
    "const u=new URL(url),o={ca:fs.readFileSync(ca),lookup:(h,q,f)=>q.all?"
    "f(null,[{address:'127.0.0.1',family:4}]):f(null,'127.0.0.1',4)};"
    "if(cert)o.cert=o.key=fs.readFileSync(cert);"
    "const say=t=>{console.log(t);process.exit(0)};"
    "const bad=e=>say((e.code?e.code+': ':'')+e.message);"
    "let WS;try{WS=require('ws')}catch(e){}"
    "if(WS){const w=new WS(url,o);w.on('open',()=>say('open'));w.on('error',bad)}"
    "else{const h=require(u.protocol=='ws:'?'http':'https');"
    "h.get({...o,host:u.hostname,port:u.port,headers:{Connection:'Upgrade',Upgrade:'websocket',"
    "'Sec-WebSocket-Version':13,'Sec-WebSocket-Key':'AAAAAAAAAAAAAAAAAAAAAA=='}},"
    "r=>say('Unexpected server response: '+r.statusCode)).on('upgrade',()=>say('open'))"
    ".on('error',bad)}";

static const char python_script[] = "import asyncio,socket,ssl,sys,urllib.parse\n"
                                    "import websockets\n"
                                    "url,ca,cert=sys.argv[1:4]\n"
                                    "u=urllib.parse.urlsplit(url)\n"
                                    "async def main():\n"
                                    "  kw={}\n"
                                    "  if u.scheme=='wss':\n"
                                    "    kw['ssl']=ssl.create_default_context(cafile=ca)\n"
                                    "    kw['server_hostname']=u.hostname\n"
                                    "    if cert: kw['ssl'].load_cert_chain(cert)\n"
                                    "  s=socket.create_connection(('127.0.0.1',u.port))\n"
                                    "  async with websockets.connect(url,sock=s,**kw) as w:\n"
                                    "    await w.send('hello')\n"
                                    "    await w.recv()\n"
                                    "    print('open')\n"
                                    "try: asyncio.run(main())\n"
                                    "except Exception as e: print(type(e).__name__+': '+str(e))\n";

static const struct lab_client clients[] = {
    {"whysocket", NULL, false, true},      {"curl", "curl", false, true},
    {"node", "node", false, false},        {"python", "/usr/bin/python3", false, false},
    {"chromium", "chromium", true, false},
};

const struct lab_client *lab_client_at(size_t index) {
    return index < sizeof clients / sizeof *clients ? &clients[index] : NULL;
}

bool lab_client_is_here(const struct lab_client *client) {
    return client->program == NULL ||
           (client->program[0] == '/' ? access(client->program, X_OK) == 0
                                      : process_exists(client->program));
}

/* ---- What is run ---- */

static const char *string_of(const struct why_text *text) {
    return text->data == NULL ? "" : text->data;
}

/* A command's words, and the texts that they are made of. */
struct line {
    const char *argv[ARGUMENTS_MAX];
    size_t count;
    struct why_text url, seconds;
    struct why_text options[LAB_WORDS_MAX];
    size_t option_count;
};

static void add(struct line *line, const char *word) {
    if (line->count < ARGUMENTS_MAX - 1) {
        line->argv[line->count++] = word;
        line->argv[line->count] = NULL;
    }
}

/* The value of an option of the mode's; "" where it has none. */
static const char *option_of(const struct line *line, const char *name) {
    for (size_t i = 0; i + 1 < line->option_count; i++) {
        if (strcmp(string_of(&line->options[i]), name) == 0) {
            return string_of(&line->options[i + 1]);
        }
    }
    return "";
}

static void add_script(struct line *line, const char *const *words) {
    for (; *words != NULL; words++) {
        add(line, *words);
    }
    add(line, string_of(&line->url));
    add(line, option_of(line, "--cacert"));
    add(line, option_of(line, "--cert"));
}

static void add_curl(struct line *line, const struct lab_trial *trial) {
    static const char *const words[] = {
        "curl",      "-sS", "--http1.1", "-o", "/dev/null", "-w", "\nHTTP %{http_code}\n",
        "--noproxy", "no",  "--max-time"};
    static const char *const passed[] = {"--cacert", "--cert", "--proxy"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        add(line, words[i]);
    }
    why_text_append(&line->seconds, "%u", (trial->timeout_ms + 999) / 1000);
    add(line, string_of(&line->seconds));
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        const char *value = option_of(line, passed[i]);
        if (*value != '\0') {
            add(line, passed[i]);
            add(line, value);
        }
    }
    /* "wss" -> "https": it is the page that is asked for. */
    struct why_text url = {0};
    why_text_append(&url, "http%s",
                    string_of(&line->url) + (line->url.len > 2 ? 2 : line->url.len));
    why_text_clear(&line->url);
    line->url = url;
    add(line, string_of(&line->url));
}

static void add_ourselves(struct line *line, const struct lab_trial *trial) {
    add(line, "/proc/self/exe");
    add(line, "check");
    add(line, string_of(&line->url));
    add(line, "--json");
    add(line, "--timeout");
    why_text_append(&line->seconds, "%ums", trial->timeout_ms);
    add(line, string_of(&line->seconds));
    /* Last, as a mode that is healthy but slow asks for more time. */
    for (size_t i = 0; i < line->option_count; i++) {
        add(line, string_of(&line->options[i]));
    }
}

static void line_clear(struct line *line) {
    why_text_clear(&line->url);
    why_text_clear(&line->seconds);
    for (size_t i = 0; i < line->option_count; i++) {
        why_text_clear(&line->options[i]);
    }
}

/* ---- What it says ---- */

/* The last line that is not empty. */
static void append_last_line(const struct why_text *output, struct why_text *line) {
    const char *data = string_of(output);
    size_t end = strlen(data);
    while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == ' ')) {
        end--;
    }
    size_t start = end;
    while (start > 0 && data[start - 1] != '\n') {
        start--;
    }
    size_t len = end - start;
    why_text_append_untrusted(line, data + start, len < LINE_MAX_LEN ? len : LINE_MAX_LEN);
}

/* The cause, out of the record. */
static void append_cause(const struct why_text *output, struct why_text *line) {
    static const char key[] = "\"cause\":\"";
    const char *at = strstr(string_of(output), key);
    if (at == NULL) {
        append_last_line(output, line);
        return;
    }
    at += sizeof key - 1;
    why_text_append_untrusted(line, at, strcspn(at, "\""));
}

/* curl's own line, "curl: (60) ...", wherever it stands. */
static void append_complaint(const struct why_text *output, struct why_text *line) {
    const char *at = strstr(string_of(output), "curl: (");
    if (at == NULL) {
        append_last_line(output, line);
        return;
    }
    size_t len = strcspn(at, "\n");
    why_text_append_untrusted(line, at, len < LINE_MAX_LEN ? len : LINE_MAX_LEN);
}

static void append_answer(const struct lab_client *client, const struct process_result *result,
                          const struct why_text *output, struct why_text *line) {
    if (!result->started) {
        why_text_append(line, "?");
    } else if (result->timed_out) {
        why_text_append(line, "no end within its time");
    } else if (client->program == NULL) {
        if (result->status == 0) {
            why_text_append(line, "open");
        } else {
            append_cause(output, line);
        }
    } else if (strcmp(client->name, "curl") == 0 && result->status == 0 &&
               strstr(string_of(output), "HTTP 200") != NULL) {
        why_text_append(line, "open");
    } else if (strcmp(client->name, "curl") == 0) {
        append_complaint(output, line);
    } else {
        append_last_line(output, line);
    }
}

void lab_client_say(const struct lab_client *client, const struct lab_trial *trial,
                    const struct lab_mode *mode, struct why_text *line) {
    static const char *const node[] = {"node", "-e", node_script, NULL};
    static const char *const python[] = {"/usr/bin/python3", "-c", python_script, NULL};
    if (mode->where == LAB_BY_PROXY && !client->takes_proxy) {
        why_text_append(line, "-");
        return;
    }
    struct line command = {0};
    lab_append_url(trial->place, mode, &command.url);
    command.option_count = lab_options(trial->place, mode, command.options);
    if (client->program == NULL) {
        add_ourselves(&command, trial);
    } else if (strcmp(client->name, "curl") == 0) {
        add_curl(&command, trial);
    } else {
        add_script(&command, strcmp(client->name, "node") == 0 ? node : python);
    }
    struct why_text output = {0};
    /* Ours tells by itself of a time-out in any of several steps. */
    struct process_result result =
        process_run(command.argv, NULL, NULL,
                    trial->timeout_ms * (client->program == NULL ? 4 : 1) + 1000, &output);
    append_answer(client, &result, &output, line);
    why_text_clear(&output);
    line_clear(&command);
}

/* ---- A browser: one page that tries them all ---- */

static const char page_script[] =
    ";let i=0;function next(){if(i>=L.length){console.log('lab-'+'done');return}"
    "const[m,u]=L[i++];let over=false;const end=t=>{if(over)return;over=true;clearTimeout(timer);"
    "console.log('lab '+m+' ends: '+t+';');setTimeout(next,20)};"
    "console.log('lab '+m+' begins;');"
    "const w=new WebSocket(u),timer=setTimeout(()=>{end('silent');w.close()},T);"
    "w.onopen=()=>{end('open');w.close()};w.onclose=()=>end('fails')}next()</script>";

static bool write_page(const struct lab_trial *trial, const char *path) {
    struct why_text text = {0};
    struct why__json json = {.text = &text};
    const struct lab_mode *mode = NULL;
    why_text_append(&text,
                    "<!DOCTYPE html><meta charset=utf-8><script>const T=%u,L=", trial->timeout_ms);
    why__json_open(&json, NULL, '[');
    for (size_t index = 0; (mode = lab_place_mode(trial->place, &index)) != NULL;) {
        if (mode->where != LAB_BY_PROXY) {
            struct why_text url = {0};
            lab_append_url(trial->place, mode, &url);
            why__json_open(&json, NULL, '[');
            why__json_string(&json, NULL, mode->name);
            why__json_string(&json, NULL, string_of(&url));
            why__json_close(&json, ']');
            why_text_clear(&url);
        }
    }
    why__json_close(&json, ']');
    why_text_append(&text, "%s", page_script);
    FILE *file = fopen(path, "we");
    bool written = file != NULL && !text.failed && fwrite(text.data, 1, text.len, file) == text.len;
    written = file != NULL && fclose(file) == 0 && written;
    why_text_clear(&text);
    return written;
}

/* Linux's Chromium takes CAs from a database of NSS in HOME. */
static void trust_ca(const struct lab_trial *trial) {
    char store[512];
    char ca[512];
    (void)snprintf(store, sizeof store, "sql:%s/.pki/nssdb", trial->scratch);
    (void)snprintf(ca, sizeof ca, "%s/ca.pem", trial->place->folder);
    const char *const make_folder[] = {"mkdir", "-p", store + strlen("sql:"), NULL};
    const char *const make_store[] = {"certutil", "-N", "-d", store, "--empty-password", NULL};
    const char *const add_ca[] = {"certutil", "-A",  "-d", store, "-n", "lab",
                                  "-t",       "C,,", "-i", ca,    NULL};
    const char *const *const steps[] = {make_folder, make_store, add_ca};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct why_text output = {0};
        (void)process_run(steps[i], NULL, NULL, BROWSER_START_MS, &output);
        why_text_clear(&output);
    }
}

/* Chromium's log has the number of its error, not the name (net_error_list.h). */
static const struct {
    int number;
    const char *name;
} net_errors[] = {
    {-100, "ERR_CONNECTION_CLOSED"},
    {-101, "ERR_CONNECTION_RESET"},
    {-102, "ERR_CONNECTION_REFUSED"},
    {-107, "ERR_SSL_PROTOCOL_ERROR"},
    {-110, "ERR_SSL_CLIENT_AUTH_CERT_NEEDED"},
    {-113, "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"},
    {-117, "ERR_BAD_SSL_CLIENT_AUTH_CERT"},
    {-126, "ERR_SSL_BAD_RECORD_MAC_ALERT"},
    {-159, "ERR_SSL_UNRECOGNIZED_NAME_ALERT"},
    {-200, "ERR_CERT_COMMON_NAME_INVALID"},
    {-201, "ERR_CERT_DATE_INVALID"},
    {-202, "ERR_CERT_AUTHORITY_INVALID"},
    {-206, "ERR_CERT_REVOKED"},
    {-207, "ERR_CERT_INVALID"},
    {-208, "ERR_CERT_WEAK_SIGNATURE_ALGORITHM"},
    {-211, "ERR_CERT_WEAK_KEY"},
    {-212, "ERR_CERT_NAME_CONSTRAINT_VIOLATION"},
};

static void append_net_error(const char *at, struct why_text *line) {
    int number = (int)strtol(at, NULL, 10);
    for (size_t i = 0; i < sizeof net_errors / sizeof *net_errors; i++) {
        if (net_errors[i].number == number) {
            why_text_append(line, ": net::%s", net_errors[i].name);
            return;
        }
    }
    why_text_append(line, ": net_error %d", number);
}

/* What the log has of this mode, which is tried between two lines of the page's own. */
static void append_console(const struct lab_mode *mode, const char *console,
                           struct why_text *line) {
    struct why_text begin = {0};
    struct why_text end = {0};
    why_text_append(&begin, "\"lab %s begins;", mode->name);
    why_text_append(&end, "\"lab %s ends: ", mode->name);
    const char *from = strstr(console, string_of(&begin));
    const char *to = from == NULL ? NULL : strstr(from, string_of(&end));
    if (to == NULL) {
        why_text_append(line, "-");
    } else {
        why_text_append_untrusted(line, to + end.len, strcspn(to + end.len, ";\n"));
        const char *error = strstr(from, "net_error ");
        if (error != NULL && error < to) {
            append_net_error(error + strlen("net_error "), line);
        }
    }
    why_text_clear(&begin);
    why_text_clear(&end);
}

void lab_client_say_all(const struct lab_client *client, const struct lab_trial *trial,
                        struct why_text *lines) {
    char page[512];
    char url[600];
    char profile[600];
    (void)snprintf(page, sizeof page, "%s/page.html", trial->scratch);
    (void)snprintf(url, sizeof url, "file://%s", page);
    (void)snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", trial->scratch);
    const char *argv[] = {client->program, "--headless=new", "--disable-gpu", "--no-first-run",
                          "--no-proxy-server", "--enable-logging=stderr", profile, url,
                          /* as root it runs no other way */
                          geteuid() == 0 ? "--no-sandbox" : NULL, NULL};
    if (!write_page(trial, page)) {
        return;
    }
    if (process_exists("certutil")) {
        trust_ca(trial);
    }
    struct why_text console = {0};
    const struct lab_mode *mode = NULL;
    unsigned timeout_ms = BROWSER_START_MS;
    for (size_t index = 0; (mode = lab_place_mode(trial->place, &index)) != NULL;) {
        timeout_ms += 200 + (mode->how == LAB_HOW_STALL ? trial->timeout_ms : 0);
    }
    (void)process_run(argv, trial->scratch, "\"lab-done", timeout_ms, &console);
    size_t count = 0;
    for (size_t index = 0; (mode = lab_place_mode(trial->place, &index)) != NULL;) {
        append_console(mode, string_of(&console), &lines[count++]);
    }
    why_text_clear(&console);
}
