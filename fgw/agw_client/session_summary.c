// SPDX-License-Identifier: BSD-3-Clause
// What became of octets, seconds and service units, and of the calls.
#include <inttypes.h>
#include <stdio.h>

#include "agw_client/session_int.h"

const char *const agws_kinds[AGWS_KINDS] = {"octets", "seconds", "units"};

uint64_t agws_open_of(const struct agws_sums *sums)
{
    return sums->consumed - sums->acknowledged - sums->refused;
}

struct agws_sums agws_sum(const struct agws *model, enum agws_kind kind)
{
    struct agws_sums sums = {0};
    for (size_t i = 0; i < AGWS_TOTALS_MAX && model->groups[i].used; i++) {
        const struct agws_sums *more = &model->groups[i].of[kind];
        sums.consumed += more->consumed;
        sums.acknowledged += more->acknowledged;
        sums.refused += more->refused;
    }
    return sums;
}

static const char *const call_names[AGWS_CALLS] = {"create", "update", "terminate"};

static double rate_of(const struct agws_call_count *c)
{
    double elapsed = (double)(c->last_ns - c->first_ns) / 1e9;
    return elapsed > 0 ? (double)(c->answered - c->failed) / elapsed : 0;
}

static void json_sums(const struct agws_sums *s)
{
    printf("\"consumed\":%" PRIu64 ",\"acknowledged\":%" PRIu64 ",\"refused\":%" PRIu64
           ",\"open\":%" PRIu64,
           s->consumed, s->acknowledged, s->refused, agws_open_of(s));
}

// Octets as they are, other kinds as objects where there are any.
static void json_kinds(const struct agws_sums of[AGWS_KINDS])
{
    static const char *const names[AGWS_KINDS] = {NULL, "time", "units"};
    json_sums(&of[AGWS_OCTETS]);
    for (int k = AGWS_SECONDS; k < AGWS_KINDS; k++) {
        if (of[k].consumed == 0)
            continue;
        printf(",\"%s\":{", names[k]);
        json_sums(&of[k]);
        printf("}");
    }
}

static void json_totals(const struct agws_total *list, bool keys)
{
    for (size_t i = 0; i < AGWS_TOTALS_MAX && list[i].used; i++) {
        if (keys)
            printf("%s\"%s\":{", i ? "," : "", list[i].key->data);
        else
            printf("%s\"%" PRIu32 "\":{", i ? "," : "", list[i].group);
        json_kinds(list[i].of);
        printf("}");
    }
}

static void json_calls(const struct agws *model)
{
    for (int i = 0; i < AGWS_CALLS; i++) {
        const struct agws_call_count *c = &model->counts[i];
        printf("%s\"%s\":{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"failed\":%" PRIu64
               ",\"again\":%" PRIu64 ",\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f"
               ",\"max_ms\":%.3f}",
               i ? "," : "", call_names[i], c->sent, c->answered, c->failed, c->again, rate_of(c),
               (double)hist_quantile(&c->hist, 0.5) / 1e6,
               (double)hist_quantile(&c->hist, 0.99) / 1e6, (double)c->hist.max / 1e6);
    }
}

static void print_json(const struct agws *model, double seconds)
{
    struct agws_sums sums[AGWS_KINDS];
    const char *comma = "";
    for (int k = 0; k < AGWS_KINDS; k++)
        sums[k] = agws_sum(model, (enum agws_kind)k);
    printf("{\"event\":\"summary\",\"seconds\":%.3f,\"sessions\":%zu,\"opened\":%" PRIu64
           ",\"refused_sessions\":%" PRIu64 ",\"terminated\":%" PRIu64 ",\"unfinished\":%" PRIu64
           ",",
           seconds, model->n, model->opened, model->refused, model->terminated,
           model->opened - model->terminated);
    json_kinds(sums);
    printf(",\"groups\":{");
    json_totals(model->groups, false);
    printf("},\"monitors\":{");
    json_totals(model->keys, true);
    printf("},\"calls\":{");
    json_calls(model);
    printf("},\"policy_reauths\":%" PRIu64 ",\"charging_reauths\":%" PRIu64 ",\"aborts\":%" PRIu64
           ",\"status\":{",
           model->policy_reauths, model->charging_reauths, model->aborts);
    for (int i = 0; i <= 16; i++) {
        if (!model->status[i])
            continue;
        printf("%s\"%s\":%" PRIu64, comma, rpc_status_name(i), model->status[i]);
        comma = ",";
    }
    printf("}}\n");
}

static void text_sums(const struct agws_sums *s)
{
    printf("consumed %" PRIu64 ", acknowledged %" PRIu64 ", refused %" PRIu64 ", open %" PRIu64
           "\n",
           s->consumed, s->acknowledged, s->refused, agws_open_of(s));
}

static void print_text(const struct agws *model, double seconds)
{
    printf("%zu sessions in %.1f s: %" PRIu64 " opened, %" PRIu64 " refused, %" PRIu64
           " terminated\n",
           model->n, seconds, model->opened, model->refused, model->terminated);
    for (int k = 0; k < AGWS_KINDS; k++) {
        struct agws_sums all = agws_sum(model, (enum agws_kind)k);
        for (size_t i = 0; i < AGWS_TOTALS_MAX && model->groups[i].used; i++) {
            if (model->groups[i].of[k].consumed == 0)
                continue;
            printf("rating group %" PRIu32 ", %s: ", model->groups[i].group, agws_kinds[k]);
            text_sums(&model->groups[i].of[k]);
        }
        if (all.consumed == 0 && k != AGWS_OCTETS)
            continue;
        printf("all %s: ", agws_kinds[k]);
        text_sums(&all);
    }
    for (int i = 0; i < AGWS_CALLS; i++) {
        const struct agws_call_count *c = &model->counts[i];
        printf("%-10s %" PRIu64 " sent (%" PRIu64 " again), %" PRIu64
               " failed, %.0f per second, p50 %.2f ms, p99 %.2f ms\n",
               call_names[i], c->sent, c->again, c->failed, rate_of(c),
               (double)hist_quantile(&c->hist, 0.5) / 1e6,
               (double)hist_quantile(&c->hist, 0.99) / 1e6);
    }
}

void agws_print_summary(const struct agws *model, double seconds)
{
    if (model->options->json)
        print_json(model, seconds);
    else
        print_text(model, seconds);
    fflush(stdout);
}
