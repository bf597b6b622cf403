// SPDX-License-Identifier: BSD-3-Clause
// The translation engine: walks compiled tables over a protobuf message (encode) or over the AVPs
// of a Diameter message (decode). Not for checking tables (xlate_compile.c).
#include <string.h>

#include "diameter/avp.h"
#include "diameter/xlate_int.h"

// ---- where a failure happened ----
static enum err fail(struct xlate_ctx *ctx, const struct xlate_row *r, struct avp *avp,
                     enum err err)
{
    if (ctx->depth < XLATE_DEPTH)
        ctx->path[ctx->depth++] = r->row->avp;
    ctx->failed = avp;
    return err;
}

// Enters a group. The path is left as it is when something inside fails.
static bool enter(struct xlate_ctx *ctx, const struct xlate_row *r)
{
    if (ctx->depth + 1 >= XLATE_DEPTH)
        return false;
    ctx->path[ctx->depth++] = r->row->avp;
    return true;
}

const char *xlate_where(const struct xlate_ctx *ctx, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < ctx->depth && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i ? "." : "",
                         dia_dict_avp_name(ctx->path[i]));
        if (n < 0)
            break;
        used += (size_t)n;
    }
    return out;
}

// ---- encode ----
static enum err encode_node(struct xlate_ctx *ctx, const struct xlate_node *node,
                            const ProtobufCMessage *msg, msg_or_avp *parent, size_t *content);

static enum err encode_value(struct xlate_ctx *ctx, const struct xlate_row *r,
                             const struct xlate_value *in, msg_or_avp *parent)
{
    struct xlate_value out = *in;
    enum err err = ERR_OK;
    if (r->conv->encode) {
        out = (struct xlate_value){.is_bytes = false};
        err = r->conv->encode(ctx, r->row, in, &out);
    }
    if (err == ERR_OK)
        err = xlate_check_bounds(r->row, &out, ERR_ENCODE_VALUE);
    if (err == ERR_OK)
        err = xlate_avp_add(r, parent, &out);
    return err == ERR_OK ? ERR_OK : fail(ctx, r, NULL, err);
}

// All bits of one flags AVP at its first row.
static enum err encode_bits(struct xlate_ctx *ctx, const struct xlate_node *node,
                            const struct xlate_row *first, const ProtobufCMessage *msg,
                            msg_or_avp *parent, size_t *content)
{
    struct xlate_value flags = {.is_bytes = false};
    bool always = false;
    for (const struct xlate_row *r = first; r < node->rows + node->n; r++) {
        if (r->row->avp != first->row->avp || r->conv != &xlate_bit)
            continue;
        struct xlate_value bit;
        ProtobufCMessage *owner = r->field ? xlate_owner(r, msg, ctx->arena, false) : NULL;
        bool set = r->field ? owner && xlate_load(owner, r->field, 0, &bit) && bit.num
                            : (r->row->flags & XLATE_CONST) != 0;
        if (r->row->when && !r->row->when(msg))
            set = false;
        if (set)
            flags.num |= 1LL << r->row->value;
        if (set && r->field)
            ++*content;
        always |= (r->row->flags & XLATE_ALWAYS) != 0;
    }
    if (flags.num == 0 && !always)
        return ERR_OK;
    enum err err = xlate_avp_add(first, parent, &flags);
    return err == ERR_OK ? ERR_OK : fail(ctx, first, NULL, err);
}

// One grouped AVP from msg (a sub-message, or the message itself when flattened).
static enum err encode_group(struct xlate_ctx *ctx, const struct xlate_row *r,
                             const ProtobufCMessage *msg, msg_or_avp *parent, size_t *content)
{
    struct avp *group = NULL;
    size_t inside = 0;
    if (!enter(ctx, r))
        return ERR_INTERNAL;
    if (fd_msg_avp_new(r->model, 0, &group) != 0)
        return ERR_NOMEM;
    enum err err = encode_node(ctx, r->members, msg, group, &inside);
    bool keep = inside > 0 || (r->row->flags & (XLATE_ALWAYS | XLATE_REQUIRED));
    if (err == ERR_OK && keep && fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, group) != 0)
        err = ERR_NOMEM;
    if (err != ERR_OK || !keep) {
        fd_msg_free((struct msg *)group);
        if (err != ERR_OK)
            return err;
    } else {
        ++*content;
    }
    ctx->depth--;
    return ERR_OK;
}

static enum err encode_groups(struct xlate_ctx *ctx, const struct xlate_row *r,
                              const ProtobufCMessage *msg, msg_or_avp *parent, size_t *content)
{
    if (!r->field)
        return encode_group(ctx, r, msg, parent, content);
    const ProtobufCMessage *owner = xlate_owner(r, msg, ctx->arena, false);
    size_t n = owner ? xlate_count(owner, r->field) : 0, done = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        const ProtobufCMessage *sub = xlate_load_message(owner, r->field, i);
        if (sub) {
            err = encode_group(ctx, r, sub, parent, content);
            done++;
        }
    }
    if (err == ERR_OK && done == 0 && (r->row->flags & XLATE_REQUIRED))
        return fail(ctx, r, NULL, ERR_ENCODE_VALUE);
    return err;
}

static enum err encode_scalar(struct xlate_ctx *ctx, const struct xlate_row *r,
                              const ProtobufCMessage *msg, msg_or_avp *parent, size_t *content)
{
    struct xlate_value value = {.num = r->row->value};
    if (r->row->flags & XLATE_CONST)
        return encode_value(ctx, r, &value, parent);
    const ProtobufCMessage *owner = xlate_owner(r, msg, ctx->arena, false);
    size_t n = owner ? xlate_count(owner, r->field) : 0, done = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        bool set = xlate_load(owner, r->field, i, &value);
        if (!set && (r->row->flags & XLATE_DEFAULT)) {
            value = (struct xlate_value){.num = r->row->value};
            set = true;
        }
        if (set || (r->row->flags & XLATE_ALWAYS)) {
            err = encode_value(ctx, r, &value, parent);
            *content += set;
            done++;
        }
    }
    if (err == ERR_OK && done == 0 && (r->row->flags & (XLATE_DEFAULT | XLATE_ALWAYS)) && !owner) {
        value = (struct xlate_value){.num = r->row->flags & XLATE_DEFAULT ? r->row->value : 0};
        return encode_value(ctx, r, &value, parent);
    }
    if (err == ERR_OK && done == 0 && (r->row->flags & XLATE_REQUIRED))
        return fail(ctx, r, NULL, ERR_ENCODE_VALUE);
    return err;
}

static enum err encode_node(struct xlate_ctx *ctx, const struct xlate_node *node,
                            const ProtobufCMessage *msg, msg_or_avp *parent, size_t *content)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < node->n && err == ERR_OK; i++) {
        const struct xlate_row *r = &node->rows[i];
        if (r->conv == &xlate_bit) {
            if (r->bit_first)
                err = encode_bits(ctx, node, r, msg, parent, content);
            continue;
        }
        if ((r->row->flags & XLATE_DECODE) || (r->row->when && !r->row->when(msg)))
            continue;
        if (r->members)
            err = encode_groups(ctx, r, msg, parent, content);
        else
            err = encode_scalar(ctx, r, msg, parent, content);
    }
    return err;
}

static void begin(struct xlate_ctx *ctx)
{
    struct base_arena *arena = ctx->arena;
    bool lenient = ctx->lenient;
    memset(ctx, 0, sizeof(*ctx));
    ctx->arena = arena;
    ctx->lenient = lenient;
}

// A peer closes the connection over a message of more than 65535 bytes; relays on the way add to
// it.
#define MESSAGE_MAX 60000

enum err xlate_encode(const struct xlate_table *table, const ProtobufCMessage *from,
                      struct msg *msg, struct xlate_ctx *ctx)
{
    size_t content = 0;
    struct msg_hdr *hdr;
    begin(ctx);
    enum err err = encode_node(ctx, table->root, from, msg, &content);
    if (err == ERR_OK && (fd_msg_update_length(msg) != 0 || fd_msg_hdr(msg, &hdr) != 0))
        err = ERR_DIA_LIBRARY;
    if (err == ERR_OK && hdr->msg_length > MESSAGE_MAX)
        err = ERR_ENCODE_SPACE;
    return err;
}

// ---- decode ----
#define CHILDREN 48 // on the stack; messages with more use the arena

struct child {
    dia_avp_id id;
    struct avp *avp;
};
struct children {
    struct child *items;
    size_t n;
    struct child local[CHILDREN];
};

static void note_unknown(struct xlate_ctx *ctx, const struct child *child, uint8_t flags)
{
    if (!(flags & AVP_FLAG_MANDATORY) || dia_dict_avp(child->id))
        return;
    if (ctx->unknown_mandatory++ == 0)
        ctx->unknown = child->avp;
}

// The library stops reading a message at the first AVP it refuses. What stands behind is read when
// it is needed.
static void make_readable(struct avp *avp)
{
    struct dict_object *model = NULL;
    struct fd_pei ignored;
    if (fd_msg_model(avp, &model) != 0 || !model)
        fd_msg_parse_dict(avp, fd_g_config->cnf_dict, &ignored);
}

static enum err list_children(struct xlate_ctx *ctx, msg_or_avp *parent, struct children *list)
{
    size_t room = CHILDREN;
    struct avp *avp = NULL, *next;
    list->items = list->local;
    list->n = 0;
    if (fd_msg_browse(parent, MSG_BRW_FIRST_CHILD, &avp, NULL) != 0)
        return ERR_OK; // an empty group
    for (; avp; avp = next) {
        struct avp_hdr *hdr;
        if (list->n == room) {
            struct child *more = base_arena_alloc(ctx->arena, 2 * room * sizeof(*more));
            if (!more)
                return ERR_NOMEM;
            memcpy(more, list->items, list->n * sizeof(*more));
            list->items = more;
            room *= 2;
        }
        if (fd_msg_avp_hdr(avp, &hdr) == 0) {
            uint32_t vendor = hdr->avp_flags & AVP_FLAG_VENDOR ? hdr->avp_vendor : 0;
            list->items[list->n] = (struct child){DIA_AVP(vendor, hdr->avp_code), avp};
            note_unknown(ctx, &list->items[list->n++], hdr->avp_flags);
        }
        if (fd_msg_browse(avp, MSG_BRW_NEXT, &next, NULL) != 0)
            next = NULL;
    }
    return ERR_OK;
}

enum err xlate_look(struct msg *msg, struct xlate_ctx *ctx)
{
    struct children list;
    return list_children(ctx, msg, &list);
}

static enum err decode_node(struct xlate_ctx *ctx, const struct xlate_node *node,
                            msg_or_avp *parent, ProtobufCMessage *msg);

// Number under an AVP of a group; false if it is not there.
static bool group_number(struct avp *group, dia_avp_id id, int64_t *out)
{
    struct avp *avp = dia_find(group, id);
    uint32_t u;
    if (!avp || dia_avp_u32(avp, &u) != ERR_OK)
        return false;
    *out = u;
    return true;
}

// The AVPs that a row means: matched[0..n), in order.
static size_t select_children(const struct xlate_row *r, const struct children *list,
                              struct avp **matched, size_t max)
{
    size_t n = 0;
    int64_t key;
    for (size_t i = 0; i < list->n && n < max; i++) {
        if (list->items[i].id != r->row->avp)
            continue;
        make_readable(list->items[i].avp);
        if (r->match && !(group_number(list->items[i].avp, r->match->row->avp, &key) &&
                          key == r->match->row->value))
            continue;
        matched[n++] = list->items[i].avp;
    }
    if (!r->row->order)
        return n;
    for (size_t i = 1; i < n; i++) { // stable; groups without a number keep their place at the end
        struct avp *avp = matched[i];
        int64_t a = INT64_MAX, b;
        group_number(avp, r->row->order, &a);
        size_t k = i;
        for (; k > 0; k--) {
            b = INT64_MAX;
            group_number(matched[k - 1], r->row->order, &b);
            if (b <= a)
                break;
            matched[k] = matched[k - 1];
        }
        matched[k] = avp;
    }
    return n;
}

static enum err decode_group(struct xlate_ctx *ctx, const struct xlate_row *r, struct avp *avp,
                             ProtobufCMessage *msg)
{
    ProtobufCMessage *into = msg, *owner = NULL;
    if (r->field) {
        owner = xlate_owner(r, msg, ctx->arena, true);
        into = xlate_message_new(ctx->arena, r->field->descriptor);
        if (!owner || !into)
            return ERR_NOMEM;
    }
    if (!enter(ctx, r))
        return ERR_INTERNAL;
    enum err err = decode_node(ctx, r->members, avp, into);
    if (err == ERR_OK && r->row->after)
        err = r->row->after(ctx, into);
    if (err != ERR_OK)
        return err;
    ctx->depth--;
    if (r->field)
        xlate_store_message(owner, r->field, into);
    return ERR_OK;
}

static enum err decode_scalar(struct xlate_ctx *ctx, const struct xlate_row *r, struct avp *avp,
                              ProtobufCMessage *msg)
{
    struct xlate_value raw, value = {.is_bytes = false};
    enum err err = xlate_avp_load(r, avp, &raw);
    if (err == ERR_OK)
        err = xlate_check_bounds(r->row, &raw, ERR_DECODE_VALUE);
    if (err == ERR_OK && r->conv->decode)
        err = r->conv->decode(ctx, r->row, &raw, &value);
    else
        value = raw;
    if (err == ERR_OK) {
        ProtobufCMessage *owner = xlate_owner(r, msg, ctx->arena, true);
        err = owner ? xlate_store(owner, r->field, &value, ctx->arena) : ERR_NOMEM;
    }
    return err == ERR_OK ? ERR_OK : fail(ctx, r, avp, err);
}

static enum err decode_absent(struct xlate_ctx *ctx, const struct xlate_row *r,
                              ProtobufCMessage *msg)
{
    if (r->row->flags & XLATE_REQUIRED)
        return fail(ctx, r, NULL, ERR_DECODE_MISSING);
    if (!(r->row->flags & XLATE_DEFAULT))
        return ERR_OK;
    struct xlate_value value = {.num = r->row->value};
    ProtobufCMessage *owner = xlate_owner(r, msg, ctx->arena, true);
    return owner ? xlate_store(owner, r->field, &value, ctx->arena) : ERR_NOMEM;
}

// Decides whether a row that failed stops the whole message; if not, forgets the failure.
static bool forgive(struct xlate_ctx *ctx, const struct xlate_row *r, unsigned depth, enum err err)
{
    if (!ctx->lenient || !err_is_peer_fault(err) || (r->row->flags & (XLATE_REQUIRED | XLATE_KEY)))
        return false;
    if (ctx->dropped++ == 0)
        ctx->dropped_avp = ctx->depth ? ctx->path[ctx->depth - 1] : r->row->avp;
    ctx->depth = depth;
    ctx->failed = NULL;
    return true;
}

static enum err decode_row(struct xlate_ctx *ctx, const struct xlate_row *r,
                           const struct children *list, struct avp **scratch, ProtobufCMessage *msg)
{
    size_t n = select_children(r, list, scratch, list->n);
    if (n == 0)
        return decode_absent(ctx, r, msg);
    bool repeated = r->field && r->field->label == PROTOBUF_C_LABEL_REPEATED;
    if (repeated) {
        ProtobufCMessage *owner = xlate_owner(r, msg, ctx->arena, true);
        if (!owner || xlate_reserve(owner, r->field, n, ctx->arena) != ERR_OK)
            return ERR_NOMEM;
    } else if (n > 1) {
        ctx->duplicates += (unsigned)(n - 1);
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned depth = ctx->depth;
        enum err err = r->members ? decode_group(ctx, r, scratch[i], msg)
                                  : decode_scalar(ctx, r, scratch[i], msg);
        if (err != ERR_OK && !forgive(ctx, r, depth, err))
            return err;
    }
    return ERR_OK;
}

static enum err decode_node(struct xlate_ctx *ctx, const struct xlate_node *node,
                            msg_or_avp *parent, ProtobufCMessage *msg)
{
    struct children list;
    struct avp *local[CHILDREN], **scratch = local;
    enum err err = list_children(ctx, parent, &list);
    if (err == ERR_OK && list.n > CHILDREN) {
        scratch = base_arena_alloc(ctx->arena, list.n * sizeof(*scratch));
        if (!scratch)
            err = ERR_NOMEM;
    }
    for (size_t i = 0; i < node->n && err == ERR_OK; i++) {
        const struct xlate_row *r = &node->rows[i];
        if (!(r->row->flags & (XLATE_ENCODE | XLATE_CONST)))
            err = decode_row(ctx, r, &list, scratch, msg);
    }
    return err;
}

enum err xlate_decode(const struct xlate_table *table, struct msg *msg, struct xlate_ctx *ctx,
                      ProtobufCMessage **out)
{
    begin(ctx);
    *out = NULL;
    ProtobufCMessage *into = xlate_message_new(ctx->arena, table->def->message);
    if (!into)
        return ERR_NOMEM;
    enum err err = decode_node(ctx, table->root, msg, into);
    if (err == ERR_OK && table->def->after)
        err = table->def->after(ctx, into);
    if (err == ERR_OK)
        *out = into;
    return err;
}

// ---- Failed-AVP ----
// A copy of the offending AVP, or an example with minimum length where it is missing (RFC
// 6733 7.5).
static enum err failed_leaf(const struct xlate_ctx *ctx, struct avp *parent)
{
    struct dict_object *model = dia_dict_avp(ctx->path[ctx->depth - 1]);
    struct avp *leaf = NULL;
    struct avp_hdr *hdr = NULL;
    struct dict_avp_data data;
    union avp_value value;
    if (!model || fd_dict_getval(model, &data) != 0 || fd_msg_avp_new(model, 0, &leaf) != 0)
        return ERR_DIA_LIBRARY;
    memset(&value, 0, sizeof(value));
    if (ctx->failed && fd_msg_avp_hdr(ctx->failed, &hdr) == 0 && hdr->avp_value)
        value = *hdr->avp_value;
    else if (data.avp_basetype == AVP_TYPE_OCTETSTRING)
        value.os.data = (uint8_t *)(uintptr_t) "";
    if ((data.avp_basetype != AVP_TYPE_GROUPED && fd_msg_avp_setvalue(leaf, &value) != 0) ||
        fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, leaf) != 0) {
        fd_msg_free((struct msg *)leaf);
        return ERR_DIA_LIBRARY;
    }
    return ERR_OK;
}

enum err xlate_add_failed(struct msg *answer, const struct xlate_ctx *ctx)
{
    struct avp *failed = NULL, *inner;
    if (ctx->depth == 0)
        return ERR_NOT_FOUND;
    enum err err = dia_add_group(answer, AVP_FAILED_AVP, &failed);
    if (err != ERR_OK)
        return err;
    inner = failed;
    for (unsigned i = 0; i + 1 < ctx->depth && err == ERR_OK; i++)
        err = dia_add_group(inner, ctx->path[i], &inner);
    return err == ERR_OK ? failed_leaf(ctx, inner) : err;
}
