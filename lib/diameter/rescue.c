// SPDX-License-Identifier: BSD-3-Clause
// What takes the place of the library's fd_msg_parse_or_error (see interpose.h). The library's own
// drops answers that break a rule without telling anybody, asserts on some, and builds error
// answers that it then cannot send (a Failed-AVP without content ends the connection).
#include <errno.h>
#include <string.h>

#include "diameter/avp.h"
#include "diameter/stack_int.h"

// The answer last rescued in this thread: the library calls its callback next, in the same thread.
static _Thread_local struct {
    const struct msg *answer;
    enum err err;
} rescued;

static _Atomic bool seen[DIA_INTERPOSED];

void dia_interpose_seen(enum dia_interposed what)
{
    if (!atomic_load_explicit(&seen[what], memory_order_relaxed))
        atomic_store(&seen[what], true);
}

bool dia_interpose_was_seen(enum dia_interposed what)
{
    return atomic_load(&seen[what]);
}

enum err dia_rescue_take(const struct msg *answer)
{
    if (rescued.answer != answer)
        return ERR_OK;
    rescued.answer = NULL;
    return rescued.err;
}

// ---- answers ----

static void tell(struct msg *msg, const struct fd_pei *pei)
{
    struct msg_hdr *hdr = NULL;
    DiamId_t source = NULL;
    size_t len = 0;
    if (fd_msg_hdr(msg, &hdr) != 0 || fd_msg_source_get(msg, &source, &len) != 0)
        return;
    const struct dia_peer *peer = source ? dia_peer_get(source, len) : NULL;
    const struct base_log_subject subject = {.peer = peer ? peer->identity : NULL};
    dia_avp_id id = pei->pei_avp ? dia_avp_ident(pei->pei_avp) : 0;
    dia_count(DIA_COUNT_PARSING);
    base_log_limited(&log_dia, BASE_LOG_WARN, &subject,
                     "%s of command %u not understood: %s%s%s%s%s",
                     hdr->msg_flags & CMD_FLAG_REQUEST ? "request" : "answer", hdr->msg_code,
                     pei->pei_errcode ? pei->pei_errcode : "cannot be parsed", id ? ", AVP " : "",
                     id ? dia_dict_avp_name(id) : "", pei->pei_message ? ", " : "",
                     pei->pei_message ? pei->pei_message : "");
}

// Parses what stands behind the AVP that stopped the library, one by one.
static void parse_the_rest(struct msg *msg)
{
    struct avp *avp = NULL;
    struct fd_pei ignored;
    if (fd_msg_browse(msg, MSG_BRW_FIRST_CHILD, &avp, NULL) != 0)
        return;
    while (avp) {
        fd_msg_parse_dict(avp, fd_g_config->cnf_dict, &ignored);
        if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL) != 0)
            return;
    }
}

static void rescue(struct msg *msg, struct msg **error, const struct fd_pei *pei)
{
    if (!fd_msg_is_routable(msg))
        return; // CEA, DWA, DPA: the library closes the connection
    parse_the_rest(msg);
    rescued.answer = msg;
    rescued.err = dia_parse_error(pei->pei_errcode);
    dia_count(DIA_COUNT_RESCUED);
    *error = msg;
}

// ---- requests ----

// A copy of the AVP at fault for Failed-AVP, RFC 6733 §7.5. What has no value that could be copied
// is zeros of the same length, at least four.
static enum err copy_offender(struct avp *offender, struct avp **out)
{
    enum { LEAST = 4, HEADER = 8, VENDOR = 4 };
    struct avp_hdr *from = NULL, *to = NULL;
    struct dict_object *model = NULL;
    struct avp *copy = NULL;
    if (fd_msg_avp_hdr(offender, &from) != 0)
        return ERR_DIA_LIBRARY;
    if (fd_msg_model(offender, &model) != 0)
        model = NULL;
    if (model && (from->avp_value || dia_dict_group(dia_avp_ident(offender)))) {
        if (fd_msg_avp_new(model, 0, &copy) != 0)
            return ERR_NOMEM;
        if (from->avp_value && fd_msg_avp_setvalue(copy, from->avp_value) != 0) {
            fd_msg_free(copy);
            return ERR_DIA_LIBRARY;
        }
        *out = copy;
        return ERR_OK;
    }
    if (!model && dia_copy_unknown(offender, out) == ERR_OK)
        return ERR_OK;
    uint32_t header = HEADER + (from->avp_flags & AVP_FLAG_VENDOR ? VENDOR : 0);
    uint32_t len = from->avp_len;
    if (from->avp_len < header + LEAST)
        from->avp_len = header + LEAST;
    copy = offender;
    int rc = fd_msg_avp_new(NULL, AVPFL_SET_BLANK_VALUE | AVPFL_SET_RAWDATA_FROM_AVP, &copy);
    if (rc == 0 && fd_msg_avp_hdr(copy, &to) == 0) {
        to->avp_code = from->avp_code;
        to->avp_flags = from->avp_flags;
        to->avp_vendor = from->avp_vendor;
        to->avp_len = from->avp_len;
    }
    from->avp_len = len;
    if (rc != 0)
        return ERR_NOMEM;
    *out = copy;
    return ERR_OK;
}

static enum err add_failed_avp(struct msg *answer, struct avp *offender)
{
    struct avp *failed = NULL, *copy = NULL;
    enum err err = copy_offender(offender, &copy);
    if (err != ERR_OK)
        return err;
    err = dia_add_group(answer, AVP_FAILED_AVP, &failed);
    if (err == ERR_OK && fd_msg_avp_add(failed, MSG_BRW_LAST_CHILD, copy) != 0)
        err = ERR_DIA_LIBRARY;
    if (err != ERR_OK)
        fd_msg_free(copy);
    return err;
}

// The error answer to a request; the request then belongs to it. NULL if it cannot be made. flags:
// 0, or what of the request the library must not copy.
static struct msg *refuse(struct msg *request, const struct fd_pei *pei, int flags)
{
    struct msg *answer = request;
    static char unable[] = "DIAMETER_UNABLE_TO_COMPLY";
    char *code = pei->pei_errcode ? pei->pei_errcode : unable;
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, &answer,
                                   flags | (pei->pei_protoerr ? MSGFL_ANSW_ERROR : 0)) != 0)
        return NULL;
    if (fd_msg_rescode_set(answer, code, pei->pei_message, NULL, 1) != 0) {
        fd_msg_answ_detach(answer);
        fd_msg_free(answer);
        return NULL;
    }
    if (pei->pei_avp && add_failed_avp(answer, pei->pei_avp) != ERR_OK)
        dia_count(DIA_COUNT_NO_MEMORY); // without Failed-AVP, then
    return answer;
}

// ---- what must not get into the library ----

// It takes these two AVPs by their number, whatever their flags, and copies them into every answer;
// if they cannot be read it asserts, or its thread gives up and the process with it.
static bool is_harmful(struct avp *avp)
{
    struct avp_hdr *hdr = NULL;
    struct fd_pei ignored;
    if (fd_msg_avp_hdr(avp, &hdr) != 0 || hdr->avp_vendor != 0 ||
        (hdr->avp_code != AC_SESSION_ID && hdr->avp_code != AC_PROXY_INFO))
        return false;
    if ((hdr->avp_flags & AVP_FLAG_VENDOR) ||
        fd_msg_parse_dict(avp, fd_g_config->cnf_dict, &ignored) != 0)
        return true;
    return hdr->avp_code == AC_SESSION_ID &&
           (!hdr->avp_value || memchr(hdr->avp_value->os.data, 0, hdr->avp_value->os.len));
}

static struct avp *find_harmful(struct msg *request)
{
    struct avp *avp = NULL;
    if (fd_msg_browse(request, MSG_BRW_FIRST_CHILD, &avp, NULL) != 0)
        return NULL;
    while (avp && !is_harmful(avp)) {
        if (fd_msg_browse(avp, MSG_BRW_NEXT, &avp, NULL) != 0)
            return NULL;
    }
    return avp;
}

int dia_interpose_parse(struct msg **msg, struct msg **error)
{
    struct fd_pei pei = {0};
    struct msg_hdr *hdr = NULL;
    int before = dia_no_cancel();
    int rc = 0;
    dia_interpose_seen(DIA_INTERPOSED_PARSE);
    *error = NULL;
    if (!fd_msg_is_routable(*msg) && find_harmful(*msg)) { // then the connection is closed
        rc = EBADMSG;
        goto out;
    }
    if (fd_msg_parse_rules(*msg, fd_g_config->cnf_dict, &pei) == 0)
        goto out;
    rc = EBADMSG; // whatever it was: other codes make the library give up the peer
    tell(*msg, &pei);
    if (fd_msg_hdr(*msg, &hdr) != 0)
        goto out;
    if (!(hdr->msg_flags & CMD_FLAG_REQUEST)) {
        rescue(*msg, error, &pei);
    } else {
        *error = refuse(*msg, &pei, 0);
        if (*error)
            *msg = NULL;
    }
    if (pei.pei_avp_free)
        fd_msg_free(pei.pei_avp);
out:
    dia_cancel_again(before);
    return rc;
}

// ---- what the library is about to route ----

static bool is_decorated(struct avp *user)
{
    const uint8_t *name = NULL;
    size_t len = 0;
    struct fd_pei ignored;
    if (fd_msg_parse_dict(user, fd_g_config->cnf_dict, &ignored) != 0 ||
        dia_avp_bytes(user, &name, &len) != ERR_OK || len == 0)
        return false;
    const uint8_t *at = memchr(name, '@', len);
    return memchr(name, '!', at ? (size_t)(at - name) : len) != NULL;
}

// A request without Destination-Host whose User-Name is a decorated NAI (RFC 5729 §4.4) would be
// rewritten by the Routing-IN thread and put back into its own queue: full, that thread waits for
// itself forever. It could only be refused afterwards, because we relay nothing.
static struct avp *find_decorated(struct msg *request)
{
    struct avp *user = dia_find(request, AVP_USER_NAME);
    return user && !dia_find(request, AVP_DESTINATION_HOST) && is_decorated(user) ? user : NULL;
}

static bool screen(struct msg *request)
{
    struct fd_pei pei = {.pei_errcode = (char *)(uintptr_t) "DIAMETER_INVALID_AVP_VALUE"};
    int flags = MSGFL_ANSW_NOSID | MSGFL_ANSW_NOPROXYINFO;
    pei.pei_avp = find_harmful(request);
    if (!pei.pei_avp) {
        pei.pei_avp = find_decorated(request);
        flags = 0;
    }
    if (!pei.pei_avp)
        return false;
    tell(request, &pei);
    struct msg *answer = refuse(request, &pei, flags);
    if (answer)
        dia_sender_answer(answer);
    else
        fd_msg_free(request);
    return true;
}

static bool end_transaction(struct msg *msg)
{
    struct msg *request = NULL, *error = NULL;
    dia_cookie cookie;
    if (fd_msg_answ_getq(msg, &request) != 0 || !request || !dia_tx_cookie(request, &cookie))
        return false;
    (void)dia_interpose_parse(&msg, &error); // what is broken is marked and handed on all the same
    dia_on_answer((void *)(uintptr_t)cookie, &msg);
    return true;
}

static _Atomic int fifo_least = 1024;

void dia_interpose_fifo_set(uint32_t max_in_flight)
{
    enum { SPARE = 1024 }; // answers; requests of threads that looked at the cap at the same time
    atomic_store(&fifo_least,
                 (int)(max_in_flight < INT32_MAX / 2 ? max_in_flight : INT32_MAX / 2) + SPARE);
}

int dia_interpose_fifo_least(void)
{
    return atomic_load_explicit(&fifo_least, memory_order_relaxed);
}

bool dia_interpose_post(struct fifo *queue, void **item)
{
    struct msg *msg = *item;
    struct msg_hdr *hdr = NULL;
    bool taken = false;
    if (!queue || queue != fd_g_incoming || !msg || fd_msg_hdr(msg, &hdr) != 0)
        return false;
    int before = dia_no_cancel();
    if (hdr->msg_flags & CMD_FLAG_REQUEST)
        taken = screen(msg);
    else if (!(hdr->msg_flags & CMD_FLAG_ERROR))
        taken = end_transaction(msg);
    dia_cancel_again(before);
    if (taken)
        *item = NULL;
    return taken;
}

// ---- what the library is about to send ----

int dia_interpose_not_out(struct msg **msg, int rc)
{
    struct msg_hdr *hdr = NULL;
    if (!*msg || fd_msg_hdr(*msg, &hdr) != 0 || (hdr->msg_flags & CMD_FLAG_REQUEST))
        return rc;
    int before = dia_no_cancel();
    dia_count(DIA_COUNT_INBOUND_LOST);
    fd_msg_free(*msg);
    *msg = NULL;
    dia_cancel_again(before);
    return 0;
}

int dia_interpose_out(struct msg **msg, struct peer_hdr *peer)
{
    struct msg_hdr *hdr = NULL;
    int state = peer ? fd_peer_get_state(peer) : -1;
    if (state == STATE_OPEN || !*msg || fd_msg_hdr(*msg, &hdr) != 0)
        return 0;
    // answers may still follow a goodbye, and a slow peer
    bool connected =
        state == STATE_CLOSING_GRACE || state == STATE_SUSPECT || state == STATE_REOPEN;
    if (connected && !(hdr->msg_flags & CMD_FLAG_REQUEST))
        return 0;
    return dia_interpose_not_out(msg, ENOTCONN);
}
