// SPDX-License-Identifier: BSD-3-Clause
// Rules are few: arrays and linear search.
#include "vlr_sim/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ident.h"
#include "sgsap/sgsap.h"

#define WORD_MAX 640

static const struct {
    const char *word;
    enum vlr_deed deed;
    bool has_cause;
} deeds[] = {
    {"drop", VLR_DROP, false},         {"reject=", VLR_REJECT, true},
    {"release=", VLR_RELEASE, true},   {"status=", VLR_STATUS, true},
    {"duplicate", VLR_DUPLICATE, false}, {"shutdown", VLR_SHUTDOWN, false},
    {"abort", VLR_ABORT, false},
};

uint8_t vlr_type_of(const char *name)
{
    for (unsigned type = 1; type < 256; type++) {
        if (sgsap_message_of((uint8_t)type) &&
            strcasecmp(name, sgsap_type_name((uint8_t)type)) == 0)
            return (uint8_t)type;
    }
    return 0;
}

static bool number(const char *text, int64_t max, int64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoll(text, &end, 10);
    return *end == '\0' && *out <= max;
}

static const char *parse_deed(const char *word, struct vlr_rule *out)
{
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        size_t len = strlen(deeds[i].word);
        int64_t cause = 0;
        if (strncmp(word, deeds[i].word, len) != 0)
            continue;
        if (deeds[i].has_cause ? !number(word + len, 255, &cause) : word[len] != '\0')
            return "a cause is a number up to 255";
        if (out->deed != VLR_PROPER)
            return "more than one thing to do";
        out->deed = deeds[i].deed;
        out->cause = (uint8_t)cause;
        return NULL;
    }
    return "unknown word";
}

static const char *parse_word(const char *word, struct vlr_rule *out)
{
    if (strncmp(word, "imsi=", 5) == 0) {
        size_t len = strlen(word + 5);
        if (len == 0 || len > 15 || strspn(word + 5, "0123456789") != len)
            return "an IMSI prefix has 1 to 15 digits";
        memcpy(out->imsi, word + 5, len + 1);
        return NULL;
    }
    if (strncmp(word, "count=", 6) == 0)
        return number(word + 6, INT32_MAX, &out->left) && out->left > 0 ? NULL
                                                                        : "count is a number";
    if (strncmp(word, "delay=", 6) == 0)
        return number(word + 6, 3600 * 1000, &out->delay) ? NULL : "delay is milliseconds";
    if (strncmp(word, "raw=", 4) == 0) {
        if (out->deed != VLR_PROPER)
            return "more than one thing to do";
        out->deed = VLR_RAW;
        return base_hex_decode(word + 4, out->raw, sizeof(out->raw), &out->raw_len) == ERR_OK &&
                       out->raw_len > 0 ? NULL : "raw is hex";
    }
    return parse_deed(word, out);
}

enum err vlr_rule_parse(const char *text, struct vlr_rule *out, const char **why)
{
    char words[WORD_MAX], *save = NULL;
    *out = (struct vlr_rule){.left = -1};
    *why = "too long";
    if (strlen(text) >= sizeof(words))
        return ERR_INVALID;
    memcpy(words, text, strlen(text) + 1);
    char *word = strtok_r(words, " \t", &save);
    *why = "no such message";
    if (!word)
        return ERR_INVALID;
    out->type = vlr_type_of(word);
    if (out->type == 0 && strcasecmp(word, "any") != 0)
        return ERR_INVALID;
    *why = NULL;
    while (!*why && (word = strtok_r(NULL, " \t", &save)) != NULL)
        *why = parse_word(word, out);
    if (!*why && out->deed == VLR_PROPER && out->delay == 0)
        *why = "nothing to do";
    return *why ? ERR_INVALID : ERR_OK;
}

void vlr_rule_format(const struct vlr_rule *rule, char *out, size_t size)
{
    char what[2 * VLR_RAW_MAX + 16] = "", imsi[24] = "", left[32] = "", delay[32] = "";
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        if (deeds[i].deed != rule->deed)
            continue;
        if (deeds[i].has_cause)
            snprintf(what, sizeof(what), " %s%u", deeds[i].word, rule->cause);
        else
            snprintf(what, sizeof(what), " %s", deeds[i].word);
    }
    if (rule->deed == VLR_RAW) {
        memcpy(what, " raw=", 5);
        base_hex_encode(rule->raw, rule->raw_len, what + 5);
    }
    if (rule->imsi[0])
        snprintf(imsi, sizeof(imsi), " imsi=%s", rule->imsi);
    if (rule->left >= 0)
        snprintf(left, sizeof(left), " count=%" PRId64, rule->left);
    if (rule->delay > 0)
        snprintf(delay, sizeof(delay), " delay=%" PRId64, rule->delay);
    snprintf(out, size, "%u: %s%s%s%s%s (%" PRIu64 " hits)", rule->id,
             rule->type ? sgsap_type_name(rule->type) : "any", imsi, left, delay, what,
             rule->hits);
}

enum err vlr_rules_add(struct vlr_rules *rules, const struct vlr_rule *rule, unsigned *id)
{
    if (rules->n == VLR_RULES_MAX)
        return ERR_FULL;
    rules->at[rules->n] = *rule;
    *id = rules->at[rules->n++].id = ++rules->last_id;
    return ERR_OK;
}

static void drop(struct vlr_rules *rules, size_t i)
{
    rules->n--;
    memmove(&rules->at[i], &rules->at[i + 1], (rules->n - i) * sizeof(rules->at[0]));
}

size_t vlr_rules_clear(struct vlr_rules *rules, unsigned id)
{
    size_t cleared = 0;
    for (size_t i = 0; i < rules->n;) {
        if (id == 0 || rules->at[i].id == id) {
            drop(rules, i);
            cleared++;
        } else {
            i++;
        }
    }
    return cleared;
}

bool vlr_rules_match(struct vlr_rules *rules, uint8_t type, const char *imsi,
                     struct vlr_rule *out)
{
    for (size_t i = 0; i < rules->n; i++) {
        struct vlr_rule *rule = &rules->at[i];
        if (rule->type != 0 && rule->type != type)
            continue;
        if (rule->imsi[0] && (!imsi || strncmp(imsi, rule->imsi, strlen(rule->imsi)) != 0))
            continue;
        rule->hits++;
        if (rule->left > 0)
            rule->left--;
        *out = *rule;
        if (rule->left == 0)
            drop(rules, i);
        return true;
    }
    return false;
}
