// SPDX-License-Identifier: BSD-3-Clause
// What became of the octets and of the calls.
#include <inttypes.h>
#include <stdio.h>

#include "agw_client/session_int.h"

static void add(struct agws_sums *sums, const struct agws_total *t)
{
    sums->consumed += t->consumed;
    sums->acknowledged += t->acknowledged;
    sums->refused += t->refused;
    sums->open += t->consumed - t->acknowledged - t->refused;
}

struct agws_sums agws_sum(const struct agws *model)
{
    struct agws_sums sums = {0};
    for (size_t i = 0; i < AGWS_TOTALS_MAX && model->groups[i].used; i++)
        add(&sums, &model->groups[i]);
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
           s->consumed, s->acknowledged, s->refused, s->open);
}

static void json_totals(const struct agws_total *list, bool keys)
{
    for (size_t i = 0; i < AGWS_TOTALS_MAX && list[i].used; i++) {
        struct agws_sums sums = {0};
        add(&sums, &list[i]);
        if (keys)
            printf("%s\"%s\":{", i ? "," : "", list[i].key->data);
        else
            printf("%s\"%" PRIu32 "\":{", i ? "," : "", list[i].group);
        json_sums(&sums);
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
    const struct agws_sums sums = agws_sum(model);
    const char *comma = "";
    printf("{\"event\":\"summary\",\"seconds\":%.3f,\"sessions\":%zu,\"opened\":%" PRIu64
           ",\"refused_sessions\":%" PRIu64 ",\"terminated\":%" PRIu64 ",\"unfinished\":%" PRIu64
           ",",
           seconds, model->n, model->opened, model->refused, model->terminated,
           model->opened - model->terminated);
    json_sums(&sums);
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

static void print_text(const struct agws *model, double seconds)
{
    const struct agws_sums s = agws_sum(model);
    printf("%zu sessions in %.1f s: %" PRIu64 " opened, %" PRIu64 " refused, %" PRIu64
           " terminated\n",
           model->n, seconds, model->opened, model->refused, model->terminated);
    for (size_t i = 0; i < AGWS_TOTALS_MAX && model->groups[i].used; i++) {
        struct agws_sums g = {0};
        add(&g, &model->groups[i]);
        printf("rating group %-8" PRIu32 " consumed %" PRIu64 ", acknowledged %" PRIu64
               ", refused %" PRIu64 ", open %" PRIu64 "\n",
               model->groups[i].group, g.consumed, g.acknowledged, g.refused, g.open);
    }
    printf("all octets: consumed %" PRIu64 ", acknowledged %" PRIu64 ", refused %" PRIu64
           ", open %" PRIu64 "\n",
           s.consumed, s.acknowledged, s.refused, s.open);
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
